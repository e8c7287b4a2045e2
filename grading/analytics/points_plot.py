"""The points of a class as dots in columns: median, middle half, and what can be reached without extra credit. Pure."""

from fractions import Fraction
from math import ceil

from grading.analytics.plotting import RULE, dots, nice_step, stacked, upright, words
from grading.analytics.points_facts import ClassOfPoints, Unit
from grading.analytics.words import counted, most, points
from grading.figure import Json

COLUMNS = 24  # that the axis has at most
ROOM_PX, TOP_PX, LARGEST, SMALLEST = 116.0, 60.0, 11.0, 3.0


def points_plot(found: ClassOfPoints) -> Json:
    """At least one unit is graded."""
    reach = max(float(found.of + found.most_extra), float(found.values[-1]))
    step = nice_step(reach, COLUMNS)
    columns = max(round(reach / step + 0.499), 1)
    end = columns * step
    places = [_column(value, step) for value in found.values]
    heights = stacked(places)
    size = max(min(LARGEST, ROOM_PX / (max(heights) + 1) - 1), SMALLEST)
    top = max(ROOM_PX / (size + 1), max(heights) + 1.0)
    ranked = sorted(found.graded, key=lambda unit: (unit.points or 0, unit.name))
    absent = found.absent if found.is_due else []
    wide, narrow = _labels(found, end, top, is_narrow=False), _labels(found, end, top, is_narrow=True)
    return {
        "data": [
            *_rules(found, top),
            dots([(place + 0.5) * step for place in places], [n + 0.6 for n in heights], [_said(unit) for unit in ranked], size=size),
            *([_absent(absent, step, size)] if absent else []),
        ],
        "layout": {
            "xaxis": {"range": [0, end], "title": {"text": f"points; one dot, one {found.word}; steps of {step:g}"}, "showgrid": False, "zeroline": False,
                      "dtick": nice_step(end, 12), "tick0": 0, "ticks": "outside", "ticklen": 4, "showline": True},
            "yaxis": {"range": [0, top + TOP_PX / (size + 1)], "visible": False, "showgrid": False, "zeroline": False},
            "hovermode": "closest", "margin": {"l": 8, "r": 8, "t": 8, "b": 48}, "annotations": wide + _nobody(found, absent, step),
            "meta": {"narrow": {"annotations": narrow}},
        },
    }  # fmt: skip


def _column(value: Fraction, step: float) -> int:
    """Its right edge belongs to a column, so that whoever has all points stands left of their line."""
    return max(ceil(value / Fraction(str(step))) - 1, 0)


def _said(unit: Unit) -> str:
    return f"{unit.name}: {points(unit.points or 0)}"


def _rules(found: ClassOfPoints, top: float) -> list[Json]:
    """The line of the most, that of the median, and the middle half as a thick stretch of the axis."""
    middle = found.middle
    lines = [upright(float(found.of), 0, top * 1.28, RULE)]
    if middle is not None:
        lines.append({
            "type": "scatter", "mode": "lines", "x": [float(end) for end in middle], "y": [0, 0], "hoverinfo": "skip", "cliponaxis": False,
            "line": {"color": "--ink-2", "width": 4},
        })  # fmt: skip
    if found.median is not None and len(found.values) > 1:
        lines.append(upright(float(found.median), 0, top * 1.28, "--ink"))
    return lines


def _labels(found: ClassOfPoints, end: float, top: float, *, is_narrow: bool) -> list[Json]:
    """Three lines of words above the dots; the most has one of its own where the page is narrow."""
    extra = ", without extra credit" if found.most_extra else ", all of the points"
    is_left = not found.most_extra or is_narrow
    at: Json = {
        "yref": "paper",
        "xshift": -5 if is_left else 5,
        "xanchor": "right" if is_left else "left",
        "yanchor": "top",
    }
    said = [words(f"{most(found.of)}{extra}", float(found.of), 1, color=RULE, **at)]
    if found.median is None or len(found.values) < 2:
        return said
    is_right = float(found.median) < end / 2
    side: Json = {
        "yref": "paper",
        "xanchor": "left" if is_right else "right",
        "yanchor": "top",
        "xshift": 5 if is_right else -5,
    }
    # Under the words of the most, where both stand on the same side and would meet.
    down = -16 if is_left else 0
    said.append(
        words(f"median {points(found.median)}", float(found.median), 1, color="--ink", weight=600, yshift=down, **side)
    )
    if found.middle is not None and not is_narrow:
        low, high = (points(one) for one in found.middle)
        said.append(words(f"middle half {low} to {high}", float(found.median), 1, yshift=down - 16, **side))
    return said


def _absent(absent: list[Unit], step: float, size: float) -> Json:
    heights = stacked([0] * len(absent))
    said = [f"{unit.name}: nothing handed in" for unit in absent]
    ring = {"line": {"width": 1.5, "color": "--ink-3"}}
    return dots([step / 2] * len(absent), [n + 0.6 for n in heights], said, size=size, color="--ground", **ring)


def _nobody(found: ClassOfPoints, absent: list[Unit], step: float) -> list[Json]:
    """Words beside the rings of those who handed nothing in, where no dot lies there."""
    if not absent or any(float(value) < 8 * step for value in found.values):
        return []
    who = absent[0].name if len(absent) == 1 else counted(len(absent), found.word)
    return [words(f"{who}: nothing handed in", step, 0.6, xanchor="left", yanchor="middle", xshift=6)]
