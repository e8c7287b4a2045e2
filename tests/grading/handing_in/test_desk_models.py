"""A desk beside a model: which model stands, and which parts stand with it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grading.handing_in.hand_in_rules import attempts_left
from grading.models import GradeEvent, LateVerdict, Result, Run, Submission
from grading.models.assignments import ActiveRule
from grading.models.owners import Owner
from grading.services.handing_in import desk_hand_in
from grading.services.late_days import late_days_count
from grading.services.late_favours import extension_give
from grading.services.versions import attempt_choose
from hardware.models import Outcome
from tests.grading.handing_in.desks import active, desk, ended, lab_with
from tests.grading.handing_in.parts import REPORT, put_report
from tests.grading.late_days.test_late_days import due_ago, with_policy
from tests.people import hand_in, make_cast, onnx_like

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


def test_a_report_beside_a_model_keeps_the_model_and_its_points(cast, tmp_path):
    lab = lab_with(cast, REPORT)
    measured = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    ended(measured, Outcome.MEASURED, 5)
    put_report(cast.ruth, lab, tmp_path)
    made = desk_hand_in(person=cast.ruth, assignment=lab)
    assert (made.model_from, made.sha256, made.number) == (measured, "", 2)
    assert active(cast.ruth).pk == made.pk and Run.objects.count() == 1
    assert attempts_left(owner=Owner(cast.ruth), assignment=lab) == lab.attempts_allowed - 1


def test_a_report_that_comes_while_the_model_is_measured_counts_with_it(cast, tmp_path):
    lab = lab_with(cast, REPORT)
    waiting = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    put_report(cast.ruth, lab, tmp_path)
    made = desk(cast.ruth, lab)
    assert (made.counts, made.model_from) == (True, waiting)
    ended(waiting, Outcome.MEASURED, 3)
    made.refresh_from_db()
    assert made.counts is True and made.is_active


def test_of_two_models_the_better_one_counts_with_the_newest_report_beside_it(cast, tmp_path):
    lab = lab_with(cast, REPORT)
    good = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"1"), lab=lab)
    ended(good, Outcome.MEASURED, 6)
    put_report(cast.ruth, lab, tmp_path)
    worse = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2"), lab=lab)
    ended(worse, Outcome.MEASURED, 2)
    assert active(cast.ruth).pk == good.pk  # without the report: the page says so, and offers it
    made = desk(cast.ruth, lab)
    assert (active(cast.ruth).pk, made.model_from) == (made.pk, good)


def test_a_refused_model_takes_nothing_from_the_report_that_came_with_it(cast, tmp_path):
    lab = lab_with(cast, REPORT)
    put_report(cast.ruth, lab, tmp_path)
    attempt = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    ended(attempt, Outcome.REFUSED)
    attempt.refresh_from_db()
    assert (attempt.counts, attempt.spares_attempt, attempt.is_active) == (True, True, True)
    assert attempts_left(owner=Owner(cast.ruth), assignment=lab) == lab.attempts_allowed


def test_a_refused_model_alone_is_no_hand_in(cast, tmp_path):
    attempt = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    ended(attempt, Outcome.REFUSED)
    attempt.refresh_from_db()
    assert (attempt.counts, attempt.is_active) == (False, False)


def test_the_same_bytes_are_one_attempt_until_another_part_lies_beside_them(cast, tmp_path):
    lab = lab_with(cast, REPORT)
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    assert hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab).pk == first.pk
    put_report(cast.ruth, lab, tmp_path)
    made = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    assert (made.number, Run.objects.count()) == (2, 2)


def test_a_choice_goes_along_with_the_report_that_stands_beside_it(cast, tmp_path):
    lab = lab_with(cast, REPORT, active_rule=ActiveRule.CHOSEN)
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"1"), lab=lab)
    ended(first, Outcome.MEASURED, 6)
    ended(hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2"), lab=lab), Outcome.MEASURED, 2)
    attempt_choose(visit=cast.visit(cast.ruth), submission=first)
    put_report(cast.ruth, lab, tmp_path)
    made = desk(cast.ruth, lab)
    ended(hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"3"), lab=lab), Outcome.MEASURED, 7)
    assert (made.model_from, active(cast.ruth).pk) == (first, made.pk)


def test_a_measured_attempt_is_not_lost_to_a_later_report_without_one(cast, tmp_path):
    """The results of an attempt stay its own: the one that keeps its model shows them, and writes none."""
    lab = lab_with(cast, REPORT)
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    ended(first, Outcome.MEASURED, 4)
    put_report(cast.ruth, lab, tmp_path)
    desk(cast.ruth, lab)
    assert list(Result.objects.values_list("run__submission", flat=True)) == [first.pk]


def test_a_report_goes_along_with_the_model_that_turns_out_better_though_it_came_later(cast, tmp_path):
    lab = lab_with(cast, REPORT)
    put_report(cast.ruth, lab, tmp_path)
    ended(hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"1"), lab=lab), Outcome.MEASURED, 3)
    better = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2"), lab=lab)
    report = put_report(cast.ruth, lab, tmp_path)
    made = desk_hand_in(person=cast.ruth, assignment=lab)
    arrived = made.received_at
    ended(better, Outcome.MEASURED, 6)
    made.refresh_from_db()
    assert (made.is_active, made.model_from, made.received_at) == (True, better, arrived)
    assert made.pieces.get() == report and GradeEvent.objects.latest("pk").points == 6


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.INFRASTRUCTURE])
def test_the_report_that_came_with_a_model_that_failed_stands_beside_the_one_before(cast, tmp_path, outcome):
    lab = lab_with(cast, REPORT)
    put_report(cast.ruth, lab, tmp_path)
    good = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"1"), lab=lab)
    ended(good, Outcome.MEASURED, 3)
    put_report(cast.ruth, lab, tmp_path)
    failed = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2"), lab=lab)
    ended(failed, outcome)
    failed.refresh_from_db()
    assert (failed.is_active, failed.model, failed.counts) == (True, good, True)
    assert attempts_left(owner=Owner(cast.ruth), assignment=lab) == lab.attempts_allowed - 1


def test_after_a_fault_of_ours_the_same_file_is_measured_again(cast, tmp_path):
    lab = lab_with(cast, REPORT)
    put_report(cast.ruth, lab, tmp_path)
    ended(hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab), Outcome.INFRASTRUCTURE)
    again = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    assert (again.number, Run.objects.count()) == (2, 2)
    ended(again, Outcome.MEASURED, 5)
    assert active(cast.ruth).pk == again.pk


def test_the_measured_part_of_the_grade_follows_the_desk(cast, tmp_path):
    lab = lab_with(cast, REPORT, active_rule=ActiveRule.BEST)
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"1"), lab=lab)
    ended(first, Outcome.MEASURED, 5)
    second = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2"), lab=lab)
    ended(second, Outcome.MEASURED, 2)
    second.refresh_from_db()
    attempt_choose(visit=cast.visit(cast.helen), submission=second)  # staff had a reason
    put_report(cast.ruth, lab, tmp_path)
    made = desk_hand_in(person=cast.ruth, assignment=lab)
    assert (active(cast.ruth).pk, made.model_from) == (made.pk, second)
    assert GradeEvent.objects.latest("pk").points == 2
    ended(hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"3"), lab=lab), Outcome.MEASURED, 6)
    assert GradeEvent.objects.latest("pk").points == 6  # a model after the choice ends it


def test_what_the_late_policy_does_not_take_displaces_nothing_that_it_takes(cast, tmp_path):
    lab = lab_with(cast, REPORT, late_rules={"no_late": True})
    with_policy(cast)
    put_report(cast.ruth, lab, tmp_path)
    good = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"1"), lab=lab)
    ended(good, Outcome.MEASURED, 4)
    Submission.objects.filter(pk=good.pk).update(received_at=timezone.now() - timedelta(hours=2))
    lab = due_ago(lab, hours=1)
    ended(hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2"), lab=lab), Outcome.MEASURED, 7)
    assert active(cast.ruth).pk == good.pk
    put_report(cast.ruth, lab, tmp_path)
    desk(cast.ruth, lab)
    assert active(cast.ruth).pk == good.pk and LateVerdict.objects.get(person=cast.ruth).accepted
    extension_give(
        visit=cast.visit(cast.helen), assignment=lab, owners=[Owner(cast.ruth)], reason="ill", units=2
    )  # fmt: skip
    late_days_count(course=cast.course, people={cast.ruth.pk})
    assert active(cast.ruth).measured_pk != good.pk
