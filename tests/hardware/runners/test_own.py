"""A team enrols the board that it has on loan: by itself, for its own work, for as long as it has it."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.core.errors import AppError
from hardware.inventory.services.cases import case_open
from hardware.inventory.services.loans import piece_lost, pieces_take_back
from hardware.inventory.services.taking_back import Back
from hardware.models import Duty, EnrolCode, Item, LoanPiece, Runner
from hardware.runners.duty import duty_change
from hardware.runners.own import MOST_CODES, boards_on_loan, own_code_make
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import items_of, product_of
from tests.hardware.inventory.lending import lend_by
from tests.hardware.inventory.test_cases import lent
from tests.hardware.runners.boards import Board, add_board, fresh, make_work, text, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture
def pi(cast):
    return items_of(cast, product_of(cast, name="Pi", device="rpi-4-4gb"), "PI-01")[0]


@pytest.fixture
def magpie(cast):
    return make_team(cast, "Magpie", cast.ruth)


@pytest.fixture
def piece(cast, pi, magpie):
    return lent(cast, pi, team=magpie)


def make(cast, person, team, item):
    return own_code_make(visit=cast.visit(person), team=team, item=item.pk)


def refused(cast, person, team, item):
    with pytest.raises(AppError) as caught:
        make(cast, person, team, item)
    return caught.value.code


def take_back(cast, item):
    pieces_take_back(visit=cast.visit(cast.amit), pieces=[Back(item=item)], key=uuid4())


def enrolled(cast, magpie, pi):
    runner, code = make(cast, cast.ruth, magpie, pi)
    board = Board(install_id=f"{7:032x}")
    assert board.enrol(code).status_code == 201, board.said
    board.carry_out(board.job())
    return runner, board


def test_a_member_makes_a_code_and_the_board_does_the_work_of_the_team_alone(cast, pi, magpie, piece):
    heron = make_team(cast, "Heron", cast.daniel)
    runner, board = enrolled(cast, magpie, pi)
    assert (runner.name, runner.team, runner.item, runner.device) == ("pi-01", magpie, pi, "rpi-4-4gb")
    make_work(cast, title="heron", team=heron)
    make_work(cast, title="nobody")
    assert board.job() is None
    make_work(cast, title="magpie", team=magpie)
    assert board.job()["title"] == "magpie"


@pytest.mark.parametrize("end", ["returned", "lost"])
def test_with_the_loan_the_runner_ends_and_its_token_opens_nothing(cast, pi, magpie, piece, end):
    runner, board = enrolled(cast, magpie, pi)
    make_work(cast, team=magpie)
    work = board.job()
    if end == "returned":
        take_back(cast, pi)
    else:
        piece_lost(visit=cast.visit(cast.amit), piece=piece, why="fell into the river")
    assert fresh(runner).status == Duty.REVOKED and "on loan no more" in runner.moves.last().why
    assert board.poll().status_code == 401 and board.said["error"]["code"] == "token_revoked"
    assert board.call(work, "beat", phase="x", done=1, total=2, state={}).status_code == 401


def test_a_code_that_was_not_used_dies_with_the_loan(cast, pi, magpie, piece):
    _, code = make(cast, cast.ruth, magpie, pi)
    take_back(cast, pi)
    assert Board().enrol(code).status_code == 410


def test_lent_again_it_is_another_runner_and_the_first_keeps_its_history(cast, pi, magpie, piece):
    first, _ = enrolled(cast, magpie, pi)
    take_back(cast, pi)
    heron = make_team(cast, "Heron", cast.daniel)
    again = lent(cast, pi, team=heron)
    LoanPiece.objects.filter(pk=again.pk).update(out_at=timezone.now())
    second, _ = make(cast, cast.daniel, heron, pi)
    assert second.pk != first.pk and second.name == "pi-01-2" and second.team == heron
    assert fresh(first).item is None and fresh(first).status == Duty.REVOKED


def test_one_code_is_open_at_a_time_and_a_day_has_ten(cast, pi, magpie, piece):
    runner, first = make(cast, cast.ruth, magpie, pi)
    same, _ = make(cast, cast.ruth, magpie, pi)
    assert same == runner and Runner.objects.count() == 1
    assert Board().enrol(first).status_code == 410
    assert EnrolCode.objects.filter(expires_at__gt=timezone.now()).count() == 1
    for _ in range(MOST_CODES - 2):
        make(cast, cast.ruth, magpie, pi)
    assert refused(cast, cast.ruth, magpie, pi) == "codes_enough"


def test_only_a_member_and_only_of_what_the_team_has(cast, pi, magpie, piece):
    heron = make_team(cast, "Heron", cast.daniel)
    for person, team in ((cast.daniel, magpie), (cast.daniel, heron), (cast.amit, magpie)):
        assert refused(cast, person, team, pi) == "not_your_board"
    other = items_of(cast, pi.product, "PI-02")[0]
    assert refused(cast, cast.ruth, magpie, other) == "not_your_board"
    assert not Runner.objects.exists()


def test_what_is_no_board_or_of_no_known_device_is_not_enrolled(cast, magpie):
    meter = items_of(cast, product_of(cast, name="Meter", kind="usb_meter"), "M-01")[0]
    lent(cast, meter, team=magpie)
    assert refused(cast, cast.ruth, magpie, meter) == "not_your_board"
    strange = items_of(cast, product_of(cast, name="Board of 1998"), "B-01")[0]
    lent(cast, strange, team=magpie)
    assert refused(cast, cast.ruth, magpie, strange) == "no_own_runner"


def test_where_the_course_says_so_the_staff_make_the_codes(cast, pi, magpie, piece):
    lend_by(cast, team_runners=False)
    assert refused(cast, cast.ruth, magpie, pi) == "no_own_runner"


def test_what_the_staff_revoked_or_put_into_quarantine_a_team_does_not_bring_back(cast, pi, magpie, piece):
    runner, _ = make(cast, cast.ruth, magpie, pi)
    duty_change(visit=cast.visit(cast.amit), runner=runner, to=Duty.QUARANTINED, why="two machines")
    assert refused(cast, cast.ruth, magpie, pi) == "no_own_runner"
    duty_change(visit=cast.visit(cast.amit), runner=runner, to=Duty.REVOKED)
    assert refused(cast, cast.ruth, magpie, pi) == "no_own_runner"
    take_back(cast, pi)
    assert fresh(runner).item is None  # now it may carry another


def test_a_runner_of_the_staff_on_the_lent_board_goes_on_and_is_not_taken_over(cast, pi, magpie):
    runner, _ = add_board(cast, item=pi)
    lent(cast, pi, team=magpie)
    assert refused(cast, cast.ruth, magpie, pi) == "no_own_runner"
    [own] = boards_on_loan(cast.visit(cast.ruth), magpie)
    assert "runner pi4-01 of the staff" in own.why_not
    take_back(cast, pi)
    # Whoever had the board could copy the token that lies on its card.
    assert fresh(runner).status == Duty.QUARANTINED and "enrol it again with a new code" in runner.moves.last().why
    duty_change(visit=cast.visit(cast.amit), runner=fresh(runner), to=Duty.ACTIVE, why="a new card")
    case_open(visit=cast.visit(cast.amit), item=pi, what="a loose fan")
    assert fresh(runner).status == Duty.ACTIVE


def test_a_board_in_repair_waits(cast, pi, magpie, piece):
    Item.objects.filter(pk=pi.pk).update(status=Item.Status.IN_REPAIR)
    assert refused(cast, cast.ruth, magpie, pi) == "no_own_runner"


def test_the_page_of_the_team_has_the_button_and_shows_the_code_once(cast, client, pi, magpie, piece):
    address = f"/courses/odml/team/magpie/runner/{pi.pk}/code/"
    client.force_login(cast.ruth)
    page = client.get(magpie.get_absolute_url()).content.decode()
    assert address in page and "Make a code" in page
    answer = client.post(address)
    assert answer.status_code == 200 and answer["Cache-Control"] == "no-store"
    runner = Runner.objects.get()
    assert f"Enrol {runner.name}" in answer.content.decode() and runner.codes.count() == 1
    assert "waits for its code" in client.get(magpie.get_absolute_url()).content.decode()
    client.force_login(cast.daniel)
    assert client.post(address).status_code == 404
    assert "Measuring on your board" not in client.get(magpie.get_absolute_url()).content.decode()
    client.force_login(cast.amit)
    page = client.get(magpie.get_absolute_url()).content.decode()
    assert f"/courses/odml/runners/{runner.pk}/" in page and address not in page


def test_after_the_end_of_a_membership_a_person_makes_no_code(cast, pi, magpie, piece):
    magpie.memberships.update(until_at=timezone.now() - timedelta(hours=1))
    assert refused(cast, cast.ruth, magpie, pi) == "not_your_board"


def test_the_page_of_the_code_follows_the_machine_and_says_when_the_board_is_gone(cast, client, pi, magpie, piece):
    """The members alone see how far it is; whoever is in another team reads what somebody reads whose loan has ended."""
    address = f"/courses/odml/team/magpie/runner/{pi.pk}/"
    client.force_login(cast.ruth)
    page = words_of(client.post(f"{address}code/").content.decode())
    code = re.search(r"--code ([A-Z0-9-]+)", page)[1]
    assert (
        "sudo ~/runner/bin/python milliamp-runner.pyz install-service --folder ~/.local/share/milliamp-runner" in page
    )
    assert "pi-01 waits for its machine." in page
    board = Board(install_id=f"{8:032x}")
    assert board.enrol(code).status_code == 201, board.said
    assert "pi-01 has enrolled" in text(client, f"{address}arrival/")
    gone = "Your team has no such board on loan."
    assert gone in text(client, f"{address}arrival/", cast.daniel)
    take_back(cast, pi)
    assert gone in text(client, f"{address}arrival/", cast.ruth)
