"""Regrade requests: who may ask when, every pair of states, and who may take which step."""

from datetime import datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from courseplatform.core import states
from courseplatform.core.errors import BadInput, Forbidden, IllegalMove, NotHere
from courseplatform.teams.models import Membership
from grading.models import RegradeMove, RegradeRequest
from grading.models.grades import GradeRelease
from grading.models.regrades import REGRADE_MOVES, RegradeStatus
from grading.regrade_rules import RegradeRules
from grading.selectors.regrades import regrade_get
from grading.services.regrade_answers import regrades_close_due
from grading.services.regrades import (
    regrade_accept,
    regrade_assign,
    regrade_close,
    regrade_open_for,
    regrade_reopen,
    regrade_withdraw,
)
from tests.courseplatform.teams.builders import make_team
from tests.grading.api.results import measured
from tests.grading.grades.grades import (
    RULES,
    answer,
    ask,
    escalate,
    give,
    graded,
    refused,
    regrade_of,
    released,
    told,
    with_rubric,
)

pytestmark = pytest.mark.django_db
S = RegradeStatus


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"reason": " "}, "reason_missing"), ({"reason": "too short"}, "reason_too_short"), ({"reason": "x" * 2001}, "reason_too_long"),
     ({"knows": False}, "not_confirmed")],
)  # fmt: skip
def test_a_request_needs_a_reason_and_the_confirmation(cast, fields, code):
    graded(cast)
    assert refused(lambda: ask(cast, **fields), BadInput) == code
    assert not RegradeRequest.objects.exists()


def test_a_request_keeps_what_the_item_was_worth_and_who_graded_it(cast):
    row = regrade_of(cast)
    assert (row.status, row.points_before, row.graded_by, row.team) == ("open", 2, "Amit", None)
    assert told(cast.amit) == ["Regrade request of Ruth: Lab 1, Report"]
    assert told(cast.helen) == []


def test_an_item_without_a_grade_an_unknown_one_and_a_lab_without_requests_are_refused(cast):
    with_rubric(cast)
    released(cast)
    assert refused(lambda: ask(cast)) == "not_graded"
    assert refused(lambda: ask(cast, item="essay"), NotHere) == "no_such_item"
    with_rubric(cast, regrade_rules={})
    assert refused(lambda: ask(cast)) == "no_regrades"


def test_before_the_release_and_after_taking_back_nobody_asks(cast):
    with_rubric(cast)
    give(cast, cast.ruth, report=2)
    assert refused(lambda: ask(cast)) == "not_released"
    released(cast)
    GradeRelease.objects.create(assignment=cast.lab, is_released=False, by="Helen", at=timezone.now())
    assert refused(lambda: ask(cast)) == "not_released"


def test_requests_open_some_hours_after_the_release_to_the_second(cast):
    graded(cast)
    opens = cast.lab.grade_releases.get().at + timedelta(hours=24)
    assert refused(lambda: ask(cast, now=opens - timedelta(seconds=1))) == "too_early"
    assert ask(cast, now=opens).status == "open"


def test_requests_close_at_the_last_minute_of_a_day_on_the_clock_of_the_course(cast):
    graded(cast)
    GradeRelease._base_manager.update(at=datetime(2026, 10, 28, 1, tzinfo=ZoneInfo("UTC")))  # Oct 27, 21:00 in New York
    closes = datetime(2026, 11, 3, 23, 59, tzinfo=ZoneInfo("America/New_York"))  # the clocks go back on Nov 1
    assert refused(lambda: ask(cast, now=closes)) == "too_late"
    assert ask(cast, now=closes - timedelta(seconds=1)).status == "open"


def test_only_so_many_requests_and_what_was_withdrawn_is_given_back(cast):
    graded(cast)
    cast.lab.regrade_rules = RULES | {"limit": 1}
    cast.lab.save()
    first = ask(cast)
    assert refused(lambda: ask(cast, item="plot")) == "none_left"
    regrade_withdraw(visit=cast.visit(cast.ruth), row=first)
    assert ask(cast).status == "open"


def test_an_item_can_be_asked_about_once(cast):
    row = regrade_of(cast)
    assert refused(lambda: ask(cast)) == "asked_already"
    regrade_close(visit=cast.visit(cast.helen), row=row, reason="by mistake")
    assert refused(lambda: ask(cast)) == "asked_already"


def test_staff_do_not_ask_but_open_one_for_a_student_at_any_time(cast):
    graded(cast, days=90)
    assert refused(lambda: ask(cast, cast.amit), Forbidden) == "student_only"
    row = regrade_open_for(
        visit=cast.visit(cast.ines), assignment=cast.lab, person=cast.ruth, item="plot", reason="we missed a page"
    )
    assert (row.person, row.opened_by) == (cast.ruth, "Ines")
    assert told(cast.ruth) == ["Your regrade request about Lab 1, Plot, was opened for you"]


def test_what_staff_opened_does_not_use_up_the_limit(cast):
    graded(cast)
    cast.lab.regrade_rules = RULES | {"limit": 1}
    cast.lab.save()
    regrade_open_for(
        visit=cast.visit(cast.ines), assignment=cast.lab, person=cast.ruth, item="plot", reason="we missed a page"
    )
    assert ask(cast).status == "open"


def test_a_request_of_a_team_is_not_seen_by_who_came_later(cast, tmp_path):
    with_rubric(cast, is_individual=False)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    measured(cast, cast.ruth, tmp_path)
    give(cast, cast.ruth, report=2)
    released(cast)
    row = ask(cast)
    Membership.objects.create(
        team=team, course=cast.course, person=cast.sofia, since_at=timezone.now(), begun_by="test"
    )
    assert regrade_get(cast.visit(cast.daniel), row.pk) == row
    assert refused(lambda: regrade_get(cast.visit(cast.sofia), row.pk), NotHere) == "not_found"


def test_the_limit_of_a_team_is_the_teams(cast, tmp_path):
    with_rubric(cast, is_individual=False, regrade_rules=RULES | {"limit": 1})
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    measured(cast, cast.ruth, tmp_path)
    give(cast, cast.ruth, report=2, plot=1)
    released(cast)
    ask(cast)
    assert refused(lambda: ask(cast, cast.daniel, item="plot")) == "none_left"


def test_an_accidental_close_and_an_accidental_agreement_can_be_undone_by_staff(cast):
    row, helen = regrade_of(cast), cast.visit(cast.helen)
    regrade_assign(visit=helen, row=row, to=cast.amit)
    regrade_close(visit=helen, row=row, reason="wrong button")
    regrade_reopen(visit=helen, row=row)
    assert (row.status, row.assigned_to) == ("assigned", cast.amit)
    answer(cast, row)
    regrade_accept(visit=cast.visit(cast.ruth), row=row)
    regrade_reopen(visit=helen, row=row)
    assert [move.moved_to for move in row.moves.all()] == [
        "open", "assigned", "closed", "assigned", "answered", "accepted", "assigned"
    ]  # fmt: skip


def test_closing_without_an_answer_needs_a_reason(cast):
    row = regrade_of(cast)
    assert refused(lambda: regrade_close(visit=cast.visit(cast.helen), row=row), BadInput) == "reason_missing"


STUDENTS_ACTS = (regrade_withdraw, regrade_accept)
STAFFS_ACTS = (regrade_close, regrade_reopen)


@pytest.mark.parametrize("act", STUDENTS_ACTS)
def test_what_is_for_the_student_is_not_for_staff(cast, act):
    row = regrade_of(cast)
    assert refused(lambda: act(visit=cast.visit(cast.helen), row=row), Forbidden) == "student_only"


@pytest.mark.parametrize("act", STAFFS_ACTS)
def test_what_is_for_staff_is_not_for_the_student(cast, act):
    row = regrade_of(cast)
    assert refused(lambda: act(visit=cast.visit(cast.ruth), row=row), Forbidden) == "staff_only"


@pytest.mark.parametrize(("old", "new"), product(S.values, S.values))
def test_every_pair_of_states(cast, old, new):
    row = regrade_of(cast)
    RegradeRequest._base_manager.filter(pk=row.pk).update(status=old)
    row.refresh_from_db()

    def act():
        states.move(row, moves=REGRADE_MOVES, to=new, by="test", history=RegradeMove)

    if new in REGRADE_MOVES[S(old)]:
        act()
        assert RegradeRequest.objects.get().status == new
        assert list(row.moves.values_list("moved_from", "moved_to"))[-1] == (old, new)
    else:
        assert refused(act, IllegalMove) == "illegal_move"
        assert RegradeRequest.objects.get().status == old


def test_the_table_is_the_way_that_the_course_agreed_on():
    moves = {old.value: {new.value for new in to} for old, to in REGRADE_MOVES.items()}
    assert moves == {
        "open": {"assigned", "answered", "withdrawn", "closed"}, "assigned": {"assigned", "answered", "withdrawn", "closed"},
        "answered": {"accepted", "escalated", "closed"}, "accepted": {"closed", "open", "assigned"}, "escalated": {"decided"},
        "decided": {"closed"}, "closed": {"open", "assigned"}, "withdrawn": set(),
    }  # fmt: skip


def test_a_step_that_came_too_late_says_how_things_stand(cast):
    row = regrade_of(cast)
    other = RegradeRequest.objects.get()
    regrade_withdraw(visit=cast.visit(cast.ruth), row=other)
    with pytest.raises(IllegalMove) as caught:
        answer(cast, row)
    assert (caught.value.code, "withdrawn by now" in caught.value.message) == ("lost_race", True)


def test_the_sweep_closes_what_nobody_can_object_to_any_more(cast):
    row = regrade_of(cast)
    answer(cast, row)
    ends = RegradeRules(**RULES).ends(cast.course, row.answered_at)
    assert regrades_close_due(now=ends - timedelta(seconds=1)) == 0
    assert (regrades_close_due(now=ends), regrades_close_due(now=ends)) == (1, 0)
    assert RegradeRequest.objects.get().status == "closed"


def test_the_sweep_leaves_open_and_escalated_requests(cast):
    row = regrade_of(cast)
    assert regrades_close_due(now=timezone.now() + timedelta(days=400)) == 0
    answer(cast, row)
    escalate(cast, row)
    assert regrades_close_due(now=timezone.now() + timedelta(days=400)) == 0


def test_a_request_is_still_there_long_after_the_deadline(cast):
    row = regrade_of(cast)
    GradeRelease._base_manager.update(at=timezone.now() - timedelta(days=400))
    assert regrade_get(cast.visit(cast.ruth), row.pk) == row
