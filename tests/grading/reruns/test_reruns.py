"""Counting a lab again from what is stored: a dry run first, then by steps, and nothing that people gave by hand moves."""

from datetime import timedelta
from decimal import Decimal

import pytest

from courseplatform.core.errors import AppError, BadInput, Conflict, Forbidden
from courseplatform.notices.models.notifications import Notification
from grading.models import ClassPoint, GradeEvent, PointsBefore, Rerun, RerunItem, Result, Submission
from grading.models.reruns import RERUN_MOVES, STANDS, RerunStatus
from grading.reruns.rules import of_before
from grading.reruns.table import counts_of, table_of
from grading.reruns.words import headline
from grading.services import rerun_applying
from grading.services.grades import grade_override
from grading.services.late_days import late_days_count
from grading.services.measured_points import measured_settle
from grading.services.rerun_applying import rerun_carry_on, reruns_carry_on
from grading.services.reruns import rerun_apply, rerun_discard
from tests.grading.grades.grades import ask, give, released, seen, with_rubric
from tests.grading.late_days.staff import PERSONAL, state
from tests.grading.reruns.reruns import (
    MILD,
    REASON,
    STRICT,
    apply,
    begin,
    change_rules,
    late_rows,
    measured,
    points_of,
    written,
)
from tests.people import SPEC

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(cast, tmp_path):
    """Ruth is above the strict threshold, Daniel and Sofia below it."""
    for person, accuracy in ((cast.ruth, 0.96), (cast.daniel, 0.894), (cast.sofia, 0.82)):
        measured(cast, person, tmp_path, accuracy=accuracy)
    return cast


def row_of(rows, person):
    return next(row for row in rows if row["person"] == person.pk)


def codes(row):
    return [note["code"] for note in row["notes"]]


def test_the_dry_run_is_there_at_once_and_writes_no_grade(three):
    change_rules(three)
    before = written(three)
    rerun = begin(three)
    assert (rerun.status, written(three)) == (RerunStatus.READY, before)
    assert [(row["name"], row["measured_now"], row["measured_then"], row["change"]) for row in table_of(rerun)] == [
        ("Daniel", "4.21", "2.00", "-2.21"),
        ("Sofia", "2.47", "2.00", "-0.47"),
        ("Ruth", "5.76", "6.00", "0.24"),
    ]


def test_the_sentence_says_how_many_grades_change_and_by_how_much(three):
    change_rules(three)
    said = headline(counts_of(table_of(begin(three))))
    assert said == "3 of 3 grades change: 1 rises, 2 fall, by −2.21 to +0.24 points."


def test_a_row_names_the_criterion_that_moves_with_both_lines(three):
    change_rules(three)
    row = row_of(table_of(begin(three)), three.daniel)
    (line,) = row["lines"]
    assert (line["title"], line["now"], line["then"]) == ("Accuracy", "2.21", "0.00")
    assert "(89.40 - 80.00) / (97.00 - 80.00) x 4.00 = 2.21" in line["was"]
    assert "95" in line["will"]


def test_applying_writes_results_grades_and_the_class_and_keeps_what_was_before(three):
    change_rules(three)
    rerun = begin(three)
    expected = {row["person"]: Decimal(row["then"]) for row in table_of(rerun)}
    rerun = apply(three, rerun)
    assert rerun.status == RerunStatus.APPLIED
    for person in (three.ruth, three.daniel, three.sofia):
        result = Result.objects.get(run__submission__person=person)
        assert points_of(three, person) == result.earned == expected[person.pk]
        assert Decimal(str(ClassPoint.objects.get(result=result).numbers["points"][0])) == result.earned
    kept = PointsBefore.objects.get(result__run__submission__person=three.daniel)
    assert kept.earned == RerunItem.objects.get(submission__person=three.daniel).earned_before
    assert kept.points[1]["earned"] == "2.21"
    event = GradeEvent.objects.filter(person=three.daniel).last()
    assert event.reason == f"attempt 1, counted again by Helen: {REASON}"


def test_applying_what_changes_nothing_writes_no_event_and_the_results_stand_by_the_rules_of_now(three):
    change_rules(three, SPEC | {"max_bytes": 1 << 19})
    assert of_before(three.lab) == (3, 0)
    events = GradeEvent.objects.count()
    apply(three, begin(three))
    assert (GradeEvent.objects.count(), PointsBefore.objects.count(), of_before(three.lab)) == (events, 0, (0, 0))


def test_an_apply_that_was_killed_goes_on_where_it_stopped(three, monkeypatch):
    change_rules(three)
    rerun = begin(three)
    monkeypatch.setattr(rerun_applying, "AT_ONCE", 1)
    rerun_apply(visit=three.visit(three.helen), rerun=rerun)
    assert rerun_applying._step(rerun.pk)
    assert RerunItem.objects.filter(state="applied").count() == 1
    written_once = PointsBefore.objects.count()
    assert reruns_carry_on() == 1
    assert reruns_carry_on() == 0
    assert (written_once, PointsBefore.objects.count()) == (1, 3)
    assert Rerun.objects.get().status == RerunStatus.APPLIED


def test_applying_twice_is_refused_and_changes_nothing(three):
    change_rules(three)
    rerun = apply(three, begin(three))
    before = written(three)
    with pytest.raises(Conflict) as refused:
        rerun_apply(visit=three.visit(three.helen), rerun=rerun)
    assert (refused.value.code, rerun_carry_on(rerun=rerun), written(three)) == ("not_ready", True, before)


def test_a_grade_set_by_hand_stands_above_it_and_the_table_says_so(three):
    change_rules(three)
    visit, lab = three.visit(three.helen), three.lab
    grade_override(
        visit=visit,
        assignment=lab,
        person=three.daniel,
        points=Decimal(7),
        reason="agreed",
        seen=seen(lab, three.daniel),
    )
    rerun = begin(three)
    row = row_of(table_of(rerun), three.daniel)
    assert (row["change"], row["measured_change"] != "0.00", codes(row)) == ("0.00", True, ["by_hand"])
    apply(three, rerun)
    assert points_of(three, three.daniel) == Decimal(7)


def test_marks_for_the_rubric_stay_and_an_open_regrade_request_is_named(three):
    with_rubric(three)
    give(three, three.daniel, report=2, plot=1)
    released(three)
    change_rules(three)
    ask(three, three.daniel)
    rerun = begin(three)
    assert "regrade" in codes(row_of(table_of(rerun), three.daniel))
    apply(three, rerun)
    assert (
        points_of(three, three.daniel) == Decimal(3) + Result.objects.get(run__submission__person=three.daniel).earned
    )


def test_those_who_see_another_grade_are_told_once_and_nobody_else(three):
    released(three)
    change_rules(three, MILD)
    rerun = begin(three)
    changed = {row["person"] for row in table_of(rerun) if Decimal(row["change"])}
    apply(three, rerun)
    reruns_carry_on()
    told = Notification.objects.filter(key=f"rerun-{rerun.pk}")
    assert {row.person_id for row in told} == changed
    assert all("The threshold was meant" in row.text for row in told)
    assert not Notification.objects.filter(kind="grade", key__startswith="grade-event").exists()


def test_nobody_is_told_before_grades_are_released(three):
    change_rules(three)
    apply(three, begin(three))
    assert not Notification.objects.filter(key__startswith="rerun").exists()


def test_among_attempts_of_the_same_cost_the_best_one_by_the_new_rules_counts(cast, tmp_path):
    measured(cast, cast.ruth, tmp_path, ago=timedelta(hours=2), accuracy=0.93, peak_activation_bytes=99999)
    second = measured(cast, cast.ruth, tmp_path, accuracy=0.85, peak_activation_bytes=100)
    assert second.is_active is False or Submission.objects.get(number=1).is_active is False
    was = Submission.objects.get(is_active=True).number
    accuracy, memory = SPEC["criteria"][1], SPEC["criteria"][2]
    other = (
        [accuracy | {"points": 6}, memory | {"points": 1}]
        if was == 2
        else [accuracy | {"points": 1}, memory | {"points": 6}]
    )
    change_rules(cast, SPEC | {"criteria": [SPEC["criteria"][0], *other]})
    rerun = begin(cast)
    (row,) = table_of(rerun)
    assert (row["attempt"], row["attempt_then"], codes(row)) == (was, 3 - was, ["other_attempt"])
    apply(cast, rerun)
    assert Submission.objects.get(is_active=True).number == 3 - was
    assert f"{points_of(cast, cast.ruth):.2f}" == row["then"]


@pytest.fixture
def late(cast, tmp_path):
    """Ruth handed in a small model in time and an accurate one a day late; the one in time counts."""
    state(cast, PERSONAL)
    cast.lab.due_at = cast.lab.due_at - timedelta(days=3)
    cast.lab.save()
    measured(cast, cast.ruth, tmp_path, ago=timedelta(days=2), accuracy=0.85, peak_activation_bytes=100)
    measured(cast, cast.ruth, tmp_path, ago=timedelta(hours=2), accuracy=0.86, peak_activation_bytes=99999)
    assert Submission.objects.get(is_active=True).number == 1
    return cast


def favour_accuracy(cast):
    accuracy, memory = SPEC["criteria"][1], SPEC["criteria"][2]
    return change_rules(
        cast, SPEC | {"criteria": [SPEC["criteria"][0], accuracy | {"points": 60}, memory | {"points": 1}]}
    )


def test_a_better_attempt_that_costs_other_late_days_does_not_take_over_and_the_table_says_so(late):
    favour_accuracy(late)
    rerun = begin(late)
    (row,) = table_of(rerun)
    assert (row["attempt_then"], codes(row)) == (1, ["stays"])
    assert "Attempt 2 would be better by" in row["notes"][0]["text"]
    assert "late day" in row["notes"][0]["text"]
    apply(late, rerun)
    assert Submission.objects.get(is_active=True).number == 1


def test_the_ledger_and_every_verdict_are_the_same_before_and_after(late):
    before = late_rows(late)
    assert before[0]
    favour_accuracy(late)
    apply(late, begin(late))
    assert late_rows(late) == before
    late_days_count(course=late.course, people={late.ruth.pk})
    assert late_rows(late) == before


def test_a_policy_that_judges_the_best_attempt_charges_as_before_too(late):
    state(late, PERSONAL | {"attempt": "best"})
    late_days_count(course=late.course, people={late.ruth.pk})
    before = late_rows(late)
    favour_accuracy(late)
    apply(late, begin(late))
    late_days_count(course=late.course, people={late.ruth.pk})
    assert late_rows(late) == before


def opened(cast, person, tmp_path, bench):
    """A lab of which one line stays open, and 1.50 of its points given by hand."""
    change_rules(cast, bench)
    measured(cast, person, tmp_path)
    lab = cast.lab
    measured_settle(
        visit=cast.visit(cast.amit),
        assignment=lab,
        person=person,
        points=Decimal("1.5"),
        reason="looked at",
        seen=seen(lab, person),
    )


OPEN_LINE = {
    "key": "zeros",
    "title": "Zeros",
    "group": "Basic",
    "metric": "sparsity",
    "points": 2,
    "rule": {"kind": "at_least", "value": 0.5},
}


def test_points_that_the_staff_gave_for_open_lines_stay_where_the_same_lines_are_open(cast, tmp_path):
    opened(cast, cast.ruth, tmp_path, SPEC | {"criteria": [*SPEC["criteria"], OPEN_LINE]})
    was = points_of(cast, cast.ruth)
    change_rules(cast, STRICT | {"criteria": [*STRICT["criteria"], OPEN_LINE]})
    rerun = begin(cast)
    (row,) = table_of(rerun)
    assert codes(row) == ["settled"]
    apply(cast, rerun)
    assert points_of(cast, cast.ruth) == was - Decimal("2.21") == Decimal(row["then"])
    assert "1.50 points that the staff gave for open lines stay" in GradeEvent.objects.last().reason


def test_points_given_for_lines_that_are_no_longer_open_hold_for_the_old_result_and_the_table_says_so(cast, tmp_path):
    opened(cast, cast.ruth, tmp_path, SPEC | {"criteria": [*SPEC["criteria"], OPEN_LINE]})
    change_rules(cast, SPEC)
    rerun = begin(cast)
    (row,) = table_of(rerun)
    assert codes(row) == ["settled_ends"]
    apply(cast, rerun)
    assert points_of(cast, cast.ruth) == Result.objects.get().earned == Decimal(row["then"])


def test_a_result_that_is_newer_than_the_one_that_was_looked_at_stays(three, tmp_path):
    change_rules(three)
    rerun = begin(three)
    item = RerunItem.objects.get(submission__person=three.daniel)
    run = item.submission.runs.get()
    newer = Result.objects.get(run=run)
    run.pk, run.id, run.job_ptr_id = None, None, None
    run.kind, run._state.adding = "run", True
    run.save()
    newer.pk, newer.run, newer._state.adding, newer.earned = None, run, True, Decimal("6.50")
    newer.save()
    assert "overtaken" in codes(row_of(table_of(rerun), three.daniel))
    apply(three, rerun)
    newer.refresh_from_db()
    assert (newer.earned, RerunItem.objects.get(pk=item.pk).state) == (Decimal("6.50"), "overtaken")


def test_rules_that_change_again_make_it_stale_and_it_can_only_be_discarded(three):
    change_rules(three)
    rerun = begin(three)
    change_rules(three, MILD)
    with pytest.raises(Conflict) as refused:
        apply(three, Rerun.objects.select_related("assignment").get(pk=rerun.pk))
    assert refused.value.code == "rerun_stale"
    rerun_discard(visit=three.visit(three.helen), rerun=rerun)
    assert Rerun.objects.get().status == RerunStatus.DISCARDED


def test_what_was_discarded_changes_nothing_and_keeps_its_table(three):
    change_rules(three)
    before = written(three)
    rerun = begin(three)
    rerun_discard(visit=three.visit(three.helen), rerun=rerun)
    kept = Rerun.objects.get()
    assert (written(three), len(kept.table), kept.counts["grades"]) == (before, 3, 3)


def test_one_at_a_time(three):
    begin(three)
    with pytest.raises(Conflict) as refused:
        begin(three)
    assert refused.value.code == "rerun_stands"


@pytest.mark.parametrize(
    ("kind", "reason", "code"),
    [("points", "", "reason_missing"), ("points", "short", "reason_too_short"), ("all", REASON, "unknown_kind")],
)
def test_bad_input_is_refused_with_a_code(three, kind, reason, code):
    with pytest.raises(BadInput) as refused:
        begin(three, kind, reason=reason)
    assert (refused.value.code, Rerun.objects.count()) == (code, 0)


def test_a_lab_without_a_result_has_nothing_to_run_again(cast):
    with pytest.raises(AppError) as refused:
        begin(cast)
    assert refused.value.code == "nothing_measured"


def test_the_tas_begin_none_apply_none_and_discard_none(three):
    with pytest.raises(Forbidden):
        begin(three, by=three.amit)
    rerun = begin(three)
    for action in (rerun_apply, rerun_discard):
        with pytest.raises(Forbidden) as refused:
            action(visit=three.visit(three.amit), rerun=rerun)
        assert refused.value.code == "instructors_only"


def test_the_table_of_moves_leads_from_each_state_to_an_end(db):
    ends = {one for one, onward in RERUN_MOVES.items() if not onward}
    assert set(RERUN_MOVES) == set(RerunStatus) == STANDS | ends
    assert all(RERUN_MOVES[one] for one in STANDS)


def test_the_table_makes_the_same_few_queries_for_three_and_for_one(cast, tmp_path, django_assert_max_num_queries):
    change_rules(cast, SPEC)
    for person in (cast.ruth, cast.daniel, cast.sofia):
        measured(cast, person, tmp_path)
    change_rules(cast)
    rerun = begin(cast)
    with django_assert_max_num_queries(14):
        table_of(rerun)
