"""What the analytics of a course say of the line of runs: waits, the nights on which work was due, faults of ours. Summed by the database."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Case, Count, DurationField, ExpressionWrapper, F, IntegerField, Q, Sum, Value, When
from django.db.models.functions import Coalesce, TruncDate, TruncMinute

from courseplatform.courses.models import Course
from grading.analytics.course_drawn import Work
from grading.analytics.course_span import Span
from grading.analytics.devices import HostUse
from grading.analytics.quantiles import HALF, NINE_TENTHS
from grading.analytics.waits import AFTER, BEFORE, Night, Ours, Waits, line_of
from grading.models.runs import Run
from grading.selectors.analytics_ranked import Ranked, ranked
from hardware.models import Outcome, Priority

PARTS = (HALF, NINE_TENTHS)
WAIT = ExpressionWrapper(F("started_at") - F("queued_at"), output_field=DurationField())


def runs_of(course: Course) -> Any:
    """Those that somebody waits for: not what the staff have measured again."""
    return Run.objects.filter(submission__assignment__course=course, priority__lt=Priority.BESIDE).order_by()


def _came(course: Course, span: Span) -> Any:
    return runs_of(course).filter(queued_at__gte=span.starts_at, queued_at__lt=span.ends_at)


def _waits(found: Ranked) -> Waits:
    return Waits(found.count, {place: max(wait.total_seconds(), 0.0) for place, wait in found.values.items()})


def waits_of(course: Course, span: Span) -> tuple[dict[date, Waits], Waits | None]:
    """By the day on which runs came into the line, and of all of them. Two queries."""
    rows = _came(course, span).filter(started_at__isnull=False).annotate(day=TruncDate("queued_at", tzinfo=span.zone))
    whole = ranked(rows, WAIT, PARTS).get(None)
    by_day = {day: _waits(one) for day, one in ranked(rows, WAIT, PARTS, of="day").items()}
    return by_day, _waits(whole) if whole else None


def nights_of(course: Course, works: Sequence[Work], span: Span) -> list[Night]:
    """One for each due time in the span; work that is due at once shares one. Two queries, none where nothing is due."""
    dues: dict[datetime, list[Work]] = defaultdict(list)
    for work in works:
        if work.due_at is not None and span.holds(span.wall(work.due_at).date()):
            dues[work.due_at].append(work)
    moments = sorted(dues)
    if not moments:
        return []
    # A run that came near two due times belongs to the earlier one.
    nights = [
        When(Q(queued_at__gte=at - BEFORE, queued_at__lt=at + AFTER), then=Value(n)) for n, at in enumerate(moments)
    ]
    rows = (
        runs_of(course)
        .annotate(night=Case(*nights, default=None, output_field=IntegerField()))
        .filter(night__isnull=False)
    )
    came, left = _by_minute(rows, moments)
    waits = ranked(rows.filter(started_at__isnull=False), WAIT, PARTS, of="night")
    return [
        Night(
            _named(dues[at]), span.wall(at), line_of(came[n], left[n]), sum(came[n].values()), _waits(waits[n]) if n in waits else None,
        )
        for n, at in enumerate(moments)
    ]  # fmt: skip


def _named(works: Sequence[Work]) -> Work:
    first = works[0]
    return Work(
        first.pk, f"{first.short} and {len(works) - 1} more" if len(works) > 1 else first.short, first.due_at, first.url
    )


Minutes = dict[int, dict[int, int]]  # night -> minutes from its due time -> how many runs


def _by_minute(rows: Any, moments: Sequence[datetime]) -> tuple[Minutes, Minutes]:
    """When runs came, and when they left the line: measured, or over without it. One query."""
    left_at = Coalesce("started_at", "finished_at")
    came = rows.values_list("night", TruncMinute("queued_at"), Value(0)).annotate(count=Count("pk"))
    left = rows.annotate(left_at=left_at).filter(left_at__isnull=False)
    left = left.values_list("night", TruncMinute("left_at"), Value(1)).annotate(count=Count("pk"))
    found: tuple[Minutes, Minutes] = (defaultdict(dict), defaultdict(dict))
    for night, minute, which, count in came.union(left, all=True):
        found[which][night][int((minute - moments[night]).total_seconds() // 60)] = count
    return found


def ours_of(course: Course, span: Span) -> list[Ours]:
    """One query."""
    lost = Count("pk", filter=Q(outcome=Outcome.INFRASTRUCTURE))
    rows = _came(course, span).values_list(TruncDate("queued_at", tzinfo=span.zone))
    return [Ours(*row) for row in rows.annotate(runs=Count("pk"), lost=lost, again=Sum("faults"))]


def host_use(course: Course, span: Span) -> HostUse:
    """What workers of the site spent on runs of the course, also on what was measured again. One query."""
    rows = Run.objects.filter(
        submission__assignment__course=course, started_at__gte=span.starts_at, started_at__lt=span.ends_at, finished_at__isnull=False
    )  # fmt: skip
    took = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
    found = rows.order_by().aggregate(jobs=Count("pk"), took=Sum(took))
    return HostUse(found["jobs"], found["took"].total_seconds() / 3600 if found["took"] else 0.0)
