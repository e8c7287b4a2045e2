"""Is grading even? Each report as a dot beside its grader, and graders compared on the same reports alone. Pure."""

from fractions import Fraction

from grading.analytics.chart import NOTHING, Chart
from grading.analytics.graders_facts import ClassOfGraders, GraderRow
from grading.analytics.plotting import dots, nice_step, stacked, words
from grading.analytics.words import counted, listed, most, points, signed, spelt
from grading.figure import Json

KEY, TITLE = "graders", "Graders"
ROW_PX, FOOT_PX, DOT_PX, COLUMNS = 96, 56, 9.0, 24
STACK_PX = 56.0


def graders_chart(found: ClassOfGraders) -> Chart:
    if not found.has_rubric:
        return Chart(
            KEY,
            TITLE,
            "No part of this work is graded by hand.",
            more="With a rubric, each report is a dot here beside whoever graded it.",
        )
    if not found.own:
        return Chart(
            KEY,
            TITLE,
            "No report is finished at the desk yet.",
            more="Each will be a dot here, beside whoever graded it.",
            margin="grading/analytics/_samples.html",
        )
    rows = [
        [row.name, str(row.count), *(_or_dash(value) for value in (row.own, row.same)), _off(row)] for row in found.rows
    ]
    same = f"Mean of the same {len(found.shared)}" if found.shared else "Mean of the same reports"
    shown: Json = {
        "rows": [_shown(found, row) for row in found.rows], "same": f"Same {len(found.shared)}" if found.shared else "Same", "has_same": bool(found.by_grader),
        "note": _table_note(found), "left": found.left, "chosen": found.chosen,
    }  # fmt: skip
    return Chart(
        KEY, TITLE, finding(found), ["Grader", "Reports", "Mean of all", same, "Off by"], rows, more=_more(found),
        note="One dot, one report; the triangle is the grader's mean.", draw=lambda: _plot(found), height=ROW_PX * len(_drawn(found)) + FOOT_PX,
        beside="grading/analytics/_graders.html", shown=shown, margin="grading/analytics/_samples.html",
    )  # fmt: skip


def _or_dash(value: Fraction | None) -> str:
    return NOTHING if value is None else points(value)


def _off(row: GraderRow) -> str:
    return NOTHING if row.off is None else signed(row.off)


def _shown(found: ClassOfGraders, row: GraderRow) -> Json:
    return {
        "name": row.name, "own": _or_dash(row.own), "same": _or_dash(row.same), "off": _off(row), "is_apart": row in found.apart,
    }  # fmt: skip


def finding(found: ClassOfGraders) -> str:
    """Only the same reports say whether somebody is strict; where there are none, the means are told and no more."""
    if found.compared:
        return _compared(found)
    graded = [row for row in found.rows if row.own is not None]
    if len(graded) == 1:
        return (
            f"{graded[0].name} graded {'the one report' if graded[0].count == 1 else f'all {graded[0].count} reports'}."
        )
    means = sorted(row.own for row in graded if row.own is not None)
    if points(means[0]) == points(means[-1]):
        return f"The {spelt(len(graded))} graders have the same mean, {points(means[0])} of {most(found.of)}."
    return f"The means of {spelt(len(graded))} graders lie between {points(means[0])} and {points(means[-1])} of {most(found.of)}."


def _compared(found: ClassOfGraders) -> str:
    which = f"On the same {spelt(len(found.shared))} reports" if len(found.shared) > 1 else "On the same reports"
    others = [row.name for row in found.compared if row not in found.apart]
    if not found.apart:
        names = [row.name for row in found.compared]
        return f"{which} {listed(names)} agree."
    said = []
    for row in found.apart:
        amount, way = _difference(row)
        said.append(f"{row.name} gives {amount} of {points(found.of)} {way}")
    agree = f"; {listed(others)} agree" if len(others) > 1 else ""
    return f"{which} {listed(said)}{agree}."


def _difference(row: GraderRow) -> tuple[str, str]:
    """0.22, less."""
    off = row.off or Fraction()
    return points(off if off > 0 else -off), "less" if off < 0 else "more"


def _more(found: ClassOfGraders) -> str:
    if found.compared:
        return "Different reports explain part of the gap in the means, these do not."
    if found.chosen and not found.may_compare:
        return f"{counted(found.left, 'sample waits', 'samples wait')} for your marks; the comparison stands here when they are done."
    if len([row for row in found.rows if row.own is not None]) < 2:
        return ""
    if found.chosen:
        return (
            "They graded different reports, and too few of the samples are marked by two of them to say who is strict."
        )
    return "They graded different reports, so this does not say who is strict: let each mark the same few blindly."


def _table_note(found: ClassOfGraders) -> str:
    if not found.by_grader:
        return "Means of different reports. Nothing is adjusted by itself."
    return "Mean of all their reports, mean of the same reports, and those against the other graders. Nothing is adjusted by itself."


def headline(found: ClassOfGraders) -> str:
    """one grader is stricter than the other two; "" where the same reports say nothing."""
    if not found.compared:
        return ""
    if not found.apart:
        return "graders agree on the same reports"
    if len(found.apart) > 1:
        return "graders differ on the same reports"
    rest = len(found.compared) - 1
    others = "the other" if rest == 1 else f"the other {spelt(rest)}"
    return f"one grader {'is stricter' if (found.apart[0].off or 0) < 0 else 'gives more'} than {others}"


def before_release(found: ClassOfGraders) -> str:
    """Five reports were graded by three graders, and Priya Nair gave 0.22 less than the others."""
    if not found.apart:
        return ""
    row = found.apart[0]
    count = len(found.shared) or row.in_common
    amount, way = _difference(row)
    others = "others" if len(found.compared) > 2 else "other"
    gave = f"{row.name} gave {amount} {way} than the {others}"
    return f"{spelt(count)} reports were marked by {spelt(len(found.compared))} graders, and {gave}."


# -- the plot --


def _drawn(found: ClassOfGraders) -> list[GraderRow]:
    return [row for row in found.rows if row.own is not None]


def _plot(found: ClassOfGraders) -> Json:
    """One row a grader, from above; their dots stacked over a line, the triangle below it."""
    rows = _drawn(found)
    values = [float(one.points) for one in found.own]
    low, high = min(values), max(*values, float(found.of))
    step = nice_step(high - low if high > low else max(high, 1.0), COLUMNS)
    low = max(low - 2 * step, 0.0)
    pad = (high - low) * 0.03 or 0.5
    traces, said = list[Json](), list[Json]()
    for n, row in enumerate(rows):
        base = float(len(rows) - 1 - n)
        traces += [_ground(low, high, base), *_of_grader(found, row, base, step)]
        mean_at = float(row.own or 0)
        is_right = mean_at > low + 0.75 * (high - low)
        said += [
            words(f"mean {points(row.own or 0)}", mean_at, base, color="--ink", weight=600, xanchor="right" if is_right else "left", yanchor="top",
                  xshift=-9 if is_right else 9, yshift=-2),
            words(row.name, 0, base, color="--ink", weight=600, xref="paper", xanchor="right", yanchor="bottom", xshift=-12, yshift=10),
            words(counted(row.count, "report"), 0, base, xref="paper", xanchor="right", yanchor="bottom", xshift=-12, yshift=-6),
        ]  # fmt: skip
    narrow = [
        one if one.get("xref") != "paper" else one | {"xanchor": "left", "xshift": 0, "yshift": one["yshift"] + 42}
        for one in said
    ]
    axis = {
        "range": [low - pad, high + pad],
        "title": {"text": f"points by hand, of {most(found.of)}"},
        "zeroline": False,
    }
    return {
        "data": traces,
        "layout": {
            "xaxis": {**axis, "nticks": 7, "tickformat": ".2f"},
            "yaxis": {"range": [-0.35, len(rows) - 0.15], "visible": False, "showgrid": False, "zeroline": False},
            "hovermode": "closest", "margin": {"l": 132, "r": 16, "t": 0}, "annotations": said,
            "meta": {"narrow": {"margin": {"l": 8, "r": 8, "t": 8, "b": 48}, "annotations": narrow}},
        },
    }  # fmt: skip


def _ground(low: float, high: float, base: float) -> Json:
    return {
        "type": "scatter", "mode": "lines", "x": [low, high], "y": [base, base], "hoverinfo": "skip", "line": {"color": "--line-2", "width": 1},
    }  # fmt: skip


def _of_grader(found: ClassOfGraders, row: GraderRow, base: float, step: float) -> list[Json]:
    own = sorted((one for one in found.own if one.grader == row.name), key=lambda one: one.points)
    heights = stacked([round(float(one.points) / step) for one in own])
    size = min(DOT_PX, STACK_PX / (max(heights) + 1))
    up = [base + ((n + 0.5) * (size + 1) + 1) / ROW_PX for n in heights]
    said = [f"Report {one.report}: {points(one.points)} by {one.grader}" for one in own]
    mean_mark = dots(
        [float(row.own or 0)],
        [base - 6 / ROW_PX],
        [f"{row.name}: mean {points(row.own or 0)}"],
        size=9,
        color="--ink",
        symbol="triangle-up",
    )
    return [dots([float(one.points) for one in own], up, said, size=size), mean_mark]
