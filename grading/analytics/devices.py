"""What the boards of a course did with their time, and how many things were out. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from courseplatform.core import numbers
from grading.analytics.chart import NOTHING, Chart
from grading.analytics.course_drawn import TONES, Work, many, over_days, percent
from grading.analytics.course_span import Span
from grading.figure import Json, label

KEY, TITLE = "boards", "What boards did"
TERM_KEY, TERM_TITLE, HEIGHT = "boards-term", "Boards over the term", 260
OUT_KEY, OUT_TITLE = "out", "Lent out"
ROW, AROUND, MOST_ROWS = 28, 72, 16
WORD, MOST_LETTERS, BESIDE = (
    16,
    24,
    168,
)  # pixels of a word's height; letters of a name beside the plot, and their pixels
AROUND_TERM = 104  # pixels above and under the plot
KINDS = (
    ("worked", "measured", "--plot-1"),
    ("checked", "checks", "--plot-5"),
    ("failed", "faults", "--plot-2"),
    ("away", "away", "--plot-0"),
)
COLUMNS = (
    "Device",
    "Boards",
    "Jobs",
    "Busy, h",
    "Measured, %",
    "Checks, %",
    "Faults, %",
    "Away, %",
    "Free, %",
    "Busy in the last 7 days, %",
)
NOTE = "Of all the time that the site knew the boards, by the hour. What is left white, they waited for work."
HOST = "Workers of the site"


@dataclass(frozen=True)
class BoardHours:
    """One kind of board on one day, in hours: `known` of them, and what they went into."""

    device: str
    day: date
    known: float
    worked: float
    checked: float = 0.0
    failed: float = 0.0
    away: float = 0.0


@dataclass(frozen=True)
class DeviceUse:
    """A kind of board in a time. known and the four kinds: hours of all its boards."""

    device: str
    boards: int
    jobs: int
    known: float
    worked: float
    checked: float
    failed: float
    away: float
    last_week: float | None = None

    @property
    def busy(self) -> float:
        return self.worked + self.checked + self.failed

    @property
    def share(self) -> float:
        return self.busy / self.known if self.known else 0.0

    def part(self, kind: str) -> float:
        return float(getattr(self, kind)) / self.known if self.known else 0.0


@dataclass(frozen=True)
class HostUse:
    """What the site's own workers measured for this course."""

    jobs: int
    hours: float


def uses_of(
    hours: Sequence[BoardHours], boards: Mapping[str, int], jobs: Mapping[str, int], span: Span, last_week: Span
) -> list[DeviceUse]:
    """boards, jobs: device -> how many there are, how many it had. Busiest first; a kind of which nothing is known last."""
    found = []
    for device, count in boards.items():
        mine = [one for one in hours if one.device == device]
        inside, recent = [one for one in mine if span.holds(one.day)], [one for one in mine if last_week.holds(one.day)]
        sums = {
            kind: sum(getattr(one, kind) for one in inside) for kind in ("known", "worked", "checked", "failed", "away")
        }
        known = sum(one.known for one in recent)
        week = sum(one.worked + one.checked + one.failed for one in recent) / known if known else None
        found.append(DeviceUse(device, count, jobs.get(device, 0), **sums, last_week=week))
    return sorted(found, key=lambda one: (-one.share, one.device))


def boards_chart(uses: Sequence[DeviceUse], host: HostUse, span: Span) -> Chart:
    rows = [_row(one) for one in uses]
    if host.jobs:
        rows.append([HOST, NOTHING, f"{host.jobs}", f"{host.hours:.1f}", *[NOTHING] * 6])
    beside = (
        f"Workers of the site measured {many(host.jobs, 'run')} in {numbers.span(timedelta(hours=host.hours))}."
        if host.jobs
        else ""
    )
    if not uses:
        more = f"{beside} Boards that measure by themselves are added on the page Runners.".strip()
        return Chart(KEY, TITLE, "No board measures for this course.", COLUMNS, rows, more=more)
    known = [one for one in uses if one.known]
    if not known:
        more = f"{beside} An hour after a board has enrolled, its first hour is known.".strip()
        return Chart(KEY, TITLE, f"Nothing is known of the boards from {span.words}.", COLUMNS, rows, more=more)
    return Chart(
        KEY, TITLE, _finding(known), COLUMNS, rows, more=f"{_trouble(known)} {beside}".strip(), note=NOTE, draw=lambda: _figure(known[:MOST_ROWS]),
        height=AROUND + ROW * min(len(known), MOST_ROWS), margin="grading/analytics/_course_keys.html",
        shown={"keys": [(color.strip("-"), word) for _, word, color in KINDS]},
    )  # fmt: skip


def _row(one: DeviceUse) -> list[str]:
    shares = [f"{100 * one.part(kind):.1f}" for kind, *_ in KINDS] if one.known else [NOTHING] * len(KINDS)
    free = f"{100 * max(1 - one.share - one.part('away'), 0):.1f}" if one.known else NOTHING
    week = NOTHING if one.last_week is None else f"{100 * one.last_week:.1f}"
    return [
        one.device,
        str(one.boards),
        str(one.jobs),
        f"{one.busy:.1f}" if one.known else NOTHING,
        *shares,
        free,
        week,
    ]


def overall(uses: Sequence[DeviceUse]) -> float | None:
    """The share of all the known time of all boards in which they were busy."""
    known = sum(one.known for one in uses)
    return sum(one.busy for one in uses) / known if known else None


def _finding(known: Sequence[DeviceUse]) -> str:
    share = percent(overall(known) or 0.0)
    top = known[0]
    if len(known) == 1:
        return f"{top.device}: busy {share} of the time."
    if round(100 * top.share) == round(100 * known[-1].share):
        return f"Boards were busy {share} of the time, one kind as much as another."
    return f"Boards were busy {share} of the time: {top.device} most, {percent(top.share)}, and {known[-1].device} least, {percent(known[-1].share)}."


def _trouble(known: Sequence[DeviceUse]) -> str:
    """Faults and absence, where they took one hour in a hundred."""
    said = []
    for kind, words in (("failed", "faults"), ("away", "away")):
        worst = max(known, key=lambda one: one.part(kind))
        if worst.part(kind) >= 0.01:
            said.append(
                f"{worst.device} lost {percent(worst.part(kind))} to faults"
                if words == "faults"
                else f"{worst.device} was away {percent(worst.part(kind))} of it"
            )
    return f"{'; '.join(said)}." if said else ""


def short_names(devices: Sequence[str]) -> dict[str, str]:
    """What stands beside a bar: a name up to its first comma, where no other has the same."""
    first = Counter(name.split(",")[0] for name in devices)
    return {name: _cut(name.split(",")[0] if first[name.split(",")[0]] == 1 else name) for name in devices}


def _figure(known: Sequence[DeviceUse]) -> Json:
    short = short_names([one.device for one in known])
    names = [short[one.device] for one in known]
    data: list[Json] = [
        {"type": "bar", "orientation": "h", "name": word, "y": names, "x": [round(100 * one.part(kind), 2) for one in known],
         "marker": {"color": color}, "hovertemplate": f"%{{y}}: %{{x:.1f}} % {word}<extra></extra>"}
        for kind, word, color in KINDS
    ]  # fmt: skip
    layout = {
        "barmode": "stack", "xaxis": {"title": {"text": "% of the known time"}, "range": [0, 100]},
        "yaxis": {"type": "category", "categoryorder": "array", "categoryarray": names[::-1]}, "margin": {"t": 8}, "bargap": 0.4,
        "annotations": [_busy_word(one, short, " busy") for one in known],
        "meta": {"narrow": {"margin": {"t": 8}, "annotations": [_busy_word(one, short, "") for one in known]}},
    }  # fmt: skip
    return {"data": data, "layout": layout}


def _busy_word(one: DeviceUse, short: Mapping[str, str], word: str) -> Json:
    end = one.share + one.part("away")
    place: Json = {"xanchor": "left", "xshift": 6} if end < 0.8 else {"xanchor": "right", "xshift": -6}
    return label(
        f"{100 * one.share:.0f} %{word}", color="--ink-2" if end < 0.8 else "--ground", x=100 * end, y=short[one.device], xref="x", yref="y", **place
    )  # fmt: skip


def term_chart(hours: Sequence[BoardHours], span: Span, works: Sequence[Work]) -> Chart | None:
    """How busy each kind was in each day or week. None where nothing is known."""
    inside = [one for one in hours if span.holds(one.day)]
    if not inside:
        return None
    shares = _shares(inside, span)
    whole = _shares([BoardHours("all", *_rest(one)) for one in inside], span)["all"]
    columns = (span.step.capitalize(), *(f"{device}, %" for device in shares), "All, %")
    said = [
        [one.label, *(_cell(values[n]) for values in shares.values()), _cell(whole[n])]
        for n, one in enumerate(span.bins)
        if whole[n] is not None
    ]
    peak = max(value for value in whole if value is not None)
    at = [one for one, value in zip(span.bins, whole, strict=True) if value == peak]
    on = "on" if span.is_by_day else "in the week of"
    finding = (
        f"The boards were busiest {on} {at[0].label}: {percent(peak)} of the time."
        if peak
        else "The boards had nothing to do."
    )
    data: list[Json] = [
        {"type": "scatter", "mode": "lines+markers", "name": device, "x": [one.middle for one in span.bins], "connectgaps": False,
         "y": [None if value is None else round(100 * value, 2) for value in values], "line": {"color": TONES[n % len(TONES)], "width": 2},
         "marker": {"size": 5}, "hovertemplate": f"%{{y:.1f}} %, {device}<extra></extra>"}
        for n, (device, values) in enumerate(shares.items())
    ]  # fmt: skip
    top = max(5.0, 115 * _most(shares))
    axis = {"title": {"text": "% of the known time"}, "range": [0, top]}
    layout = over_days(span, works, _ends(shares, top), right=BESIDE, yaxis=axis)
    return Chart(TERM_KEY, TERM_TITLE, finding, columns, said, draw=lambda: {"data": data, "layout": layout}, height=HEIGHT,
                 note=f"Busy: measured, checked or failed. Each {span.step} for itself. Vertical lines: due times.")  # fmt: skip


def _rest(one: BoardHours) -> tuple[date, float, float, float, float, float]:
    return one.day, one.known, one.worked, one.checked, one.failed, one.away


def _cell(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.1f}"


def _most(shares: Mapping[str, Sequence[float | None]]) -> float:
    return max((value for values in shares.values() for value in values if value is not None), default=0.0)


def _shares(hours: Sequence[BoardHours], span: Span) -> dict[str, list[float | None]]:
    """Device -> how busy it was in each bar; None where nothing is known."""
    known: dict[str, list[float]] = {}
    busy: dict[str, list[float]] = {}
    for one in hours:
        place = span.place(one.day)
        if place is None:
            continue
        known.setdefault(one.device, [0.0] * len(span.bins))[place] += one.known
        busy.setdefault(one.device, [0.0] * len(span.bins))[place] += one.worked + one.checked + one.failed
    return {
        device: [b / k if k else None for b, k in zip(busy[device], values, strict=True)]
        for device, values in sorted(known.items())
    }


def _ends(shares: Mapping[str, Sequence[float | None]], top: float) -> list[Json]:
    """The name of each line at the right of the plot, at the height of its last point or above the name that stands there already."""
    last = [
        (next((value for value in reversed(values) if value is not None), 0.0), n, device)
        for n, (device, values) in enumerate(shares.items())
    ]
    last.sort()
    room, free, heights = top * WORD / (HEIGHT - AROUND_TERM), 0.0, list[float]()
    for value, *_ in last:
        heights.append(max(100 * value, free))
        free = heights[-1] + room
    too_high = max(heights[-1] - (top - room / 2), 0.0) if heights else 0.0
    short = short_names(list(shares))
    return [
        label(short[device], color=TONES[n % len(TONES)], x=1, y=max(y - too_high, 0), xref="paper", yref="y", xanchor="left", xshift=8)
        for y, (_, n, device) in zip(heights, last, strict=True)
    ]  # fmt: skip


def _cut(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"


@dataclass(frozen=True)
class OutDay:
    """How many things were out at the end of a day."""

    day: date
    out: int


def out_chart(days: Sequence[OutDay], owned: int, of: str, span: Span, works: Sequence[Work]) -> Chart:
    """of: what is counted, as its axis says it: boards."""
    inside = [one for one in days if span.holds(one.day)]
    columns = ("Day", "Out at its end", "Owned")
    if not owned:
        return Chart(
            OUT_KEY,
            OUT_TITLE,
            f"The course has no {of} to lend.",
            columns,
            more="What it owns is entered on the page Hardware.",
        )
    if not inside or not any(one.out for one in inside):
        return Chart(OUT_KEY, OUT_TITLE, f"None of the {owned} {of} was out from {span.words}.", columns)
    most = max(one.out for one in inside)
    at = next(one.day for one in inside if one.out == most)
    finding = f"At most {most} of {owned} {of} were out at once, first on {at:%b} {at.day}."
    mean = sum(one.out for one in inside) / len(inside) / owned
    line = {
        "type": "scatter", "mode": "lines", "x": [one.day.isoformat() for one in inside], "y": [one.out for one in inside],
        "fill": "tozeroy", "fillcolor": "--plot-1-soft", "line": {"color": "--plot-1", "width": 2, "shape": "hv"},
        "hovertemplate": "%{x|%b %-d}: %{y} out<extra></extra>",
    }  # fmt: skip
    of_owned = {"x0": 0, "x1": 1, "y0": owned, "y1": owned, "line": {"color": "--plot-0", "width": 1, "dash": "dot"}}
    word = label(
        f"{owned} owned", color="--ink-3", x=0, y=owned, xref="paper", yref="y", xanchor="left", yanchor="bottom"
    )
    axis = {"title": {"text": f"{of} out"}, "range": [0, 1.12 * max(owned, most)]}
    layout = over_days(span, works, [word], narrow=[word], yaxis=axis)
    layout["shapes"].append({"type": "line", "xref": "paper", "yref": "y", **of_owned})
    return Chart(OUT_KEY, OUT_TITLE, finding, columns, [[f"{one.day:%a %b} {one.day.day}", str(one.out), str(owned)] for one in inside],
                 more=f"On an average day {percent(mean)} of them were.", draw=lambda: {"data": [line], "layout": layout}, height=HEIGHT,
                 margin="grading/analytics/_course_out.html")  # fmt: skip
