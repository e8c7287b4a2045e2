"""A course that has ended, with a model, a report, messages and lines of the audit."""

from datetime import UTC, date, datetime, time, timedelta

from courseplatform.audit.models import Act, AuditRow
from courseplatform.keeping.retention.sweep import retention_sweep
from courseplatform.notices.models.notifications import Notification
from grading.models import Run, Submission
from grading.models.pieces import Piece
from hardware import leases
from hardware.models import Job
from tests.grading.handing_in.parts import piece_of

LAST_DAY = date(2026, 5, 8)


def ended_course(cast, folder):
    """Ruth handed in a model and a report while it was held; the run of her model is over. Gives both."""
    piece = piece_of(cast, cast.ruth, folder)
    submission = Submission.objects.get(person=cast.ruth)
    leases.job_cancel(Job.objects.get(pk=Run.objects.get(submission=submission).pk), by="test")
    cast.course.starts_on, cast.course.ends_on = date(2026, 1, 12), LAST_DAY
    cast.course.save()
    came_at(at(LAST_DAY - timedelta(days=20)))
    return submission, piece


def came_at(moment):
    """Everything that is here came then."""
    Submission.objects.update(received_at=moment)
    Piece.objects.update(saved_at=moment)
    Notification.objects.update(made_at=moment, mail_after=None)
    AuditRow._base_manager.update(at=moment)


def audit_line(cast, moment):
    return AuditRow.objects.create(course=cast.course, actor="amit@example.edu", act=Act.SAW, what="A grade", at=moment)


def at(day, hour=12):
    return datetime.combine(day, time(hour), tzinfo=UTC)


def days(count, hour=12):
    """The instant so many days after the last day of the course."""
    return at(LAST_DAY + timedelta(days=count), hour)


def each_day(first, last, **more):
    """The sweep of every day, as beat wakes it. Returns how much went on which."""
    return {day: gone for day in range(first, last + 1) if (gone := retention_sweep(now=days(day), **more))}
