"""Which board takes which job, and in which order: what labs ask for, teams with boards of their own, and that nobody is starved."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from hardware.models import BoardJob, Job, Runner, Status
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import items_of, product_of
from tests.hardware.inventory.test_cases import lent
from tests.hardware.runners.boards import add_board, make_work

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
SENSOR = [{"name": "ina219@1-0040", "kind": "hwmon", "rail": ""}]


def given(board):
    """The title of what the board is given, None where it is given nothing."""
    job = board.job()
    return job and job["title"]


@pytest.mark.parametrize(
    ("asks", "board", "taken"),
    [
        ({}, {}, True),
        ({"tags": ["camera"]}, {}, False),
        ({"tags": ["camera"]}, {"tags": ["camera", "csi"]}, True),
        ({"tags": ["camera", "csi"]}, {"tags": ["camera"]}, False),
        ({"needs_power_sensor": True}, {}, False),
        ({"needs_power_sensor": True}, {"sensors": SENSOR}, True),
        ({"runtime": "tflite"}, {}, False),
        ({"device": "jetson-nano-4gb"}, {}, False),
        ({"needs_memory_limit": True}, {"isolation": {"name": "limits", "memory_limit": False}}, False),
        ({"own_board": "required"}, {}, False),
        ({"own_board": "refused"}, {}, True),
    ],
)
def test_a_board_takes_what_it_has_everything_for(cast, asks, board, taken):
    _, agent = add_board(cast, **board)
    make_work(cast, **asks)
    assert (given(agent) is not None) is taken


@pytest.mark.parametrize(("own_board", "own", "common"), [("allowed", 1, 1), ("required", 1, 0), ("refused", 0, 1)])
def test_whose_board_it_may_be_is_as_the_lab_says(cast, own_board, own, common):
    """The team's own board is asked first, so the common one is asked while that is busy."""
    magpie = make_team(cast, "Magpie", cast.ruth)
    _, theirs = add_board(cast, name="magpie-pi", team=magpie)
    _, everybodys = add_board(cast, name="pi4-01")
    for _ in range(2):
        make_work(cast, team=magpie, own_board=own_board)
    assert (bool(given(theirs)), bool(given(everybodys))) == (bool(own), bool(common))


def test_a_board_behind_many_jobs_that_it_cannot_take_still_finds_its_own(cast):
    _, board = add_board(cast)
    for n in range(40):
        make_work(cast, owner=f"o{n}", tags=["camera"])
    make_work(cast, owner="last", title="lab1 of Daniel")
    assert given(board) == "lab1 of Daniel"


def test_a_team_with_a_free_board_leaves_the_common_one_to_others(cast):
    magpie, heron = make_team(cast, "Magpie", cast.ruth), make_team(cast, "Heron", cast.daniel)
    own, theirs = add_board(cast, name="magpie-pi", team=magpie)
    _, everybodys = add_board(cast, name="pi4-01")
    for n in range(3):
        make_work(cast, title=f"magpie {n}", owner="team:magpie", team=magpie)
    assert given(everybodys) is None
    make_work(cast, title="heron", owner="team:heron", team=heron)
    assert given(everybodys) == "heron"
    assert given(theirs) == "magpie 0"
    _, second = add_board(cast, name="pi4-02")
    assert given(second) == "magpie 1", "their own is busy now"
    Job.objects.filter(boardjob__taken_by=own, status=Status.LEASED).update(status=Status.QUEUED)
    Runner.objects.filter(pk=own.pk).update(last_seen_at=timezone.now() - timedelta(minutes=5))
    _, third = add_board(cast, name="pi4-03")
    assert given(third) == "magpie 0", "and a board that does not answer holds nothing up"


def test_a_board_on_loan_works_for_who_has_it_until_it_is_back(cast):
    item = items_of(cast, product_of(cast), "PI-01")[0]
    magpie, heron = make_team(cast, "Magpie", cast.ruth), make_team(cast, "Heron", cast.daniel)
    _, board = add_board(cast, item=item)
    piece = lent(cast, item, team=magpie)
    make_work(cast, title="heron", owner="team:heron", team=heron)
    assert given(board) is None
    make_work(cast, title="magpie", owner="team:magpie", team=magpie)
    job = board.job()
    assert job["title"] == "magpie"
    board.carry_out(job)
    piece.back_at, piece.ended_as = timezone.now(), "returned"
    piece.save()
    assert given(board) == "heron"


def in_order(cast, teams):
    """Whose runs stand in the line, in the order in which one board takes them. teams: (name, number of runs), as they come."""
    for owner, many in teams:
        for _ in range(many):
            make_work(cast, title=owner, owner=owner)
    rows = BoardJob.objects.filter(status=Status.QUEUED).order_by("priority", "turn", "queued_at", "pk")
    return [job.owner_key for job in rows]


def test_fifty_runs_of_one_team_keep_those_with_five_and_one_from_nothing(cast):
    """On one board: the one run is third, the five are over by the eleventh."""
    served = in_order(cast, [("fifty", 50), ("five", 5), ("one", 1)])
    assert served.index("one") == 2
    assert max(n for n, owner in enumerate(served) if owner == "five") == 10
    assert Counter(served[:11]) == {"fifty": 5, "five": 5, "one": 1}


def test_who_comes_late_is_next_and_not_behind_the_fifty(cast):
    _, board = add_board(cast)
    in_order(cast, [("fifty", 20)])
    for _ in range(5):
        board.carry_out(board.job())
    in_order(cast, [("late", 2)])
    served = []
    for _ in range(4):
        job = board.job()
        board.carry_out(job)
        served.append(job["title"])
    assert served == ["late", "fifty", "late", "fifty"]


def test_turns_that_workers_gave_are_no_turns_on_a_board(cast):
    """A team whose twenty models were checked by workers first is not twenty turns behind another on the board."""
    Job.objects.bulk_create(Job(kind="run", owner_key="busy", turn=n, leased_at=timezone.now()) for n in range(20))
    quiet, busy = make_work(cast, owner="quiet"), make_work(cast, owner="busy")
    other_board = make_work(cast, owner="quiet", device="jetson-nano-4gb")
    assert (quiet.turn, busy.turn, other_board.turn) == (0, 0, 0)
    assert make_work(cast, owner="quiet").turn == 1
