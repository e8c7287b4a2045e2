"""The return of the hardware is an assignment: what comes back late costs late days, exactly as a lab that is handed in late."""

from datetime import datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from grading.course_file.assignment_item import item_of, session_days
from grading.course_file.late.policy import policy_of
from grading.grade_facts import lates_of
from grading.late.facts import Deadline, HandIn, Membership
from grading.late_rows.facts import circle_of, facts_of
from grading.latepolicy import assess
from grading.models import Extension, LateEntry, LateVerdict
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.returns.dues import return_dues
from grading.selectors.late_endpoint import late_ledger
from grading.services.assignment_editing import assignment_save
from grading.services.late_days import late_days_count
from grading.services.late_favours import accommodation_give, extension_give
from hardware.hooks import return_day, tell_return
from hardware.inventory.services.loans import piece_lost, pieces_take_back
from hardware.inventory.services.taking_back import Back
from hardware.models import Item
from tests.grading.late_days.pages import late_days, see
from tests.grading.late_days.test_late_days import _commits, balance, ledger, make_team, with_policy  # noqa: F401 a fixture
from tests.hardware.inventory.lent import came_back, lent
from tests.people import make_cast, make_lab

pytestmark = pytest.mark.django_db
OF_11_767 = {"bank": {"days": 5, "owner": "team"}, "unit": {"kind": "hours"}, "penalty": {"each": 2}}
OF_6_S965 = {
    "bank": {"days": 6, "owner": "person"}, "unit": {"kind": "calendar_day", "boundary": "00:00", "due_day": "free"}, "edge": "late",
    "cap": 6, "penalty": {"kind": "percent_of_earned", "steps": [50, 100], "most": 100},
}  # fmt: skip


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


def return_work(cast, *, hours_ago=30, policy=OF_11_767, **fields):
    """The course's return was due so many hours ago."""
    due_at = timezone.now() - timedelta(hours=hours_ago)
    made = {
        "kind": "hardware_return",
        "short": "Hardware return",
        "title": "",
        "bench_spec": {},
        "is_individual": False,
        "points": 0,
    }
    item = make_lab(cast.course, "hardware-return", due_at=due_at, **(made | fields))
    with_policy(cast, policy)
    item.course = cast.course
    return item


def recount(cast, *people):
    late_days_count(course=cast.course, people={person.pk for person in people or (cast.ruth,)})


def test_a_late_return_is_charged_to_the_teams_bank_at_the_moment_when_the_last_piece_came(cast):
    item, team = return_work(cast, hours_ago=50), make_team(cast, cast.ruth, cast.daniel)
    loan = lent(cast, team=team, pieces=2)
    came_back(loan, item.due_at - timedelta(hours=1), pieces=1)
    recount(cast)
    assert ledger(cast.course, team=team) == [("policy", 5)]  # one piece is still out
    came_back(loan, item.due_at + timedelta(hours=25))
    tell_return(cast.course, None, team, "amit@example.edu")
    assert ledger(cast.course, team=team) == [("policy", 5), ("spend", -2)]
    spent = LateEntry.objects.get(kind="spend")
    assert (spent.assignment, spent.submission, spent.actor) == (item, None, "amit@example.edu")
    assert spent.reason == "Hardware return: what is lent changed"


def test_a_return_on_time_costs_nothing(cast):
    item, team = return_work(cast), make_team(cast, cast.ruth)
    came_back(lent(cast, team=team), item.due_at)
    recount(cast)
    assert ledger(cast.course, team=team) == [("policy", 5)]
    kept = LateVerdict.objects.get()
    assert (kept.submission, kept.returned.loan.team, kept.days_late, kept.max_percent) == (None, team, 0, 100)


def test_late_days_come_back_when_the_staff_correct_the_return(cast):
    item, team = return_work(cast), make_team(cast, cast.ruth)
    loan = lent(cast, team=team)
    came_back(loan)
    recount(cast)
    loan.pieces.update(back_at=item.due_at - timedelta(minutes=5))
    tell_return(cast.course, None, team, "amit@example.edu")
    assert ledger(cast.course, team=team) == [("policy", 5), ("spend", -2), ("refund", 2)]
    recount(cast)
    assert balance(cast.course, team=team) == 5


def test_the_kept_verdict_follows_what_the_loans_and_the_rules_say_now(cast):
    """As that of a hand-in does; the ledger keeps every line of the way there."""
    item, team = return_work(cast, hours_ago=50, points=10), make_team(cast, cast.ruth, cast.daniel)

    def kept():
        recount(cast)
        return [(row.person, row.returned.loan, row.days_late, row.free_days_used) for row in LateVerdict.objects.all()]

    first = lent(cast, team=team)
    came_back(first, item.due_at + timedelta(hours=25))
    assert kept() == [(cast.ruth, first, 2, 2), (cast.daniel, first, 2, 2)]
    second = lent(cast, team=team)
    assert kept() == []  # something is out again, so nothing is handed in
    came_back(second, item.due_at + timedelta(hours=30))
    assert kept() == [(cast.ruth, second, 2, 2), (cast.daniel, second, 2, 2)]
    given = Extension.objects.create(assignment=item, team=team, units=1, reason="flight", made_by="helen@example.edu")
    assert kept() == [(cast.ruth, second, 1, 1), (cast.daniel, second, 1, 1)]
    Extension.objects.filter(pk=given.pk).update(withdrawn_at=timezone.now(), withdrawn_by="helen@example.edu")
    with_policy(cast, OF_11_767 | {"bank": {"days": 1, "owner": "team"}})
    assert [row[2:] for row in kept()] == [(2, 1), (2, 1)]
    assert lates_of(item, {cast.ruth.pk})[cast.ruth.pk].lost == 2
    assert balance(cast.course, team=team) == 0
    lines = [days for kind, days in ledger(cast.course, team=team) if kind != "policy"]
    assert lines == [-2, 2, -2, 1]  # a bank of one day pays one, as it did with the extension
    cast.course.facts = {}
    cast.course.save()
    assert kept() == []


def test_a_verdict_is_of_a_hand_in_or_of_a_return_and_never_of_neither(cast):
    said = {"days_late": 0, "free_days_used": 0, "penalty_percent": 0, "max_percent": 100, "accepted": True, "explanation": []}  # fmt: skip
    with pytest.raises(IntegrityError, match="late_verdict_of_hand_in_or_return"):
        LateVerdict.objects.create(assignment=cast.lab, person=cast.ruth, **said)


def test_what_is_declared_lost_ends_the_lateness_at_that_moment(cast):
    item, team = return_work(cast, hours_ago=100), make_team(cast, cast.ruth)
    came_back(lent(cast, team=team), item.due_at + timedelta(hours=1), ended_as="lost")
    recount(cast)
    assert balance(cast.course, team=team) == 4


def test_what_turns_up_after_it_was_declared_lost_costs_no_day_of_looking_for_it(cast):
    item, team = return_work(cast, hours_ago=25), make_team(cast, cast.ruth)
    piece, visit = lent(cast, team=team).pieces.get(), cast.visit(cast.amit)
    piece_lost(visit=visit, piece=piece, why="", now=item.due_at + timedelta(hours=1))
    assert balance(cast.course, team=team) == 4
    done = pieces_take_back(visit=visit, pieces=[Back(item=Item.objects.get(pk=piece.item_id))], key=uuid4())
    piece.refresh_from_db()
    assert "declared lost before" in done.back[0]
    assert (piece.ended_as, piece.back_at, piece.item.status) == (
        "returned",
        item.due_at + timedelta(hours=1),
        "in_service",
    )
    assert balance(cast.course, team=team) == 4


def test_work_that_becomes_the_return_is_counted_as_such(cast):
    item, team = return_work(cast, hours_ago=50, kind="report"), make_team(cast, cast.ruth)
    came_back(lent(cast, team=team), item.due_at + timedelta(hours=25))
    recount(cast)
    assert not LateVerdict.objects.exists()
    held = item_of(item, session_days(cast.course))
    assignment_save(visit=cast.visit(cast.helen), slug=item.slug, held=held, item=held | {"kind": "hardware_return"})
    assert LateVerdict.objects.get().days_late == 2 and balance(cast.course, team=team) == 3


def test_a_short_loan_is_no_part_of_the_return(cast):
    item, team = return_work(cast), make_team(cast, cast.ruth)
    came_back(lent(cast, team=team), item.due_at)
    lent(cast, team=team, is_term=False, due_at=item.due_at)
    recount(cast)
    assert [row.days_late for row in LateVerdict.objects.all()] == [0]


def test_a_persons_own_things_are_paid_by_their_own_bank_under_the_rules_of_6_s965(cast):
    item = return_work(cast, policy=OF_6_S965, hours_ago=24 * 4, points=10)
    item.due_at = cast.course.wall(item.due_at.astimezone(cast.course.tz).date(), time(23, 59))
    item.save()
    came_back(lent(cast, person=cast.ruth), item.due_at + timedelta(minutes=1))  # midnight itself is late here
    came_back(lent(cast, person=cast.sofia), item.due_at)
    recount(cast, cast.ruth)
    recount(cast, cast.sofia)
    assert (balance(cast.course, person=cast.ruth), balance(cast.course, person=cast.sofia)) == (5, 6)


def test_what_no_bank_pays_costs_the_grade_of_the_return(cast):
    item, team = return_work(cast, hours_ago=24 * 8, points=10), make_team(cast, cast.ruth)
    came_back(lent(cast, team=team), item.due_at + timedelta(hours=24 * 7))  # 7 units, 5 paid, 2 x 2 percent
    recount(cast)
    assert balance(cast.course, team=team) == 0
    assert lates_of(item, {cast.ruth.pk, cast.sofia.pk})[cast.ruth.pk].lost == 4


def test_an_extension_of_the_team_moves_its_day_of_return_and_its_lateness(cast):
    item, team = return_work(cast), make_team(cast, cast.ruth)
    until = (item.due_at + timedelta(days=2)).astimezone(cast.course.tz)
    wall = f"{until:%Y-%m-%d %H:%M}"
    extension_give(
        visit=cast.visit(cast.helen), assignment=item, owners=[Owner(cast.ruth, team)], until=wall, reason="flight"
    )
    day = return_day(cast.course, None, team)
    assert day is not None and (day.slug, day.due_at) == ("hardware-return", until.replace(second=0, microsecond=0))
    came_back(lent(cast, team=team))
    recount(cast)
    assert balance(cast.course, team=team) == 5


def test_many_borrowers_are_asked_for_their_day_in_four_queries(cast, django_assert_num_queries):
    item, team = return_work(cast), make_team(cast, cast.daniel)
    accommodation_give(visit=cast.visit(cast.helen), person=cast.ruth, extra_days=2, reason="sick")
    wanted = {(cast.ruth.pk, None), (cast.daniel.pk, None), (cast.sofia.pk, None), (None, team.pk)}
    with django_assert_num_queries(4):
        found = return_dues(cast.course, wanted)
    assert found.keys() == wanted and found[cast.sofia.pk, None] == found[None, team.pk] == item.due_at
    assert round((found[cast.ruth.pk, None] - item.due_at) / timedelta(days=1)) == 2


def test_late_words_say_how_far_the_bank_reaches(cast):
    return_work(cast, hours_ago=-48)
    team = make_team(cast, cast.ruth)
    day = return_day(cast.course, None, team)
    assert day is not None and day.late_words.startswith("5 late days are left: back by ")
    assert day.late_words.endswith("it costs 5 of them, and no points.")


def test_a_course_without_a_return_states_no_day(cast):
    with_policy(cast, OF_11_767)
    assert return_day(cast.course, cast.ruth, None) is None


def test_the_ledger_of_a_student_explains_a_late_return_once(cast, client):
    item, team = return_work(cast, hours_ago=50), make_team(cast, cast.ruth)
    came_back(lent(cast, team=team), item.due_at + timedelta(hours=25))
    recount(cast)
    text = late_days(client, cast.ruth)
    assert text.count("all back") == 1 and "3 of 5 left" in text


def test_the_staff_read_the_verdict_of_a_return(cast, client):
    item, team = return_work(cast, hours_ago=50), make_team(cast, cast.ruth)
    came_back(lent(cast, team=team), item.due_at + timedelta(hours=25))
    recount(cast)
    for address in (f"/courses/odml/late-days/people/{cast.ruth.pk}/", f"/courses/odml/late-days/teams/{team.slug}/"):
        assert "all back" in see(client, cast.helen, address)
    found = late_ledger(cast.visit(cast.ruth), timezone.now()).verdicts
    assert [(one.submission_id, one.returned.loan.team, one.days_late) for one in found] == [(None, team, 2)]


ZONE_POLICY = policy_of(OF_11_767, ZoneInfo("America/New_York"))
DUE = datetime(2023, 12, 7, 23, 59, tzinfo=ZONE_POLICY.zone)


def most_of(policy, hours, other):
    """What the return can still get, and what is left, where a lab came `other` hours late before it."""
    deadlines = {"lab": Deadline(DUE - timedelta(days=20)), "back": Deadline(DUE)}
    facts = [
        HandIn("1", "t", "lab", DUE - timedelta(days=20) + timedelta(hours=other), "a", is_active=True),
        HandIn("return-t", "t", "back", DUE + timedelta(hours=hours), None, is_active=True),
    ]
    found = assess(policy, deadlines, facts, memberships=[Membership("t", "a")], people=["a"], teams=["t"])
    return next(v.max_percent for v in found.verdicts if v.assignment == "back"), min(
        found.balances["t"].values(), default=0
    )


@given(st.floats(-50, 400), st.floats(0, 200), st.floats(0, 150))
@settings(max_examples=80, deadline=None)
def test_coming_back_later_never_raises_what_the_return_gets(hours, more, other):
    first, then = most_of(ZONE_POLICY, hours, other), most_of(ZONE_POLICY, hours + more, other)
    assert then[0] <= first[0] and then[1] <= first[1]


def test_facts_of_a_course_that_lends_nothing_cost_no_query_more(cast, django_assert_num_queries):
    with_policy(cast, OF_11_767)
    circle = circle_of(cast.course, {cast.ruth.pk})
    with django_assert_num_queries(5):
        facts_of(circle)


def test_a_return_without_a_due_time_states_no_day(cast):
    return_work(cast)
    Assignment.objects.filter(kind="hardware_return").update(due_at=None)
    assert return_day(cast.course, cast.ruth, None) is None


def test_a_late_return_that_is_not_over_stands_in_the_ledgers_and_is_charged_to_nobody(cast, client):
    item, team = return_work(cast, hours_ago=25), make_team(cast, cast.ruth, cast.daniel)
    loan = lent(cast, team=team, pieces=2)
    came_back(loan, item.due_at + timedelta(hours=1), pieces=1)
    recount(cast)
    said = "Running: 2 late days so far."
    cost = "If everything came back now, it costs 2 late days of 5 left."
    addresses = (f"people/{cast.ruth.pk}/", f"people/{cast.daniel.pk}/", f"teams/{team.slug}/")
    for person, address in ((cast.ruth, ""), *((cast.helen, one) for one in addresses)):
        page = see(client, person, f"/courses/odml/late-days/{address}")
        assert said in page and cost in page and "(−2)" in page and "still out" in page
    assert "5 of 5 left" in late_days(client, cast.ruth) and said not in late_days(client, cast.sofia)
    rows = client.get("/courses/odml/late-days.csv").content.decode()
    assert "Running" not in rows  # Sofia's
    client.force_login(cast.ruth)
    last = client.get("/courses/odml/late-days.csv").content.decode().splitlines()[-1]
    assert said in last and last.endswith(",0,")
    assert ledger(cast.course, team=team) == [("policy", 5)] and not LateVerdict.objects.exists()
    came_back(loan)
    recount(cast)
    page = late_days(client, cast.ruth)
    assert "3 of 5 left" in page and "Running" not in page and page.count("all back") == 1
    assert "Running" not in see(client, cast.helen, f"/courses/odml/late-days/teams/{team.slug}/")
