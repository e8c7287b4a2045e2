"""What several charts of a course share: days as an axis, due times as lines on it, and a few words. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor
from typing import Any

from courseplatform.core.numbers import NARROW
from grading.analytics.course_span import Span
from grading.figure import Json, label

DAY_MS = 86_400_000
BAR_SHARE = 0.85
WIDE, PHONE, LETTER = (
    880,
    270,
    6.6,
)  # pixels: of a plot on a desk and on a phone, and of a letter; to tell which words have room
FROM_ZERO, MOST_TICKS = 20.0, 5
TONES = ("--plot-1", "--plot-5", "--plot-3", "--plot-4", "--plot-6")
DUE = "--plot-2"
LINES, TOP = 2, 56  # of words of due times above each other, and pixels that they have


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


def whole_axis(title: str, most: float, least: float = 0) -> Json:
    """Of a count: no tick between two whole numbers."""
    few = (
        {"tickmode": "array", "tickvals": list(range(floor(least), floor(most) + 1))}
        if most - least <= MOST_TICKS
        else {}
    )
    return {"title": {"text": title}, "range": [least, max(most, 1) * 1.15], **few}


def floor_of(lowest: float) -> float:
    """Where an axis of percent begins whose lowest value is this: at a ten below it, at 0 where that is near."""
    found = 10.0 * floor((lowest - 3) / 10)
    return found if found >= FROM_ZERO else 0.0


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


def over_days(
    span: Span,
    works: Iterable[Work],
    words: Sequence[Json] = (),
    *,
    narrow: Sequence[Json] = (),
    right: int = 8,
    **layout: Any,
) -> Json:
    """A layout whose x axis is the days of the span, with a line at each due time and its name above it.

    words: of the plot itself; narrow: those of them that have room on a phone too. right: margin beside the plot, on a desk.
    """
    due: dict[datetime, list[str]] = {}
    for work in works:
        if work.due_at is not None and span.holds(span.wall(work.due_at).date()):
            due.setdefault(span.wall(work.due_at).replace(tzinfo=None), []).append(work.short)
    shapes = [
        {"type": "line", "xref": "x", "yref": "paper", "x0": at.isoformat(), "x1": at.isoformat(), "y0": 0, "y1": 1,
         "line": {"color": DUE, "width": 1}}
        for at in due
    ]  # fmt: skip
    few = [*_due_words(span, due, PHONE), *narrow]
    return {
        "xaxis": days_axis(span), "shapes": shapes, "annotations": [*_due_words(span, due, WIDE + 8 - right), *words], "margin": {"t": TOP, "r": right},
        "meta": {"narrow": {"annotations": few, "margin": {"t": TOP, "r": 8}}}, **layout,
    }  # fmt: skip


def _due_words(span: Span, due: Mapping[datetime, Sequence[str]], width: float) -> list[Json]:
    """Above their lines, in two rows; without a word where both have none left."""
    start, whole = span.starts_at.replace(tzinfo=None), span.days * DAY_MS / 1000
    ends, words = [0.0] * LINES, list[Json]()
    for at, shorts in sorted(due.items()):
        text = shorts[0] + (f" +{len(shorts) - 1}" if len(shorts) > 1 else "")
        x = width * (at - start).total_seconds() / whole
        long = LETTER * len(text) + 10
        left = x - long if x + long > width else x
        line = next((n for n, end in enumerate(ends) if left >= end), None)
        if line is None:
            continue
        ends[line] = left + long
        anchor = "right" if left < x else "left"
        words.append(
            label(text, color=DUE, x=at.isoformat(), y=1, xref="x", yref="paper", xanchor=anchor, yanchor="bottom", yshift=2 + 15 * line)
        )  # fmt: skip
    return words
