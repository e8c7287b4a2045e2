"""Answers to regrade requests, objections and decisions: an answer changes its item and nothing else."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict, Forbidden
from courseplatform.notices.models.notifications import Notification
from courseplatform.teams.models import Membership
from grading.grade_facts import grade_for
from grading.models import GradeEvent, LateVerdict, RegradeRequest
from grading.models.grades import GradeRelease
from grading.regrade_rules import RegradeRules
from grading.selectors.regrades import may, regrade_get
from grading.services.grade_rows import grades_now_write
from grading.services.regrade_answers import regrade_answer
from grading.services.regrades import (
    regrade_assign,
    regrade_close,
    regrade_reopen,
    regrade_withdraw,
)
from tests.courseplatform.teams.builders import make_team
from tests.grading.api.results import measured
from tests.grading.grades.grades import (
    RULES,
    answer,
    ask,
    decide,
    escalate,
    give,
    history,
    refused,
    regrade_of,
    released,
    seen,
    told,
    with_rubric,
)

pytestmark = pytest.mark.django_db


def test_what_was_answered_once_is_not_withdrawn_after_it_was_opened_again(cast):
    row, visit = regrade_of(cast), cast.visit(cast.ruth)
    answer(cast, row, "0")
    regrade_close(visit=cast.visit(cast.helen), row=row)
    regrade_reopen(visit=cast.visit(cast.helen), row=row)
    assert may(visit, row, timezone.now())["withdraw"] is False
    assert refused(lambda: regrade_withdraw(visit=visit, row=row), Conflict) == "answered_already"
    assert RegradeRequest.objects.get().status == "open"


def test_a_second_click_on_an_objection_says_where_it_is(cast):
    row = regrade_of(cast)
    answer(cast, row)
    escalate(cast, row)
    with pytest.raises(Conflict, match="with the instructors already"):
        escalate(cast, row)


@pytest.mark.parametrize(("points", "kind"), [("3", "regrade"), ("0.5", "regrade"), (None, "note"), ("2", "note")])
def test_an_answer_goes_up_down_or_leaves_it_and_is_an_event_with_its_cause(cast, points, kind):
    row = regrade_of(cast)
    answer(cast, row, points)
    event = GradeEvent.objects.order_by("pk").last()
    assert (event.kind, event.cause, event.person, event.reason) == (kind, row, cast.ruth, "Read again.")
    assert grade_for(cast.lab, cast.ruth).points_of("report") == Decimal(points or "2")
    assert told(cast.ruth)[-1] == "Your regrade request about Lab 1, Report, was answered"


def test_a_regrade_leaves_lateness_other_items_and_the_measured_part_alone(cast, tmp_path):
    """Peers have forgiven a late penalty, or lost manual marks, by a regrade."""
    cast.course.facts = {"late_policy": {"policy": {"penalty": {"kind": "percent_of_max", "each": 10}}}}
    cast.course.save()
    cast.lab.refresh_from_db()
    run = measured(cast, cast.ruth, tmp_path)
    LateVerdict.objects.all().delete()
    verdict = LateVerdict.objects.create(
        assignment=cast.lab, person=cast.ruth, submission=run.submission, days_late=1, free_days_used=0, penalty_percent=10,
        max_percent=90, accepted=True, explanation=["1 day late."],
    )  # fmt: skip
    row = regrade_of(cast)
    before = {(line.kind, line.key): line.points for line in grade_for(cast.lab, cast.ruth).lines}
    answer(cast, row, "3")
    after = {(line.kind, line.key): line.points for line in grade_for(cast.lab, cast.ruth).lines}
    assert {key for key in before if before[key] != after[key]} == {("rubric", "report")}
    assert after["late", ""] == Decimal("-1.20")
    verdict.refresh_from_db()
    assert verdict.penalty_percent == 10


def test_an_answer_for_team_work_holds_for_everybody_who_was_in_it(cast, tmp_path):
    with_rubric(cast, is_individual=False)
    make_team(cast, "Magpie", cast.ruth, cast.daniel)
    measured(cast, cast.ruth, tmp_path)
    give(cast, cast.ruth, report=2)
    released(cast)
    row = ask(cast, cast.daniel)
    Membership.objects.filter(person=cast.ruth).update(until_at=timezone.now())
    answer(cast, row, "3")
    assert [grade_for(cast.lab, person).points_of("report") for person in (cast.ruth, cast.daniel)] == [3, 3]
    assert told(cast.ruth)[-1].endswith("was answered")
    assert regrade_get(cast.visit(cast.ruth), row.pk) == row  # she was in it then


def test_a_ta_who_graded_it_may_be_given_it_and_answer(cast):
    row = regrade_of(cast)
    regrade_assign(visit=cast.visit(cast.helen), row=row, to=cast.amit)
    assert (row.status, row.assigned_to, told(cast.amit)[-1]) == (
        "assigned",
        cast.amit,
        "You are to answer the regrade request of Ruth: Lab 1, Report",
    )
    answer(cast, row, by=cast.amit)
    assert row.status == "answered"


def test_only_staff_can_be_given_a_request(cast):
    row = regrade_of(cast)
    assert (
        refused(lambda: regrade_assign(visit=cast.visit(cast.helen), row=row, to=cast.daniel), BadInput) == "not_staff"
    )


@pytest.mark.parametrize("points", ["-1", "3.5"])
def test_an_answer_stays_within_the_item(cast, points):
    row = regrade_of(cast)
    assert refused(lambda: answer(cast, row, points), BadInput) == "points_out_of_range"
    assert regrade_get(cast.visit(cast.ruth), row.pk).status == "open"


def test_an_answer_without_words_is_refused(cast):
    row = regrade_of(cast)
    assert refused(lambda: answer(cast, row, "3", text=" \n "), BadInput) == "answer_missing"


def test_an_answer_from_a_page_that_is_out_of_date_is_refused(cast):
    row, old = regrade_of(cast), seen(cast.lab, cast.ruth)
    give(cast, cast.ruth, by=cast.ines, report="2.5")
    act = lambda: regrade_answer(visit=cast.visit(cast.amit), row=row, points=Decimal(3), text="x", seen=old)  # noqa: E731
    assert refused(act, Conflict) == "stale_grade"
    assert grade_for(cast.lab, cast.ruth).points_of("report") == Decimal("2.5")


def test_a_student_objects_once_and_an_instructor_decides(cast):
    row = regrade_of(cast)
    answer(cast, row, "2.5")
    escalate(cast, row)
    assert told(cast.helen) == ["Objection to a regrade answer by Ruth: Lab 1, Report"]
    assert told(cast.ines) == told(cast.helen)
    assert refused(lambda: decide(cast, row, by=cast.amit), Forbidden) == "instructor_only"
    decide(cast, row, "3")
    assert (row.status, history(cast.lab, cast.ruth)[-1]) == ("decided", ("regrade", "report", 3))
    assert refused(lambda: escalate(cast, row), Conflict) == "escalated_already"


def decided_and_opened_again(cast):
    """A request that Amit had and answered, Helen decided after the objection, and staff opened again."""
    row, helen = regrade_of(cast), cast.visit(cast.helen)
    regrade_assign(visit=helen, row=row, to=cast.amit)
    answer(cast, row)
    escalate(cast, row)
    decide(cast, row, "3")
    regrade_close(visit=helen, row=row)
    regrade_reopen(visit=cast.visit(cast.amit), row=row)
    return row


def test_after_a_reopening_there_is_no_second_objection(cast):
    row = decided_and_opened_again(cast)
    answer(cast, row, by=cast.helen)
    assert refused(lambda: escalate(cast, row), Conflict) == "escalated_already"


def test_after_a_decision_only_an_instructor_answers_again(cast):
    row, amit = decided_and_opened_again(cast), cast.visit(cast.amit)
    assert may(amit, row, timezone.now())["answer"] is False
    assert refused(lambda: answer(cast, row, "0", by=cast.amit), Forbidden) == "instructor_only"
    assert grade_for(cast.lab, cast.ruth).points_of("report") == 3
    assert may(cast.visit(cast.ines), row, timezone.now())["answer"] is True
    answer(cast, row, "2.5", by=cast.ines)
    assert grade_for(cast.lab, cast.ruth).points_of("report") == Decimal("2.5")


def test_a_decided_request_waits_for_an_instructor_and_is_given_to_no_ta(cast):
    row, helen = decided_and_opened_again(cast), cast.visit(cast.helen)
    assert (row.status, row.assigned_to) == ("open", None)  # Amit had it
    assert refused(lambda: regrade_assign(visit=helen, row=row, to=cast.amit), BadInput) == "instructor_only"
    regrade_assign(visit=helen, row=row, to=cast.ines)
    assert row.assigned_to == cast.ines


def test_the_page_of_a_decided_request_offers_a_ta_no_answer_and_keeps_what_one_typed(client, cast):
    row = decided_and_opened_again(cast)
    client.force_login(cast.amit)
    page = client.get(row.get_absolute_url()).content.decode()
    assert "Answer and tell" not in page and "only an instructor answers it again" in page
    assert f'<option value="{cast.amit.pk}"' not in page and f'<option value="{cast.helen.pk}"' in page
    form = {"act": "answer", "points": "0", "text": "No, less.", "seen": seen(cast.lab, cast.ruth)}
    refusal = client.post(row.get_absolute_url(), form)
    assert refusal.status_code == 403 and "No, less." in refusal.content.decode()
    client.force_login(cast.helen)
    assert "Answer and tell" in client.get(row.get_absolute_url()).content.decode()


def test_an_objection_comes_within_the_days_after_the_answer(cast):
    row = regrade_of(cast)
    answer(cast, row)
    ends = RegradeRules(**RULES).ends(cast.course, row.answered_at)
    assert refused(lambda: escalate(cast, row, now=ends), Conflict) == "too_late"
    escalate(cast, row, now=ends - timedelta(seconds=1))
    assert row.status == "escalated"


@pytest.mark.parametrize(("is_released", "says"), [(True, "> Read again."), (False, "")])
def test_the_news_holds_the_answer_only_while_students_see_the_grades(cast, is_released, says):
    row = regrade_of(cast)
    GradeRelease.objects.create(assignment=cast.lab, is_released=is_released, by="Helen", at=timezone.now())
    answer(cast, row, "3")
    news = Notification.objects.get(person=cast.ruth, title__endswith="was answered")
    assert news.text == says


def test_about_an_item_that_was_withdrawn_words_are_said_and_no_points_given(client, cast):
    row = regrade_of(cast)
    row.item.is_withdrawn = True
    row.item.save()
    grades_now_write(cast.lab)
    before = grade_for(cast.lab, cast.ruth).points
    assert refused(lambda: answer(cast, row, "3")) == "item_withdrawn"
    for person in (cast.ruth, cast.amit):
        client.force_login(person)
        text = client.get(row.get_absolute_url()).content.decode()
        assert "was withdrawn from the rubric since" in text and 'name="points"' not in text
    answer(cast, row, text="The item is gone for all.")
    event = GradeEvent.objects.order_by("pk").last()
    assert (event.kind, grade_for(cast.lab, cast.ruth).points) == ("note", before)
    row.refresh_from_db()
    assert (row.status, row.answer) == ("answered", "The item is gone for all.")
