"""The figures of one board: what its time went into, its golden model over months, and how warm it was. Numbers and Plotly's JSON, no rows.

Colours are names of tokens, which static/js/plots.js fills in. Every figure says what is seen in it and has its table.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from courseplatform.core import numbers
from hardware.models import HealthCheck, RunnerHour
from hardware.runners.health import farthest, percent_off

Json = dict[str, Any]
HEIGHT = 240
KINDS = (
    ("worked", "measured", "--plot-1"),
    ("checked", "checks", "--plot-5"),
    ("failed", "faults", "--plot-2"),
    ("away", "away", "--plot-0"),
)
CUT = timedelta(minutes=10)  # a longer gap between samples cuts the line
MOST_POINTS = 480
SHORT = timedelta(hours=2)
BAR_SHARE = 0.85  # of its day or hour; said in milliseconds, since a bar alone would else be one millisecond wide


@dataclass(frozen=True)
class Mark:
    """Something that happened, on the axis of time."""

    at: datetime
    words: str


@dataclass(frozen=True)
class Figure:
    """finding: what is seen. how: of what it is made. keys: (token, word) of what is coloured. plot: None where there is nothing to draw."""

    slug: str
    title: str
    finding: str
    how: str = ""
    keys: list[tuple[str, str]] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    plot: Json | None = None
    height: int = HEIGHT


def use_figure(
    hours: Sequence[RunnerHour], *, by_day: bool, span: str, zone: ZoneInfo, since: datetime | None = None
) -> Figure:
    """Hours of work, checks, faults and absence, by day or by hour. hours: in order. span: "the last 7 days". since: where the axis begins at the latest."""
    bars: dict[datetime, dict[str, float]] = {}
    for one in hours:
        local = one.at.astimezone(zone)
        bar = bars.setdefault(
            local.replace(hour=0, minute=0, second=0, microsecond=0) if by_day else local,
            dict.fromkeys([name for name, *_ in KINDS], 0.0),
        )
        for name, *_ in KINDS:
            bar[name] += getattr(one, f"{name}_s")
    if not bars:
        return Figure("use", "Use", "Nothing is known of this time yet.", "An hour after it enrolled, it is.")
    sums = {name: sum(bar[name] for bar in bars.values()) for name, *_ in KINDS}
    whole = 3600.0 * len(hours)
    unit, of = ("hours", 3600.0) if by_day else ("minutes", 60.0)
    half = timedelta(hours=12) if by_day else timedelta(minutes=30)
    at = [moment.isoformat() for moment in bars]
    traces = [
        {"type": "bar", "x": at, "y": [round(bar[name] / of, 2) for bar in bars.values()], "name": word, "marker": {"color": colour},
         "width": BAR_SHARE * 2000 * half.total_seconds(), "hovertemplate": f"%{{x|%b %-d, %H:%M}}: %{{y:.3g}} {unit}, {word}<extra></extra>"}
        for name, word, colour in KINDS
    ]  # fmt: skip
    highest = max(sum(bar.values()) for bar in bars.values()) / of
    begins = min(since.astimezone(zone), *bars) if since is not None else min(bars)
    layout = {
        "barmode": "stack",
        "yaxis": {"title": {"text": f"{unit} of each {'day' if by_day else 'hour'}"}, "range": [0, max(1.05 * highest, 1)]},
        "xaxis": {"type": "date", "hoverformat": "%b %-d, %H:%M", "range": [(begins - half).isoformat(), (max(bars) + half).isoformat()]},
    }  # fmt: skip
    when = "%a %b %-d" if by_day else "%a %b %-d, %H:%M"
    rows = [[f"{moment:{when}}", *(f"{bar[name] / of:.2f}" for name, *_ in KINDS)] for moment, bar in bars.items()]
    finding = _use_finding(sums, whole, _known(hours, span, since))
    return Figure(
        "use", "Use", finding, "The rest of the time it waited for work.", [(colour.strip("-"), word) for _, word, colour in KINDS],
        ["Day" if by_day else "Hour", *(f"{word}, {'h' if by_day else 'min'}" for _, word, _ in KINDS)], rows, {"data": traces, "layout": layout},
    )  # fmt: skip


def _known(hours: Sequence[RunnerHour], span: str, since: datetime | None) -> str:
    """Of which time the finding speaks: of a board that came in the middle of it, of what is known of that board."""
    if since is None or hours[0].at < since + timedelta(hours=2):
        return span
    return f"its first {numbers.span(timedelta(hours=len(hours))) if len(hours) > 1 else 'hour'}"


def _worked(seconds: float, percent: float) -> str:
    """12 % of; 4 min of, where that would be 0 %; nothing in."""
    if percent >= 0.5:
        return f"{percent:.0f} % of"
    return f"{numbers.span(timedelta(seconds=seconds))} of" if seconds >= 1 else "nothing in"


def _use_finding(sums: dict[str, float], whole: float, span: str) -> str:
    share = {name: 100 * seconds / whole for name, seconds in sums.items()}
    said = f"It measured {_worked(sums['worked'], share['worked'])} {span}"
    more = [
        f"{share[name]:.0f} % {word}"
        for name, word in (("failed", "went into faults"), ("away", "it was away"))
        if share[name] >= 0.5
    ]
    return f"{said}; {' and '.join(more)}." if more else f"{said}."


def golden_figure(checks: Sequence[HealthCheck], marks: Iterable[Mark], zone: ZoneInfo) -> Figure:
    """The golden model over months beside the board's own baseline. checks: in order; the band is drawn anew for each model and runtime."""
    timed = [one for one in checks if one.p50_ms is not None]
    if not timed:
        return Figure(
            "checks",
            "Golden model",
            "It was not measured yet.",
            "It is at enrolment, after a start, a change or a fault, daily and after 50 runs.",
        )
    last = timed[-1]
    alike = [one for one in timed if one.model == last.model]
    band = [one for one in alike if one.baseline_ms is not None]
    x = [_local(one.at, zone) for one in band]
    edges = [(_scaled(band, farthest()), None), (_scaled(band, 1 / farthest()), "tonexty")]
    traces: list[Json] = [
        {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": {"width": 0, "shape": "hv", "color": "--plot-1-soft"}, "fill": fill,
         "fillcolor": "--plot-1-soft", "hoverinfo": "skip"}
        for y, fill in edges
    ]  # fmt: skip
    for is_well, colour, symbol in ((True, "--plot-1", "circle"), (False, "--plot-2", "x")):
        found = [one for one in timed if one.is_well == is_well]
        traces.append({
            "type": "scatter", "mode": "markers", "x": [_local(one.at, zone) for one in found], "y": [one.p50_ms for one in found],
            "marker": {"color": colour, "symbol": symbol, "size": 7}, "customdata": [one.said for one in found],
            "hovertemplate": "%{x|%b %-d, %H:%M}: %{customdata}<extra></extra>",
        })  # fmt: skip
    times = [one.p50_ms or 0.0 for one in timed]
    low, high = min([*times, *edges[1][0]]) * 0.96, max([*times, *edges[0][0]]) * 1.04
    traces.append(_marks_trace([mark for mark in marks if mark.at >= timed[0].at], low, zone))
    xaxis: Json = {"type": "date"}
    if timed[-1].at - timed[0].at < SHORT:  # its own choice would be an axis of fractions of a second
        xaxis["range"] = [_local(timed[0].at - SHORT, zone), _local(timed[-1].at + SHORT, zone)]
    layout = {"yaxis": {"title": {"text": "median, ms"}, "range": [low, high]}, "xaxis": xaxis}
    rows: list[list[Any]] = [
        [f"{one.at.astimezone(zone):%b %-d, %H:%M}", _shown(one.p50_ms, 2), _shown(one.baseline_ms, 2), "well" if one.is_well else "not well", one.model]
        for one in reversed(timed)
    ]  # fmt: skip
    return Figure(
        "checks", "Golden model", _golden_finding(alike), f"{last.model}; the axis does not begin at zero.",
        [("plot-1", "within the band"), ("plot-2", "beyond it"), ("plot-1-soft", f"baseline, {percent_off()} % up and down"), ("plot-4", "something changed")],
        ["When", "Median, ms", "Baseline, ms", "State", "Model"], rows[:200], {"data": traces, "layout": layout},
    )  # fmt: skip


def _golden_finding(checks: Sequence[HealthCheck]) -> str:
    if len(checks) == 1:
        return "One check, from which its baseline begins."
    off = [abs(one.ratio - 1) * 100 for one in checks if one.ratio is not None and one.is_well]
    bad = sum(not one.is_well for one in checks)
    stayed = f"{'the others' if bad else 'all'} stayed within {max(off):.1f} %" if off else "none beside a baseline yet"
    return f"{len(checks)} checks, {bad or 'none'} beyond its baseline; {stayed}."


def _scaled(checks: Sequence[HealthCheck], by: float) -> list[float]:
    return [round((one.baseline_ms or 0.0) * by, 4) for one in checks]


def _marks_trace(marks: Sequence[Mark], y: float, zone: ZoneInfo) -> Json:
    return {
        "type": "scatter", "mode": "markers", "x": [_local(mark.at, zone) for mark in marks], "y": [y] * len(marks), "cliponaxis": False,
        "marker": {"symbol": "diamond", "size": 9, "color": "--plot-4"}, "customdata": [mark.words for mark in marks],
        "hovertemplate": "%{x|%b %-d, %H:%M}: %{customdata}<extra></extra>",
    }  # fmt: skip


@dataclass(frozen=True)
class Point:
    """How a board was at one moment, or over a stretch: the warmest and the slowest of it."""

    at: datetime
    temperature_c: float | None
    clock_mhz: float | None
    is_throttled: bool


def heat_figure(
    points: Sequence[Point], marks: Iterable[Mark], *, span: str, gap: timedelta, zone: ZoneInfo, how: str = ""
) -> Figure:
    """Temperature above, clock below, on one axis of time. gap: between neighbours of one line at most. how: what each point is."""
    known = [one for one in points if one.temperature_c is not None or one.clock_mhz is not None]
    if len(known) < 2:
        return Figure(
            "heat",
            "Temperature and clock",
            "Nothing is known of this time yet.",
            "A board that has no sensor says nothing of itself.",
        )
    x, heats, clocks = _cut(known, gap, zone)
    hot = [one for one in known if one.is_throttled and one.temperature_c is not None]
    axis = {
        "gridcolor": "--grid",
        "linecolor": "--line-2",
        "zerolinecolor": "--line-2",
        "tickfont": {"size": 12, "color": "--ink-3"},
        "fixedrange": True,
    }
    line: Json = {"type": "scatter", "mode": "lines", "x": x, "connectgaps": False}
    traces = [
        line | {"y": heats, "line": {"color": "--plot-2", "width": 1.5}, "hovertemplate": "%{x|%b %-d, %H:%M}: %{y:.1f} °C<extra></extra>"},
        line | {"y": clocks, "yaxis": "y2", "line": {"color": "--plot-1", "width": 1.5}, "hovertemplate": "%{x|%b %-d, %H:%M}: %{y:.0f} MHz<extra></extra>"},
        {"type": "scatter", "mode": "markers", "x": [_local(one.at, zone) for one in hot], "y": [one.temperature_c for one in hot],
         "marker": {"symbol": "triangle-up", "size": 8, "color": "--bad"}, "hovertemplate": "%{x|%b %-d, %H:%M}: slowed down<extra></extra>"},
        _marks_trace([mark for mark in marks if known[0].at <= mark.at <= known[-1].at], 20, zone),
    ]  # fmt: skip
    layout = {
        "xaxis": {"type": "date", "anchor": "y2"}, "yaxis": {"title": {"text": "°C above, MHz below"}, "domain": [0.46, 1], "range": [20, 90]},
        "yaxis2": axis | {"domain": [0, 0.36], "rangemode": "tozero", "nticks": 4}, "margin": {"l": 48},
    }  # fmt: skip
    rows: list[list[Any]] = [
        [f"{one.at.astimezone(zone):%b %-d, %H:%M}", _shown(one.temperature_c, 1), _shown(one.clock_mhz, 0), "yes" if one.is_throttled else ""]
        for one in reversed(known)
    ]  # fmt: skip
    return Figure(
        "heat", "Temperature and clock", _heat_finding(known, span), how,
        [("plot-2", "temperature"), ("plot-1", "clock"), ("bad", "slowed down"), ("plot-4", "something changed")],
        ["When", "°C", "MHz", "Slowed down"], rows[:200], {"data": traces, "layout": layout}, 300,
    )  # fmt: skip


def _heat_finding(known: Sequence[Point], span: str) -> str:
    heats = [one.temperature_c for one in known if one.temperature_c is not None]
    slow = sum(one.is_throttled for one in known)
    said = (
        f"{min(heats):.0f} to {max(heats):.0f} °C in {span}"
        if heats
        else f"It says no temperature; its clock in {span}"
    )
    return f"{said}; slowed down in {slow} of {len(known)} moments." if slow else f"{said}; never slowed down."


def _shown(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _cut(
    points: Sequence[Point], gap: timedelta, zone: ZoneInfo
) -> tuple[list[str], list[float | None], list[float | None]]:
    """The line, with nothing where there is a gap."""
    x: list[str] = []
    heats: list[float | None] = []
    clocks: list[float | None] = []
    last = points[0].at
    for one in points:
        if one.at - last > gap:
            x, heats, clocks = [*x, _local(last + gap / 2, zone)], [*heats, None], [*clocks, None]
        x.append(_local(one.at, zone))
        heats.append(one.temperature_c)
        clocks.append(one.clock_mhz)
        last = one.at
    return x, heats, clocks


def _local(moment: datetime, zone: ZoneInfo) -> str:
    """As Plotly reads it: wall time without a zone, so that the axis shows that of the course and not of the browser."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """Not more than so many, each the warmest and slowest of its stretch: a peak is never lost."""
    if len(points) <= most:
        return list(points)
    size = -(-len(points) // most)
    return [_worst(points[at : at + size]) for at in range(0, len(points), size)]


def _worst(points: Sequence[Point]) -> Point:
    heats = [one.temperature_c for one in points if one.temperature_c is not None]
    clocks = [one.clock_mhz for one in points if one.clock_mhz is not None]
    return Point(
        points[-1].at, max(heats, default=None), min(clocks, default=None), any(one.is_throttled for one in points)
    )
