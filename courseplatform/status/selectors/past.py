"""What was: samples of an evening, incidents, the last thirty days. Asked at most once a minute by each process."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import TruncHour
from django.utils import timezone

from courseplatform.courses.models import Course
from courseplatform.status.hooks import Due, registry
from courseplatform.status.models import Deed, Incident, Sample
from courseplatform.status.selectors.now import Shared

EVENING, DAYS = timedelta(hours=6), 30
LIVE = "oldest_s.live_runs"
Series = dict[str, list[tuple[datetime, float]]]


@dataclass(frozen=True)
class Past:
    """The last six hours and the last thirty days. watched: minutes in which somebody looked, by the hour (UTC). zone: in which most courses
    are; "": none is known."""

    at: datetime
    series: Series
    incidents: list[Incident]
    deeds: list[Deed]
    watched: dict[datetime, int]
    dues: list[Due]
    zone: str


def compute() -> Past:
    """Seven queries."""
    now = timezone.now()
    return Past(
        at=now, series=series_between(now - EVENING, now), incidents=incidents_since(now - timedelta(days=DAYS)), deeds=list(Deed.objects.all()[:20]),
        watched=watched_since(now - timedelta(days=DAYS)), dues=dues_between(now - EVENING, now + EVENING), zone=common_zone(),
    )  # fmt: skip


def series_between(start: datetime, end: datetime, names: tuple[str, ...] = ()) -> Series:
    """Samples by name, in order of time. names: those alone. One query."""
    found: Series = defaultdict(list)
    rows = Sample.objects.filter(at__gte=start, at__lte=end).exclude(name="watched").order_by("at")
    for name, at, value in (rows.filter(name__in=names) if names else rows).values_list("name", "at", "value"):
        found[name].append((at, value))
    return dict(found)


def incidents_since(since: datetime, until: datetime | None = None) -> list[Incident]:
    """Public ones and alerts that were open at any time since then, the newest first; 200 at most. One query."""
    rows = Incident.objects.filter(Q(closed_at=None) | Q(closed_at__gte=since))
    return list((rows.filter(opened_at__lte=until) if until else rows)[:200])


def watched_since(since: datetime) -> dict[datetime, int]:
    """One query."""
    rows = Sample.objects.filter(name="watched", at__gte=since).annotate(hour=TruncHour("at", tzinfo=UTC))
    return dict(rows.values("hour").annotate(many=Count("pk")).values_list("hour", "many"))


def dues_between(start: datetime, end: datetime) -> list[Due]:
    return [due for read in registry.dues.values() for due in read(start, end)]


def common_zone() -> str:
    """The zone of most published courses, for visitors. One query."""
    rows = Course.objects.filter(is_published=True).exclude(zone="").values("zone").annotate(many=Count("pk"))
    found = rows.order_by("-many", "zone").values_list("zone", flat=True).first()
    return str(found or "")


def days_of(past: Past, zone: tzinfo) -> list[dict[str, Any]]:
    """The last thirty days of this zone: how many minutes were watched, and how much of a day nobody could work."""
    today = past.at.astimezone(zone).date()
    watched: dict[date, int] = defaultdict(int)
    for hour, many in past.watched.items():
        watched[hour.astimezone(zone).date()] += many
    days = []
    for back in range(DAYS - 1, -1, -1):
        day = today - timedelta(days=back)
        start = datetime.combine(day, time(), zone)
        down_s = down_seconds(past.incidents, start, min(start + timedelta(days=1), past.at))
        days.append({"day": day, "watched": watched[day], "down_s": down_s, "down_share": min(down_s / 86400, 1.0)})
    return days


def down_seconds(incidents: list[Incident], start: datetime, end: datetime) -> float:
    """For how long of this time nobody could work; incidents that overlap count once."""
    spans = sorted((max(one.opened_at, start), min(one.closed_at or end, end)) for one in incidents if one.is_down)
    total, reached = 0.0, start
    for begun, ended in spans:
        if ended > max(begun, reached):
            total, reached = total + (ended - max(begun, reached)).total_seconds(), ended
    return total


def nights(zone: tzinfo) -> list[date]:
    """Evenings of this zone of which samples are kept, the newest first; one goes from noon to noon. One query."""
    hours = Sample.objects.filter(name=LIVE).order_by().values_list(TruncHour("at", tzinfo=zone), flat=True).distinct()
    return sorted({(hour.replace(tzinfo=None) - timedelta(hours=12)).date() for hour in hours}, reverse=True)


past = Shared("status.past", 60.0, compute)
