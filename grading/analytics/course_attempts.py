"""Attempts over the term: a bar for each day or week, stacked by what they were for, with the due times. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from grading.analytics.chart import Chart
from grading.analytics.course_drawn import LETTER, TONES, WIDE, Work, bars, many, over_days, percent, whole_axis
from grading.analytics.course_span import Span
from grading.figure import Json, label

KEY, TITLE, HEIGHT = "attempts", "Attempts over the term", 300
NOTE = "Models that were stopped at the check and runs that failed through a fault of ours are no attempts. Lines: due times."


@dataclass(frozen=True)
class Came:
    """So many attempts at this work came on this day, by the walls of the course."""

    work: int
    day: date
    count: int


def attempts_chart(works: Sequence[Work], came: Iterable[Came], span: Span) -> Chart:
    came = [one for one in came if span.holds(one.day)]
    columns = [span.step.capitalize()]
    if not came:
        return Chart(
            KEY,
            TITLE,
            f"Nobody handed anything in from {span.words}.",
            columns,
            more="Each attempt stands here on its day.",
        )
    by_work = _by_work(came, span)
    shown = [work for work in works if work.pk in by_work]
    totals = [sum(values) for values in zip(*by_work.values(), strict=True)]
    rows = [
        [one.label, *(str(by_work[work.pk][n]) for work in shown), str(totals[n])]
        for n, one in enumerate(span.bins)
        if totals[n]
    ]
    keys = [(TONES[n].strip("-"), work.short) for n, work in enumerate(shown)] if len(shown) <= len(TONES) else []
    return Chart(
        KEY, TITLE, _finding(totals, span), [*columns, *(work.short for work in shown), "All"], rows, more=_more(works, came, span), note=NOTE,
        draw=lambda: _figure(shown, by_work, totals, works, span), height=HEIGHT,
        margin="grading/analytics/_course_keys.html" if keys else "", shown={"keys": keys},
    )  # fmt: skip


def _by_work(came: Iterable[Came], span: Span) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(lambda: [0] * len(span.bins))
    for one in came:
        place = span.place(one.day)
        if place is not None:
            found[one.work][place] += one.count
    return found


def _finding(totals: Sequence[int], span: Span) -> str:
    whole, most = sum(totals), max(totals)
    busiest = [one for one, count in zip(span.bins, totals, strict=True) if count == most]
    on = "on" if span.is_by_day else "in the week of"
    if most == whole:
        return f"All of it came {on} {busiest[0].label}: {many(whole, 'attempt')}."
    if len(busiest) > 1:
        return f"{many(whole, 'attempt')}; at most {most} in a {span.step}, in {len(busiest)} of them."
    return f"{percent(most / whole)} of the {many(whole, 'attempt')} came {on} {busiest[0].label}."


def _more(works: Sequence[Work], came: Sequence[Came], span: Span) -> str:
    """How many came on the day on which they were due, of those that have one."""
    due = {work.pk: span.wall(work.due_at).date() for work in works if work.due_at is not None}
    some = [one for one in came if one.work in due]
    whole, on_it = sum(one.count for one in some), sum(one.count for one in some if one.day == due[one.work])
    after = sum(one.count for one in some if one.day > due[one.work])
    if not whole:
        return ""
    return f"{percent(on_it / whole)} came on the day on which they were due, {percent(after / whole)} on a later one."


def _figure(
    shown: Sequence[Work],
    by_work: Mapping[int, Sequence[int]],
    totals: Sequence[int],
    works: Sequence[Work],
    span: Span,
) -> Json:
    data = [
        bars(span, by_work[work.pk], work.short, TONES[n % len(TONES)], f"of {work.short}")
        for n, work in enumerate(shown)
    ]
    names = _names(shown, by_work, totals, span)
    axis = whole_axis(f"attempts a {span.step}", max(totals))
    return {"data": data, "layout": over_days(span, works, names, barmode="stack", yaxis=axis)}


def _names(
    shown: Sequence[Work], by_work: Mapping[int, Sequence[int]], totals: Sequence[int], span: Span
) -> list[Json]:
    """The name of each above the bar in which it has most, once a bar and where there is room."""
    at: dict[int, list[str]] = defaultdict(list)
    for work in shown:
        values = by_work[work.pk]
        at[max(range(len(values)), key=values.__getitem__)].append(work.short)
    found = list[Json]()
    for place, names in sorted(at.items()):
        one, text = span.bins[place], f"{names[0]}{f' +{len(names) - 1}' if len(names) > 1 else ''}"
        beside = [totals[n] for n in (place - 1, place + 1) if 0 <= n < len(totals)]
        # A word that is wider than its bar has room only over lower neighbours.
        if LETTER * len(text) <= one.days * WIDE / span.days or totals[place] > 1.1 * max(beside, default=0):
            anchor = "right" if place == len(totals) - 1 > 0 else "center"
            found.append(
                label(text, color="--ink-2", x=one.middle, y=totals[place], xref="x", yref="y", yanchor="bottom", xanchor=anchor)
            )  # fmt: skip
    return found
