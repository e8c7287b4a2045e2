"""How long runs waited in line, how long the line was on the nights on which work was due, and which failures were ours. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import log10

from courseplatform.core import numbers
from grading.analytics.chart import Chart
from grading.analytics.course_drawn import TONES, Work, bars, many, over_days, percent, whole_axis
from grading.analytics.course_span import Span
from grading.analytics.quantiles import HALF, NINE_TENTHS, quantile
from grading.figure import QUIET, Json, label

KEY, TITLE, HEIGHT = "waits", "Waiting in line", 280
NIGHTS_KEY, NIGHTS_TITLE = "nights", "The line on due nights"
OURS_KEY, OURS_TITLE = "ours", "Failures that were ours"
BEFORE, AFTER, STEP = timedelta(hours=6), timedelta(hours=3), timedelta(minutes=5)
DRAWN = 4  # lines that can be told apart
SHORT_S = 1.0  # what waits less is drawn at one second: the axis is logarithmic
TICKS = (
    (1, "1 s"),
    (10, "10 s"),
    (60, "1 min"),
    (600, "10 min"),
    (3600, "1 h"),
    (36_000, "10 h"),
    (345_600, "4 days"),
    (3_456_000, "40 days"),
)
NOTE = "From when a run came into the line to when its measuring began, by the day on which it came. Vertical lines: due times."
COLUMNS = ("Day", "Runs", "Median wait", "Nine in ten under", "Longest wait")
NIGHT_COLUMNS = ("Due", "Runs that came", "Most in line", "At", "Median wait", "Nine in ten under", "Longest wait")
KEYS, LOW = "grading/analytics/_course_keys.html", 220
OURS_KEYS = (("plot-2", "lost"), ("plot-0", "faults, begun again"))
WAIT_KEYS = (("plot-1", "median"), ("plot-5", "nine in ten under"))
NIGHT_NOTE = "Runs of this course alone, counted at the end of each minute, from six hours before a due time to three after it. Drawn: the four longest lines."


@dataclass(frozen=True)
class Waits:
    """Of so many runs, the waits in seconds. ranked: place in their order, from 1, -> wait: those that the quantiles need, and the longest."""

    count: int
    ranked: Mapping[int, float]

    @property
    def median(self) -> float:
        return quantile(self.ranked, self.count, HALF)

    @property
    def ninth(self) -> float:
        """What nine in ten did not exceed."""
        return quantile(self.ranked, self.count, NINE_TENTHS)

    @property
    def longest(self) -> float:
        return self.ranked[self.count]


@dataclass(frozen=True)
class Night:
    """One due time. in_line: minutes from it (less than 0: before) -> how many runs waited at its end, where that changed. waits: None: nobody came."""

    work: Work
    due_at: datetime
    in_line: Mapping[int, int]
    came: int
    waits: Waits | None = None

    @property
    def most(self) -> int:
        return max(self.in_line.values(), default=0)

    @property
    def most_at(self) -> int | None:
        return min((minute for minute, count in self.in_line.items() if count == self.most), default=None)


@dataclass(frozen=True)
class Ours:
    """What failed on one day through a fault of ours. lost: runs that ended so. again: leases that were begun again, and went well then or not."""

    day: date
    runs: int
    lost: int
    again: int


def length(seconds: float) -> str:
    """42 s, 3 min 10 s; under ten seconds with a digit: 0.4 s."""
    return f"{seconds:.1f}{numbers.WHOLE}s" if seconds < 10 else numbers.span(timedelta(seconds=round(seconds)))


def waits_chart(by_day: Mapping[date, Waits], span: Span, works: Sequence[Work], whole: Waits | None) -> Chart:
    """whole: of all runs of the span."""
    if not by_day or whole is None:
        return Chart(
            KEY,
            TITLE,
            f"No run was measured from {span.words}.",
            COLUMNS,
            more="How long runs wait for a worker or a board stands here.",
        )
    days = sorted(by_day.items())
    rows = [
        [f"{day:%a %b} {day.day}", str(one.count), length(one.median), length(one.ninth), length(one.longest)]
        for day, one in days
    ]
    worst = max(days, key=lambda pair: pair[1].ninth)
    finding = f"Half of the {many(whole.count, 'run')} waited {length(whole.median)} or less, nine in ten {length(whole.ninth)}."
    if whole.count == 1:
        finding = f"The one run waited {length(whole.median)}."
    more = f"The longest wait was {length(whole.longest)}." if whole.count > 1 else ""
    if len(days) > 1 and worst[1].ninth > whole.ninth:
        more = f"Slowest on {worst[0]:%a %b} {worst[0].day}: nine in ten waited up to {length(worst[1].ninth)}. {more}"
    return Chart(
        KEY,
        TITLE,
        finding,
        COLUMNS,
        rows,
        more=more,
        note=NOTE,
        draw=lambda: _waits_figure(days, span, works),
        height=HEIGHT,
        margin=KEYS,
        shown={"keys": WAIT_KEYS},
    )


def _waits_figure(days: Sequence[tuple[date, Waits]], span: Span, works: Sequence[Work]) -> Json:
    at = [f"{day.isoformat()}T12:00:00" for day, _ in days]
    x: list[str | None] = []
    y: list[float | None] = []
    for moment, (_, one) in zip(at, days, strict=True):
        x += [moment, moment, None]
        y += [max(one.median, SHORT_S), max(one.ninth, SHORT_S), None]
    data: list[Json] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": y,
            "line": {"color": "--plot-0", "width": 1},
            "hoverinfo": "skip",
        }
    ]
    for name, color, values in (
        ("nine in ten under", "--plot-5", [one.ninth for _, one in days]),
        ("median", "--plot-1", [one.median for _, one in days]),
    ):
        hover = [
            f"{day:%b} {day.day}: {name} {length(value)}, {many(one.count, 'run')}"
            for (day, one), value in zip(days, values, strict=True)
        ]
        data.append({"type": "scatter", "mode": "markers", "name": name, "x": at, "y": [max(value, SHORT_S) for value in values],
                     "marker": {"color": color, "size": 8}, "text": hover, "hovertemplate": "%{text}<extra></extra>"})  # fmt: skip
    top = max(10.0, *(one.ninth for _, one in days))
    ticks = [(value, word) for value, word in TICKS if value <= top * 10]
    axis = {
        "type": "log", "title": {"text": "wait (log)"}, "range": [log10(SHORT_S) - 0.1, log10(top) + 0.3], "tickmode": "array",
        "tickvals": [value for value, _ in ticks], "ticktext": [word for _, word in ticks],
    }  # fmt: skip
    return {"data": data, "layout": over_days(span, works, yaxis=axis)}


def nights_chart(nights: Sequence[Night]) -> Chart:
    """nights: in order of time."""
    some = [one for one in nights if one.came]
    if not some:
        return Chart(NIGHTS_KEY, NIGHTS_TITLE, "Nobody stood in line on a night on which work was due.", NIGHT_COLUMNS,
                     more="The length of the line around each due time stands here.")  # fmt: skip
    worst = max(some, key=lambda one: (one.most, one.came))
    rows = [_night_row(one) for one in some]
    said = (
        f"The line was longest for {worst.work.short}: {many(worst.most, 'run')} {_around(worst.most_at)}."
        if worst.most
        else "Nobody waited on a night on which work was due."
    )
    more = (
        f"{many(worst.came, 'run')} came that night; the longest wait was {length(worst.waits.longest)}."
        if worst.waits
        else f"{many(worst.came, 'run')} came that night."
    )
    return Chart(NIGHTS_KEY, NIGHTS_TITLE, said, NIGHT_COLUMNS, rows, more=more, note=NIGHT_NOTE,
                 draw=(lambda: _nights_figure(_longest(some), worst)) if worst.most else None, height=HEIGHT)  # fmt: skip


def _around(minute: int | None) -> str:
    if minute is None:
        return ""
    if minute == 0:
        return "at the due time"
    lasted = numbers.span(timedelta(minutes=abs(minute)))
    return f"{lasted} {'before' if minute < 0 else 'after'} the due time"


def _night_row(one: Night) -> list[str]:
    at = one.due_at + timedelta(minutes=one.most_at or 0)
    three = [length(one.waits.median), length(one.waits.ninth), length(one.waits.longest)] if one.waits else ["–"] * 3
    due = f"{one.work.short}, {one.due_at:%b} {one.due_at.day}, {one.due_at:%H:%M}"
    return [due, str(one.came), str(one.most), f"{at:%H:%M}" if one.most else "–", *three]


def _longest(nights: Sequence[Night]) -> list[Night]:
    """Those that are drawn; the table has all."""
    found = sorted((one for one in nights if one.most), key=lambda one: (-one.most, -one.came))
    return found[:DRAWN]


def _nights_figure(nights: Sequence[Night], worst: Night) -> Json:
    data = list[Json]()
    for n, one in enumerate(sorted(nights, key=lambda night: night is worst)):
        x, y = _steps(one)
        is_worst = one is worst
        data.append({"type": "scatter", "mode": "lines", "name": one.work.short, "x": x, "y": y, "opacity": 1 if is_worst else QUIET,
                     "line": {"color": "--plot-1" if is_worst else TONES[1 + n % (len(TONES) - 1)], "width": 3 if is_worst else 2, "shape": "hv"},
                     "hovertemplate": f"{one.work.short}: %{{y}} in line<extra></extra>"})  # fmt: skip
    hours = range(-int(BEFORE / timedelta(hours=1)), int(AFTER / timedelta(hours=1)) + 1)
    at_due = {"x0": 0, "x1": 0, "y0": 0, "y1": 1, "line": {"color": "--plot-2", "width": 1}}
    words = [label("due", color="--plot-2", x=0, y=1, xref="x", yref="paper", xanchor="left", yanchor="bottom")]
    words += [_peak_word(one, one is worst) for one in _labelled(nights, worst)]
    layout = {
        "xaxis": {"title": {"text": "hours from the due time"}, "range": [hours[0], hours[-1]], "tickvals": list(hours), "zeroline": False,
                  "ticktext": [f"{hour}".replace("-", "\N{MINUS SIGN}") for hour in hours]},
        "yaxis": whole_axis("runs in line", worst.most), "shapes": [{"type": "line", "xref": "x", "yref": "paper", **at_due}], "annotations": words,
        "meta": {"narrow": {"annotations": words[:2]}},
    }  # fmt: skip
    return {"data": data, "layout": layout}


def _peak_word(one: Night, is_worst: bool) -> Json:
    """At the side of its peak on which there is room."""
    hours = (one.most_at or 0) / 60
    return label(
        f"{one.work.short}: {one.most}", color="--ink" if is_worst else "--ink-3", x=hours, y=one.most, xref="x", yref="y",
        xanchor="left" if hours < -3 else "right", yanchor="bottom",
    )  # fmt: skip


def _labelled(nights: Sequence[Night], worst: Night) -> list[Night]:
    """The longest line, and those whose peak is far enough from the peaks that have a name."""
    found = [worst]
    for one in sorted(nights, key=lambda night: -night.most):
        apart = all(
            abs((one.most_at or 0) - (other.most_at or 0)) > 60 or abs(one.most - other.most) > worst.most / 6
            for other in found
        )
        if one is not worst and one.most and apart:
            found.append(one)
    return found


def _steps(one: Night) -> tuple[list[float], list[int]]:
    """Hours from the due time and the line's length, level between: the longest of each five minutes."""
    step, first, last = (
        int(STEP / timedelta(minutes=1)),
        -int(BEFORE / timedelta(minutes=1)),
        int(AFTER / timedelta(minutes=1)),
    )
    now, x, y = 0, list[float](), list[int]()
    for begin in range(first, last, step):
        most = now
        for minute in range(begin, begin + step):
            now = one.in_line.get(minute, now)
            most = max(most, now)
        x.append(begin / 60)
        y.append(most)
    return x, y


def line_of(came: Mapping[int, int], left: Mapping[int, int]) -> dict[int, int]:
    """Minute -> how many stood in line at its end, for each minute in which somebody came or left. Who is taken within the minute never stood there."""
    found, now = dict[int, int](), 0
    for minute in sorted({*came, *left}):
        now += came.get(minute, 0) - left.get(minute, 0)
        found[minute] = now
    return found


def ours_chart(days: Sequence[Ours], span: Span, works: Sequence[Work]) -> Chart:
    inside = [one for one in days if span.holds(one.day)]
    runs, lost, again = (sum(getattr(one, name) for one in inside) for name in ("runs", "lost", "again"))
    columns = (span.step.capitalize(), "Runs", "Lost", "Faults")
    if not runs:
        return Chart(OURS_KEY, OURS_TITLE, f"No run came into the line from {span.words}.", columns)
    sums = [[0, 0, 0] for _ in span.bins]
    for one in inside:
        place = span.place(one.day)
        if place is not None:
            sums[place] = [a + b for a, b in zip(sums[place], (one.runs, one.lost, one.again), strict=True)]
    rows = [
        [one.label, *(str(count) for count in values)] for one, values in zip(span.bins, sums, strict=True) if values[0]
    ]
    if not lost and not again:
        said = f"None of {many(runs, 'run')} failed through a fault of ours."
        return Chart(OURS_KEY, OURS_TITLE, said, columns, rows)
    finding = (
        f"{many(lost, 'run')} of {many(runs, 'run').split()[0]} ended through a fault of ours, {percent(lost / runs)}."
        if lost
        else f"No run was lost; {many(again, 'time')} one was begun again after a fault of ours."
    )
    more = "None of them cost an attempt." + (f" Workers began {many(again, 'time')} anew." if lost and again else "")
    data = [
        bars(span, [values[1] for values in sums], "lost", "--plot-2", "lost"),
        bars(span, [values[2] for values in sums], "begun again", "--plot-0", "begun again"),
    ]
    most = max(*(values[1] + values[2] for values in sums), 1)
    axis = whole_axis(f"faults a {span.step}", most)
    figure = {"data": data, "layout": over_days(span, works, barmode="stack", yaxis=axis)}
    return Chart(
        OURS_KEY, OURS_TITLE, finding, columns, rows, more=more, draw=lambda: figure, height=LOW, margin=KEYS, shown={"keys": OURS_KEYS},
    )  # fmt: skip
