"""What the figures of one board are drawn from: its hours, samples and checks in a span of time, and what changed on it. Reads alone."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from courseplatform.core.errors import NotHere
from hardware.models import Happened, Health, Runner, RunnerSample
from hardware.runners.figures import CUT, Figure, Mark, Point, golden_figure, heat_figure, thinned, use_figure
from hardware.runners.hours import HOUR, floor, hours_until

CHECKS_DRAWN, MARKS_DRAWN = 600, 200
LONGEST = timedelta(days=200)
SPANS = {"day": "24 hours", "week": "7 days", "term": "the term"}
FIGURES = ("use", "checks", "heat")


def span_of(word: str, usual: str) -> str:
    return word if word in SPANS else usual


def _since(runner: Runner, span: str, now: datetime) -> datetime:
    if span == "day":
        return floor(now - timedelta(hours=23))
    if span == "week":
        return runner.course.wall(now.astimezone(runner.course.tz).date() - timedelta(days=6), time())
    first = runner.course.wall(runner.course.starts_on, time()) if runner.course.starts_on else now - LONGEST
    return max(min(first, now - timedelta(days=7)), now - LONGEST)


def _said(span: str) -> str:
    return "the term" if span == "term" else f"the last {SPANS[span]}"


def figure_of(runner: Runner, slug: str, span: str, now: datetime) -> Figure:
    """slug: one of FIGURES. span: a key of SPANS. Raises NotHere."""
    zone = runner.course.tz
    if slug == "use":
        chosen = span_of(span, "week")
        begins = _since(runner, chosen, now)
        return use_figure(
            hours_until(runner, begins, now), by_day=chosen != "day", span=_said(chosen), zone=zone,
            since=begins if chosen != "term" else None,
        )  # fmt: skip
    if slug == "checks":
        checks = list(runner.checks.filter(at__gt=now - LONGEST).order_by("-at", "-pk")[:CHECKS_DRAWN])
        return golden_figure(checks[::-1], marks_of(runner, now - LONGEST), zone)
    if slug == "heat":
        chosen = span_of(span, "day")
        since = _since(runner, chosen, now)
        points, gap = (
            (_of_samples(runner, since), CUT) if chosen == "day" else (_of_hours(runner, since, now), 2 * HOUR)
        )
        how = "" if chosen == "day" else "Of each hour the warmest and the slowest."
        return heat_figure(thinned(points), marks_of(runner, since), span=_said(chosen), gap=gap, zone=zone, how=how)
    raise NotHere("There is no such figure of a runner.")


def _of_samples(runner: Runner, since: datetime) -> list[Point]:
    found = RunnerSample.objects.filter(runner=runner, at__gte=since).order_by("at")
    return [
        Point(at, heat, clock, bool(slow))
        for at, heat, clock, slow in found.values_list("at", "temperature_c", "clock_mhz", "is_throttled")
    ]


def _of_hours(runner: Runner, since: datetime, now: datetime) -> list[Point]:
    return [Point(one.at, one.hottest_c, one.slowest_mhz, one.throttled > 0) for one in hours_until(runner, since, now)]


def marks_of(runner: Runner, since: datetime) -> list[Mark]:
    """What changed on it, and when a person cleared it, in order."""
    events = runner.events.filter(at__gte=since).order_by("-at")[:MARKS_DRAWN]
    marks = [Mark(one.at, _words(Happened(one.what).label, one.said)) for one in events]
    cleared = runner.health_moves.filter(at__gte=since, moved_from=Health.BAD, moved_to=Health.UNKNOWN).order_by("-at")
    marks += [Mark(one.at, _words("cleared", one.why)) for one in cleared[:MARKS_DRAWN]]
    return sorted(marks, key=lambda mark: mark.at)


def _words(what: str, said: str) -> str:
    return f"{what}: {said}" if said else what


CSV_COLUMNS = {
    "use": (
        "hour_begins", "worked_s", "checked_s", "failed_s", "away_s", "samples", "throttled", "temperature_c", "hottest_c", "clock_mhz", "slowest_mhz",
        "power_w",
    ),
    "checks": ("at", "model", "p50_ms", "baseline_ms", "ratio", "is_well", "said"),
    "heat": ("at", "temperature_c", "clock_mhz", "is_throttled", "power_w"),
}  # fmt: skip


def csv_rows(runner: Runner, slug: str) -> Iterator[list[Any]]:
    """Everything that is kept, not only what is drawn. Times in UTC."""
    columns = CSV_COLUMNS[slug]
    fields = ("at", *columns[1:]) if slug == "use" else columns
    found: Any = {"use": runner.hours, "checks": runner.checks, "heat": runner.samples}[slug]
    for row in found.order_by("at").values_list(*fields).iterator(1000):
        yield [row[0].isoformat(), *("" if value is None else value for value in row[1:])]
