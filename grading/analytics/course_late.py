"""Late days over the term: how many were used when and for what, and how many are left to how many. Pure."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from grading.analytics.chart import Chart
from grading.analytics.course_drawn import Work, bars, many, over_days, percent, whole_axis
from grading.analytics.course_span import Span
from grading.figure import Json, label

KEY, TITLE, HEIGHT = "late", "Late days over the term", 260
LABS_KEY, LABS_TITLE = "late-labs", "Late days by assignment"
LEFT_KEY, LEFT_TITLE = "late-left", "Late days left now"
ROW, AROUND = 26, 12
NOTE = "On the day of the hand-in that used them. Line: all until then. What people give back by hand is not taken off."
OTHER = "other"


@dataclass(frozen=True)
class Used:
    """Late units that went on this day for this work. Where a count took one back later, it is negative."""

    work: int
    day: date
    units: int


@dataclass(frozen=True)
class LateWords:
    """one, more: what a unit is called. owners: whose banks there are: student, team."""

    one: str = "late day"
    more: str = "late days"

    def many(self, count: int) -> str:
        return many(count, self.one, self.more)


def late_charts(
    works: Sequence[Work], used: Sequence[Used], left: Mapping[str, Counter[int]], span: Span, words: LateWords
) -> list[Chart]:
    """left: owner ("student", "team") -> units left -> how many of them. Empty where the course has no late days."""
    if not left:
        said = "This course has no late days."
        return [
            Chart(
                KEY,
                TITLE,
                said,
                more="An instructor gives everybody some on the page Late days, or in the course file under late_policy.",
            )
        ]
    by_work = {work.pk: 0 for work in works}
    others = 0
    for one in used:
        if span.holds(one.day) and one.work in by_work:
            by_work[one.work] += one.units
        elif span.holds(one.day):
            others += one.units
    each = [(work.short, by_work[work.pk]) for work in works if by_work[work.pk]] + (
        [(OTHER, others)] if others else []
    )
    return [_over_term(works, used, each, span, words), _by_work(each, span, words, _left_chart(left, words))]


def _over_term(
    works: Sequence[Work], used: Sequence[Used], each: Sequence[tuple[str, int]], span: Span, words: LateWords
) -> Chart:
    totals = [0] * len(span.bins)
    before = sum(one.units for one in used if one.day < span.first)
    for one in used:
        place = span.place(one.day)
        if place is not None:
            totals[place] += one.units
    columns = (span.step.capitalize(), "Used", "Used until then")
    if not any(totals):
        more = (
            f"{words.many(before).capitalize()} went before that."
            if before
            else f"What is used stands here in its {span.step}."
        )
        return Chart(KEY, TITLE, f"No {words.one} was used in these days.", columns, more=more)
    sums, so_far = list[int](), before
    for count in totals:
        so_far += count
        sums.append(so_far)
    rows = [[one.label, str(totals[n]), str(sums[n])] for n, one in enumerate(span.bins)]
    return Chart(
        KEY, TITLE, _finding(each, sum(totals), words), columns, rows, more=_busiest(totals, span), note=NOTE,
        draw=lambda: _figure(works, totals, sums, span, words), height=HEIGHT,
    )  # fmt: skip


def _finding(each: Sequence[tuple[str, int]], whole: int, words: LateWords) -> str:
    verb = "was" if whole == 1 else "were"
    said = f"{words.many(whole).capitalize()} {verb} used"
    if not each:
        return f"{said}."
    name, most = max(each, key=lambda pair: pair[1])
    if len(each) == 1:
        return f"{said}, {'all of them ' if whole > 1 else ''}for {name}."
    same = sum(count == most for _, count in each)
    return (
        f"{said}, most for {name}: {most}."
        if same == 1
        else f"{said}; at most {most} for one assignment, {same} times."
    )


def _busiest(totals: Sequence[int], span: Span) -> str:
    most = max(totals)
    places = [n for n, count in enumerate(totals) if count == most]
    if len(places) > 1 or min(totals) < 0 or sum(totals) == most:
        return ""
    on = "on" if span.is_by_day else "in the week of"
    return f"{percent(most / sum(totals))} of them {on} {span.bins[places[0]].label}."


def _figure(works: Sequence[Work], totals: Sequence[int], sums: Sequence[int], span: Span, words: LateWords) -> Json:
    most = max(*sums, *totals)
    firsts = [*(one.first.isoformat() for one in span.bins), span.last.isoformat()]
    line: Json = {
        "type": "scatter", "mode": "lines", "x": firsts, "y": [*sums, sums[-1]], "line": {"color": "--plot-0", "width": 2, "shape": "hv"},
        "hovertemplate": "%{y} until then<extra></extra>",
    }  # fmt: skip
    end = label(
        f"{sums[-1]} in all",
        color="--ink-2",
        x=span.bins[-1].middle,
        y=sums[-1],
        xref="x",
        yref="y",
        xanchor="right",
        yanchor="bottom",
    )
    axis = whole_axis(words.more, most, min(0, *totals))
    layout = over_days(span, works, [end], narrow=[end], yaxis=axis)
    return {"data": [bars(span, totals, "used", "--plot-1", "used"), line], "layout": layout}


def _by_work(each: Sequence[tuple[str, int]], span: Span, words: LateWords, left: Chart) -> Chart:
    columns = ("Assignment", words.more.capitalize())
    if not each:
        return Chart(LABS_KEY, LABS_TITLE, f"No {words.one} was used for any assignment.", columns, also=(left,))
    whole = sum(count for _, count in each)
    name, most = max(each, key=lambda pair: pair[1])
    same = [one for one, count in each if count == most]
    if len(each) == 1:
        said = f"Only {name} cost any: {words.many(most)}."
    elif len(same) > 1:
        said = (
            f"{len(same)} assignments cost {most} each, the others less."
            if len(same) < len(each)
            else f"Each cost {words.many(most)}."
        )
    else:
        is_share = whole > 0 and min(count for _, count in each) >= 0
        said = f"{name} cost {percent(most / whole)} of them." if is_share else f"{name} cost the most: {most}."
    rows = [[one, str(count)] for one, count in each]
    figure = _rows_of_bars(each, {name for name, count in each if count == most}, words.more)
    return Chart(LABS_KEY, LABS_TITLE, said, columns, rows, draw=lambda: figure, height=AROUND + ROW * len(each), also=(left,),
                 note=f"Left: what each assignment cost, from {span.words}. Right: what is left today.")  # fmt: skip


def _left_chart(left: Mapping[str, Counter[int]], words: LateWords) -> Chart:
    """How many have how many left. Below 0 is who has used more than there was."""
    columns = ("Left", *(f"{owner.capitalize()}s" for owner in left))
    numbers = {owner: sum(counts.values()) for owner, counts in left.items()}
    if not any(numbers.values()):
        return Chart(LEFT_KEY, LEFT_TITLE, "Nobody has late days yet: no student is in the course.", columns)
    amounts = sorted({amount for counts in left.values() for amount in counts})
    amounts = list(range(min(amounts), max(amounts) + 1)) if max(amounts) - min(amounts) < 15 else amounts
    rows = [[_amount(amount), *(str(counts[amount]) for counts in left.values())] for amount in amounts]
    said = []
    for owner, counts in left.items():
        if not numbers[owner]:
            continue
        none = sum(count for amount, count in counts.items() if amount <= 0)
        said.append(
            f"{none} of {many(numbers[owner], owner)} {'has' if none == 1 else 'have'} none left"
            if none
            else f"each of {many(numbers[owner], owner)} has some left"
        )
    finding = f"{'; '.join(said)}."
    mean = [
        f"A {owner} has {sum(amount * count for amount, count in counts.items()) / numbers[owner]:.1f} on average."
        for owner, counts in left.items()
        if numbers[owner]
    ]
    per: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for owner, counts in left.items():
        per[owner] = [(_amount(amount), counts[amount]) for amount in amounts]
    return Chart(
        LEFT_KEY, LEFT_TITLE, f"{finding[:1].upper()}{finding[1:]}", columns, rows, more=" ".join(mean), draw=lambda: _left_figure(per, amounts),
        height=AROUND + (ROW if len(left) == 1 else 2 * ROW - 10) * len(amounts),
    )  # fmt: skip


def _amount(amount: int) -> str:
    return f"{amount}".replace("-", "\N{MINUS SIGN}")


def _left_figure(per: Mapping[str, Sequence[tuple[str, int]]], amounts: Sequence[int]) -> Json:
    traces, names = list[Json](), [_amount(amount) for amount in amounts]
    for tone, (owner, rows) in zip(("--plot-5", "--plot-3"), per.items(), strict=False):
        colors = ["--plot-1" if len(per) == 1 and amount <= 0 else tone for amount in amounts]
        traces.append(_bar([name for name, _ in rows], [count for _, count in rows], colors, f"{owner}s"))
    most = max((count for rows in per.values() for _, count in rows), default=1) or 1
    return {"data": traces, "layout": _layout(names, most) | {"barmode": "group"}}


def _rows_of_bars(each: Sequence[tuple[str, int]], strong: set[str], unit: str) -> Json:
    names = [name for name, _ in each]
    colors = ["--plot-1" if name in strong else "--plot-5" for name in names]
    most = max(1, *(count for _, count in each))
    return {"data": [_bar(names, [count for _, count in each], colors, unit)], "layout": _layout(names, most)}


def _bar(names: Sequence[str], counts: Sequence[int], colors: Sequence[str], unit: str) -> Json:
    return {
        "type": "bar", "orientation": "h", "x": list(counts), "y": list(names), "marker": {"color": list(colors)}, "text": [str(one) for one in counts],
        "textposition": "outside", "cliponaxis": False, "hovertemplate": f"%{{y}}: %{{x}} {unit}<extra></extra>",
    }  # fmt: skip


def _layout(names: Sequence[str], most: int) -> Json:
    return {
        "xaxis": {"range": [0, most * 1.15], "showticklabels": False, "showgrid": False, "ticks": "", "rangemode": "tozero"},
        "yaxis": {"type": "category", "categoryorder": "array", "categoryarray": list(names)[::-1]}, "margin": {"t": 4, "b": 8}, "bargap": 0.35,
    }  # fmt: skip
