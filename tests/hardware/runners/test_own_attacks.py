"""Own boards of teams and the form of a runner, by who asks for what is not theirs, for too much, or twice at once."""

from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from courseplatform.core.errors import AppError
from hardware.models import Duty, EnrolCode, Runner
from hardware.runners.duty import duty_change
from hardware.runners.enrolling import runner_add
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import items_of, product_of
from tests.hardware.inventory.test_cases import lent
from tests.hardware.runners.boards import FLEET, add_board, fresh
from tests.hardware.runners.test_attacks import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture
def pi(cast):
    return items_of(cast, product_of(cast, device="rpi-4-8gb"), "PI-01")[0]


@pytest.fixture
def magpie(cast, pi):
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    lent(cast, pi, team=team)
    return team


def code_of(item, team="magpie"):
    return f"/courses/odml/team/{team}/runner/{item}/code/"


def as_(person):
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.parametrize("item", [0, 10**18, 10**40])
def test_a_number_that_no_board_has_is_nobodys_board(cast, magpie, item):
    ruth = as_(cast.ruth)
    assert ruth.post(code_of(item)).status_code == 404 and not Runner.objects.exists()
    assert "no such board on loan" in ruth.get(code_of(item).replace("code/", "arrival/")).content.decode()


def test_of_others_and_from_outside_there_is_no_board(cast, pi, magpie):
    make_team(cast, "Heron", cast.sofia)
    for person in (cast.sofia, cast.lena, cast.oscar):
        assert as_(person).post(code_of(pi.pk)).status_code == 404, person
        assert as_(person).post(code_of(pi.pk, "heron")).status_code == 404, person
    assert as_(cast.amit).post(code_of(pi.pk)).status_code == 404
    assert not Runner.objects.exists()


def test_eleven_codes_a_day_are_too_many_and_the_last_one_alone_opens(cast, pi, magpie):
    ruth = as_(cast.ruth)
    assert [ruth.post(code_of(pi.pk)).status_code for _ in range(12)] == [200] * 10 + [429] * 2
    live = EnrolCode.objects.filter(used_at=None, expires_at__gt=timezone.now() + timedelta(seconds=1))
    assert live.count() == 1 and Runner.objects.count() == 1


def test_a_board_that_the_staff_revoke_while_its_code_is_shown_is_not_enrolled(cast, pi, magpie):
    page = as_(cast.ruth).post(code_of(pi.pk)).content.decode()
    runner = Runner.objects.get()
    duty_change(visit=cast.visit(cast.amit), runner=runner, to=Duty.REVOKED)
    code = page.split('aria-label="Code">')[1].split("<")[0]
    _, board, _ = add_board(cast, name="other", enrolled=False)
    answer = board.enrol(code)
    assert (answer.status_code, board.said["error"]["code"]) in ((409, "runner_revoked"), (410, "code_expired"))
    assert fresh(runner).enrolled_at is None and as_(cast.ruth).post(code_of(pi.pk)).status_code == 409


@pytest.mark.django_db(transaction=True)
def test_two_members_who_make_a_code_at_once_make_one_runner(cast, pi, magpie):
    both = [partial(as_(person).post, code_of(pi.pk)) for person in (cast.ruth, cast.daniel)]
    assert at_once(*both) == [200, 200]
    assert Runner.objects.count() == 1
    assert EnrolCode.objects.filter(expires_at__gt=timezone.now() + timedelta(seconds=1)).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_instructors_who_add_one_name_or_one_item_at_once_read_who_was_first(cast):
    item = items_of(cast, product_of(cast, device="rpi-4-8gb"), "PI-09")[0]

    def add(person, **given):
        try:
            runner_add(visit=cast.visit(person), device="rpi-4-8gb", **given)
        except AppError as error:
            return SimpleNamespace(status_code=error.http_status)
        return SimpleNamespace(status_code=201)

    for names, given in ((("pi4-01", "pi4-01"), {}), (("pi4-02", "pi4-03"), {"item": item})):
        calls = [
            partial(add, person, name=name, **given)
            for person, name in zip((cast.helen, cast.ines), names, strict=True)
        ]
        assert sorted(at_once(*calls)) == [201, 409]
    assert Runner.objects.count() == 2


def test_a_code_for_a_site_without_tls_says_so(cast, client):
    client.force_login(cast.helen)
    runner, _ = add_board(cast)
    page = client.post(f"{FLEET}{runner.pk}/code/", headers={"host": "localhost"}).content.decode()
    assert "--plain-http" not in page
    page = client.post(f"{FLEET}{runner.pk}/code/", headers={"host": "testserver"}).content.decode()
    assert "--plain-http" in page and "whoever listens on the way" in page
    page = client.post(f"{FLEET}{runner.pk}/code/", secure=True, headers={"host": "testserver"}).content.decode()
    assert "--plain-http" not in page


def test_what_is_revoked_is_not_said_to_go_on(cast, client):
    runner, board, code = add_board(cast, enrolled=False)
    board.enrol(code)
    board.job()  # its golden model
    client.force_login(cast.helen)
    page = client.get(f"{FLEET}{runner.pk}/duty/?to=revoked").content.decode()
    assert "It does not come back." in page and "begun anew" not in page
