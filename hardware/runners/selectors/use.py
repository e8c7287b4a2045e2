"""What the boards of a course did, summed for each kind of them and each day: for pages about a whole term. No row of a single job."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate

from courseplatform.courses.models import Course
from hardware.models import BoardLease, Duty, Purpose, Runner, RunnerHour

HOUR_S = 3600.0


@dataclass(frozen=True)
class DeviceDay:
    """All boards of one kind on one day, in hours; known: of which a row was kept."""

    device: str
    day: date
    known: float
    worked: float
    checked: float
    failed: float
    away: float


def device_days(course: Course, begun: datetime, ended: datetime, zone: ZoneInfo) -> list[DeviceDay]:
    """By the walls of `zone`. Until the last full hour; one query, at most a row for each kind and day."""
    rows = RunnerHour.objects.filter(runner__course=course, at__gte=begun, at__lt=ended).order_by()
    sums = rows.values("runner__device", day=TruncDate("at", tzinfo=zone)).annotate(
        known=Count("pk"), worked=Sum("worked_s"), checked=Sum("checked_s"), failed=Sum("failed_s"), away=Sum("away_s")
    )
    return [
        DeviceDay(
            row["runner__device"], row["day"], float(row["known"]),
            *(row[name] / HOUR_S for name in ("worked", "checked", "failed", "away")),
        )
        for row in sums
    ]  # fmt: skip


def device_boards(course: Course) -> dict[str, int]:
    """Device -> how many boards of it the course has that are not revoked. One query."""
    boards = Runner.objects.filter(course=course).exclude(status=Duty.REVOKED).order_by()
    return dict(boards.values("device").annotate(boards=Count("pk")).values_list("device", "boards"))


def device_jobs(course: Course, begun: datetime, ended: datetime) -> dict[str, int]:
    """Device -> how many models its boards were given in this time, golden ones and calibrations aside. One query."""
    spells = BoardLease.objects.filter(runner__course=course, at__gte=begun, at__lt=ended, job__purpose=Purpose.MEASURE)
    return dict(
        spells.order_by().values("runner__device").annotate(jobs=Count("pk")).values_list("runner__device", "jobs")
    )
