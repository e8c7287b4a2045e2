"""A re-run drawn: each grade as a dot, now and then; what stays lies on the diagonal."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from grading.figures.base import Figure, Json, label

HEIGHT = 380
Row = Mapping[str, Any]


def rerun_figure(rows: Sequence[Row]) -> Figure:
    """rows: of grading/reruns/table.py."""
    above = sum(Decimal(row["change"]) > 0 for row in rows)
    below = sum(Decimal(row["change"]) < 0 for row in rows)
    return Figure(
        slug="before-and-then", title="Before and then", basis="counted",
        finding=f"{above} above the diagonal, {below} below it, {len(rows) - above - below} on it.",
        how="One dot a grade; what stays lies on the line.", columns=["Person", "Points now", "Points then"],
        rows=[[row["name"], row["now"], row["then"]] for row in rows], height=HEIGHT, draw=lambda: _plot(rows),
    )  # fmt: skip


def _plot(rows: Sequence[Row]) -> Json:
    ends = [float(row[key]) for row in rows for key in ("now", "then")] or [0.0]
    room = max((max(ends) - min(ends)) * 0.08, 0.1)
    low, high = min(ends) - room, max(ends) + room
    axis = {"range": [low, high], "showgrid": True, "zeroline": False, "nticks": 6}
    return {
        "data": [
            {"type": "scatter", "mode": "lines", "x": [low, high], "y": [low, high], "hoverinfo": "skip", "line": {"color": "--line-2", "width": 1}},
            *(_dots(rows, sign, color) for sign, color in ((0, "--ink-3"), (1, "--plot-1"), (-1, "--plot-2"))),
        ],
        "layout": {
            "xaxis": {**axis, "title": {"text": "points now"}}, "yaxis": {**axis, "title": {"text": "points then"}}, "hovermode": "closest",
            "annotations": [
                label("rise", color="--plot-1", xref="paper", yref="paper", x=0.03, y=0.97, xanchor="left", yanchor="top"),
                label("fall", color="--plot-2", xref="paper", yref="paper", x=0.97, y=0.06, xanchor="right", yanchor="bottom"),
            ],
        },
    }  # fmt: skip


def _dots(rows: Sequence[Row], sign: int, color: str) -> Json:
    """Grades in one place are one dot, and larger: people are named where it is pointed at."""
    here = [row for row in rows if (Decimal(row["change"]) > 0) - (Decimal(row["change"]) < 0) == sign]
    many = Counter((row["now"], row["then"]) for row in here)
    names = {place: [row["name"] for row in here if (row["now"], row["then"]) == place][:6] for place in many}
    return {
        "type": "scatter", "mode": "markers", "x": [float(now) for now, _ in many], "y": [float(then) for _, then in many], "cliponaxis": False,
        "marker": {"size": [min(8 + 2 * (count - 1), 24) for count in many.values()], "color": color, "line": {"width": 1, "color": "--ground"}},
        "text": [f"{', '.join(names[place])}{f' and {count - 6} more' if count > 6 else ''}: {place[0]} to {place[1]}" for place, count in many.items()],
        "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip
