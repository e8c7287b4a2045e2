"""What leaves a course, when, and what holds it back."""

from datetime import UTC, datetime, timedelta

import pytest

from courseplatform.audit.models import AuditRow
from courseplatform.core.errors import AppError
from courseplatform.core.leaving import leaving_sweep
from courseplatform.core.models import GoneFile, LeavingFile
from courseplatform.courses.retention_kinds import KINDS
from courseplatform.keeping.models import Leaving
from courseplatform.keeping.retention.plan import plan_of
from courseplatform.keeping.retention.services import hold_begin, hold_end, policy_set
from courseplatform.keeping.retention.sweep import retention_sweep
from courseplatform.notices.models.notifications import Notification
from grading.services.runs import run_again
from tests.courseplatform.keeping.retention.builders import (
    LAST_DAY,
    at,
    audit_line,
    came_at,
    days,
    each_day,
    ended_course,
)
from tests.people import make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def line(cast, kind, now):
    return next(one for one in plan_of(cast.course, now) if one.kind.key == kind)


def told(cast):
    return list(
        Notification.objects.filter(kind="keeping", person=cast.helen).order_by("pk").values_list("title", "text")
    )


def test_a_model_leaves_a_year_and_a_day_after_the_last_day_and_never_before(cast, tmp_path):
    submission, piece = ended_course(cast, tmp_path)
    path = submission.model_file.path
    for day in (336, 359, 365):
        retention_sweep(now=days(day))
    submission.refresh_from_db()
    assert submission.model_file and "models" not in {
        row.kind for row in Leaving.objects.filter(ended_at__isnull=False)
    }
    retention_sweep(now=days(366))
    submission.refresh_from_db()
    piece.refresh_from_db()
    assert not submission.model_file and piece.file
    assert submission.size_bytes and submission.sha256 and submission.file_name
    assert GoneFile.objects.get(key=str(submission.pk)).field == "model_file"
    leaving_sweep(now=days(367))
    assert not (tmp_path / path).exists()


def test_instructors_are_told_thirty_and_seven_days_before_once_each(cast, tmp_path):
    ended_course(cast, tmp_path)
    Notification.objects.all().delete()
    for day in (335, 336, 337, 358, 359, 360, 365, 366):
        retention_sweep(now=days(day))
        retention_sweep(now=days(day, hour=13))
    about = [text for _, text in told(cast) if "- Models" in text]
    assert len(about) == 2
    assert all("9 May 2027" in text and "- Models: 1 file," in text for text in about)
    assert not Notification.objects.filter(kind="keeping", person=cast.amit).exists()


def test_a_course_that_ended_long_ago_has_thirty_days_from_the_first_mail(cast, tmp_path):
    submission, _ = ended_course(cast, tmp_path)
    for day in (900, 923, 929):
        assert retention_sweep(now=days(day)) == 0
    retention_sweep(now=days(930))
    submission.refresh_from_db()
    assert not submission.model_file


def test_a_site_that_was_off_for_weeks_gives_a_whole_week_after_its_late_mail(cast, tmp_path):
    submission, _ = ended_course(cast, tmp_path)
    retention_sweep(now=days(336))
    assert each_day(380, 386) == {}  # the second mail of models goes out on day 380 only
    submission.refresh_from_db()
    assert submission.model_file
    retention_sweep(now=days(387))
    submission.refresh_from_db()
    assert not submission.model_file


@pytest.mark.parametrize(
    ("zone", "hour_utc"), [("America/New_York", 4), ("Asia/Tokyo", -9), ("Pacific/Kiritimati", -14)]
)
def test_the_day_begins_at_midnight_in_the_zone_of_the_course(cast, tmp_path, zone, hour_utc):
    submission, _ = ended_course(cast, tmp_path)
    type(cast.course).objects.update(zone=zone)
    midnight = datetime(2027, 5, 9, tzinfo=UTC) + timedelta(hours=hour_utc)
    for day in (336, 359):
        retention_sweep(now=days(day, hour=9))  # the same day in all three zones
    retention_sweep(now=midnight - timedelta(minutes=1))
    submission.refresh_from_db()
    assert submission.model_file
    retention_sweep(now=midnight)
    submission.refresh_from_db()
    assert not submission.model_file


def test_the_dry_run_says_exactly_what_is_then_deleted(cast, tmp_path):
    _ = ended_course(cast, tmp_path)
    audit_line(cast, at(LAST_DAY + timedelta(days=100)))  # came later, and stays longer
    for kind in ("models", "reports", "mail", "audit"):
        cast.course.refresh_from_db()
        first = line(cast, kind, days(1))
        assert first.leaves_on == LAST_DAY + timedelta(days=KINDS[kind].days + 1)
    for kind in ("models", "reports"):
        promised = line(cast, kind, days(1))
        assert promised.total.count == 1 and promised.total.bytes > 0
    for day in (336, 359, 366, 701, 724, 731):
        retention_sweep(now=days(day))
    lines = {row.what for row in AuditRow.objects.filter(actor="The retention policy")}
    assert any(said.startswith("Deleted 1 file,") and said.endswith(": models") for said in lines)
    assert any(said.endswith(": reports, videos and other files") for said in lines)
    assert line(cast, "models", days(731)).total.count == 0


def test_what_came_late_stays_as_long_as_everything_else(cast, tmp_path):
    submission, _ = ended_course(cast, tmp_path)
    type(submission).objects.update(received_at=days(200))
    assert line(cast, "models", days(300)).later.count == 1
    for day in (336, 359, 366, 565):
        retention_sweep(now=days(day))
    submission.refresh_from_db()
    assert submission.model_file
    retention_sweep(now=days(566))
    submission.refresh_from_db()
    assert not submission.model_file


def test_a_sweep_that_is_stopped_after_any_batch_goes_on_and_counts_right(cast, tmp_path, monkeypatch):
    ended_course(cast, tmp_path)
    for _ in range(7):
        audit_line(cast, at(LAST_DAY))
    came_at(at(LAST_DAY))
    monkeypatch.setattr("courseplatform.keeping.retention.sweep.AT_ONCE", 2)
    for day in (371, 394):
        retention_sweep(now=days(day), batches=0)
    before = AuditRow.objects.filter(course=cast.course).count()
    while retention_sweep(now=days(401), batches=1):
        pass
    said = AuditRow.objects.filter(actor="The retention policy", what__endswith="the audit").get().what
    assert said.startswith(f"Deleted {before} lines")


def test_a_batch_that_fails_leaves_nothing_half_done(cast, tmp_path, monkeypatch):
    submission, _ = ended_course(cast, tmp_path)
    for day in (336, 359, 365):
        retention_sweep(now=days(day))

    def killed(*args, **more):
        raise RuntimeError("killed")

    monkeypatch.setattr("courseplatform.core.gone.GoneFile.objects.bulk_create", killed)
    with pytest.raises(RuntimeError):
        retention_sweep(now=days(366))
    submission.refresh_from_db()
    assert submission.model_file and not LeavingFile.objects.exists()
    monkeypatch.undo()
    retention_sweep(now=days(366))
    submission.refresh_from_db()
    assert not submission.model_file and LeavingFile.objects.count() == 1


def test_a_hold_keeps_everything_and_notices_begin_anew_after_it(cast, tmp_path):
    submission, _ = ended_course(cast, tmp_path)
    for day in (336, 359, 365):
        retention_sweep(now=days(day))
    hold_begin(visit=cast.visit(cast.helen), reason="an appeal")
    assert each_day(366, 368) == {}
    hold_end(visit=cast.visit(cast.helen))
    for day in (381, 404, 410):
        assert retention_sweep(now=days(day)) == 0
    retention_sweep(now=days(411))
    submission.refresh_from_db()
    assert not submission.model_file


def test_fewer_days_take_nothing_at_once_and_more_days_call_it_off(cast, tmp_path):
    submission, _ = ended_course(cast, tmp_path)
    policy_set(visit=cast.visit(cast.helen), days={"models": 100})
    assert line(cast, "models", days(200)).leaves_on == LAST_DAY + timedelta(days=230)
    for day in (200, 223, 229):
        retention_sweep(now=days(day))
    submission.refresh_from_db()
    assert submission.model_file
    policy_set(visit=cast.visit(cast.helen), days={"models": 300})
    retention_sweep(now=days(230))
    submission.refresh_from_db()
    assert submission.model_file
    assert line(cast, "models", days(230)).leaves_on == LAST_DAY + timedelta(days=301)


def test_days_outside_the_bounds_of_the_operators_are_refused(cast, settings):
    settings.RETENTION_LEAST_DAYS, settings.RETENTION_MOST_DAYS = 120, 1000
    for wrong in (119, 1001):
        with pytest.raises(AppError) as caught:
            policy_set(visit=cast.visit(cast.helen), days={"models": wrong})
        assert caught.value.code == "days_out_of_bounds"
    policy_set(visit=cast.visit(cast.helen), days={"models": 120})
    settings.RETENTION_LEAST_DAYS = 200
    assert line(cast, "models", days(1)).days == 200


def test_a_course_without_a_last_day_and_a_site_that_switched_it_off_delete_nothing(cast, tmp_path, settings):
    ended_course(cast, tmp_path)
    settings.RETENTION = False
    for day in (336, 359, 366):
        assert retention_sweep(now=days(day)) == 0
    settings.RETENTION = True
    type(cast.course).objects.update(ends_on=None)
    assert retention_sweep(now=days(2000)) == 0
    assert not Leaving.objects.exists()


def test_what_is_being_measured_stays_until_that_is_over(cast, tmp_path):
    submission, _ = ended_course(cast, tmp_path)
    run = submission.runs.get()
    run_again(visit=cast.visit(cast.helen), run=run)
    for day in (336, 359, 366, 370):
        retention_sweep(now=days(day))
    submission.refresh_from_db()
    assert submission.model_file


def test_a_model_that_is_gone_is_not_measured_again(cast, tmp_path):
    submission, _ = ended_course(cast, tmp_path)
    for day in (336, 359, 366):
        retention_sweep(now=days(day))
    with pytest.raises(AppError) as caught:
        run_again(visit=cast.visit(cast.helen), run=submission.runs.get())
    assert caught.value.code == "file_gone"
