"""What several charts of a course share: days as an axis, due times as lines on it, and a few words. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from courseplatform.core.numbers import NARROW
from grading.analytics.course_span import Span
from grading.figure import Json, label

DAY_MS = 86_400_000
BAR_SHARE = 0.85
PLOT_WIDTH, LETTER = 700, 6.6  # pixels: of a plot on a desk, and of a letter in it; to tell which words have room
TONES = ("--plot-1", "--plot-5", "--plot-3", "--plot-4", "--plot-6")
DUE = "--plot-2"
LINES = 2  # of words of due times above each other


@dataclass(frozen=True)
class Work:
    """A piece of work. short: as the class calls it. due_at: None where it has no due time. url: its own analytics, "" where it has none."""

    pk: int
    short: str
    due_at: datetime | None = None
    url: str = ""


def percent(share: float) -> str:
    """0.371 -> 37 %. What is more than nothing is never 0 %, what is less than all never 100 %."""
    found = round(100 * share)
    if found == 0 and share > 0:
        return f"under 1{NARROW}%"
    if found == 100 and share < 1:
        return f"over 99{NARROW}%"
    return f"{found}{NARROW}%"


def many(count: int, one: str, more: str = "") -> str:
    """1 attempt, 2 attempts."""
    return f"{count:,} {one if count == 1 else more or f'{one}s'}".replace(",", "\N{THIN SPACE}")


def and_words(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def bars(span: Span, values: Sequence[float], name: str, color: str, unit: str) -> Json:
    """One trace of bars over the bins of the span."""
    return {
        "type": "bar", "x": [one.middle for one in span.bins], "y": list(values), "name": name, "marker": {"color": color},
        "width": [BAR_SHARE * one.days * DAY_MS for one in span.bins],
        "customdata": [one.label for one in span.bins], "hovertemplate": f"%{{customdata}}: %{{y}} {unit}<extra>{name}</extra>",
    }  # fmt: skip


def days_axis(span: Span) -> Json:
    wall = [moment.replace(tzinfo=None).isoformat() for moment in (span.starts_at, span.ends_at)]
    return {"type": "date", "range": wall, "hoverformat": "%b %-d", "tickformat": "%b %-d"}


def due_lines(span: Span, works: Iterable[Work]) -> tuple[list[Json], list[Json]]:
    """(shapes, annotations): a line at each due time in the span, and above it whose it is, where there is room beside the word before."""
    due: dict[datetime, list[str]] = {}
    for work in works:
        if work.due_at is not None and span.holds(span.wall(work.due_at).date()):
            due.setdefault(span.wall(work.due_at).replace(tzinfo=None), []).append(work.short)
    start, whole = span.starts_at.replace(tzinfo=None), span.days * DAY_MS / 1000
    ends = [0.0] * LINES
    shapes, words = list[Json](), list[Json]()
    for at, shorts in sorted(due.items()):
        shapes.append({"type": "line", "xref": "x", "yref": "paper", "x0": at.isoformat(), "x1": at.isoformat(), "y0": 0, "y1": 1,
                       "line": {"color": DUE, "width": 1}})  # fmt: skip
        text = shorts[0] + (f" +{len(shorts) - 1}" if len(shorts) > 1 else "")
        x = PLOT_WIDTH * (at - start).total_seconds() / whole
        wide = LETTER * len(text) + 10
        left = x - wide if x + wide > PLOT_WIDTH else x
        line = next((n for n, end in enumerate(ends) if left >= end), None)
        if line is None:
            continue
        ends[line] = left + wide
        words.append(label(text, color=DUE, x=at.isoformat(), y=1, xref="x", yref="paper", xanchor="right" if left < x else "left",
                           yanchor="bottom", yshift=2 + 15 * line))  # fmt: skip
    return shapes, words
