"""Asking for a board run as a program does: the same rules as on the page, with codes."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from grading.models import BoardAsk
from hardware.models import Status
from tests.courseplatform.teams.builders import make_team
from tests.grading.meters.builders import energy_lab, on_a_board
from tests.hardware.runners.boards import add_board

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(cast, tmp_path):
    """Measured here, in a lab for which the course has a board."""
    energy_lab(cast)
    made = on_a_board(cast, cast.ruth, tmp_path)
    result = made.result
    del result.environment["on_board"]
    result.save(update_fields=["environment"])
    return made


def asks(client, method, run):
    answer = getattr(client.client, method)(f"/api/v1/runs/{run.pk}/board", **client.headers)
    return answer.status_code, json.loads(answer.content)


def test_from_whether_one_may_to_asked_and_withdrawn(cast, api, run):
    ruth = api(cast.ruth)
    status, said = asks(ruth, "get", run)
    assert (status, said["may_ask"], said["why_not"]["code"], said["asked"]) == (200, False, "no_runner", None)
    assert asks(ruth, "post", run)[1]["error"]["code"] == "no_runner" and not BoardAsk.objects.exists()
    add_board(cast)
    assert asks(ruth, "get", run)[1]["left"] == 2
    status, said = asks(ruth, "post", run)
    assert (status, said["may_ask"], said["why_not"]["code"]) == (201, False, "asked_already")
    assert (said["asked"]["status"], said["asked"]["run"], said["asked"]["is_by_staff"]) == ("queued", None, False)
    status, said = asks(ruth, "post", run)
    assert (status, said["error"]["code"], BoardAsk.objects.count()) == (409, "asked_already", 1)
    status, said = asks(ruth, "delete", run)
    assert (status, said["asked"]["outcome"], said["left"]) == (200, "cancelled", 1)
    assert asks(ruth, "delete", run)[1]["error"]["code"] == "not_asked"
    assert asks(ruth, "post", run)[0] == 201 and asks(ruth, "delete", run)[0] == 200
    status, said = asks(ruth, "post", run)
    assert (status, said["error"]["code"], BoardAsk.objects.count()) == (429, "asked_enough", 2)
    assert asks(api(cast.amit), "get", run)[1]["left"] is None


def test_only_whose_attempt_it_is_and_only_with_the_scope(cast, api, run):
    add_board(cast)
    for person in (cast.daniel, cast.sofia, cast.lena, cast.oscar):
        for method in ("get", "post", "delete"):
            assert asks(api(person), method, run)[0] == 404, (person, method)
    for method in ("post", "delete"):
        assert asks(api(cast.ruth, ["read"]), method, run)[1]["error"]["code"] == "scope_missing"
    assert not BoardAsk.objects.exists()


def test_who_has_left_the_team_reads_and_changes_nothing(cast, api, tmp_path):
    since = timezone.now() - timedelta(days=9)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel, since=since)
    energy_lab(cast, is_individual=False)
    run = on_a_board(cast, cast.ruth, tmp_path)
    del run.result.environment["on_board"]
    run.result.save(update_fields=["environment"])
    add_board(cast)
    team.memberships.filter(person=cast.daniel).update(until_at=timezone.now())
    assert asks(api(cast.daniel), "post", run)[1]["error"]["code"] == "not_yours"
    assert asks(api(cast.ruth), "post", run)[0] == 201
    status, said = asks(api(cast.daniel), "delete", run)
    assert (status, said["error"]["code"]) == (403, "not_yours")
    assert BoardAsk.objects.get().status == Status.QUEUED
