"""A calibration drawn: each network as a dot, measured and predicted; what is predicted right lies on the line. Pure."""

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any

from courseplatform.core import numbers
from grading.figures.base import Figure, Json, label

HEIGHT = 440
Point = Mapping[str, Any]


def calibration_figure(points: Sequence[Point], judged: Mapping[str, Any]) -> Figure:
    """points, judged: of a Refit."""
    wholes = [point for point in points if point["is_whole"]]
    error = judged["family_out_median"]
    finding = f"Half of the {len(wholes)} networks are predicted within {numbers.share(error)} without their family."
    return Figure(
        slug="predicted", title="Predicted and measured", basis="modelled", finding=finding,
        how="A large dot is a whole network, predicted by a fit that has not seen its family; a small one is a single operator, left out alone.",
        columns=["Network", "Measured ms", "Predicted ms", "Off", "Fit that saw it ms", "Before ms"],
        rows=[_row(point) for point in sorted(points, key=lambda point: (not point["is_whole"], point["family"], point["network"]))],
        height=HEIGHT, draw=lambda: _plot(points),
    )  # fmt: skip


def predicted_ms(point: Point) -> float:
    """Without its family, of a whole network; without itself, of a single operator."""
    return float(point["family_out_ms" if point["is_whole"] else "size_out_ms"])


def _row(point: Point) -> list[str]:
    found = predicted_ms(point)
    before = point["standing_ms"]
    return [
        point["network"].removeprefix("sweep/"), numbers.digits(point["measured_ms"]), numbers.digits(found),
        off_words(found, point["measured_ms"]), numbers.digits(point["fitted_ms"]), "–" if before is None else numbers.digits(before),
    ]  # fmt: skip


def off_words(predicted: float, measured: float) -> str:
    """+4.2 %: predicted too high."""
    off = predicted / measured - 1
    return f"{'+' if off >= 0 else '−'}{numbers.share(abs(off))}"


def _plot(points: Sequence[Point]) -> Json:
    ends = [value for point in points for value in (point["measured_ms"], predicted_ms(point))] or [1.0]
    low, high = log10(min(ends)) - 0.15, log10(max(ends)) + 0.15
    axis = {"type": "log", "range": [low, high], "showgrid": True, "zeroline": False, "nticks": 6}
    line = [10**low, 10**high]
    return {
        "data": [
            {"type": "scatter", "mode": "lines", "x": line, "y": line, "hoverinfo": "skip", "line": {"color": "--line-2", "width": 1}},
            _dots([point for point in points if not point["is_whole"]], "--ink-3", 6),
            _dots([point for point in points if point["is_whole"] and point["standing_ms"] is not None], "--plot-2", 8, before=True),
            _dots([point for point in points if point["is_whole"]], "--plot-1", 10),
        ],
        "layout": {
            "xaxis": {**axis, "title": {"text": "ms measured (log)"}}, "yaxis": {**axis, "title": {"text": "ms predicted (log)"}},
            "hovermode": "closest", "margin": {"l": 56},
            "annotations": [
                label("networks", color="--plot-1", xref="paper", yref="paper", x=0.03, y=0.97, xanchor="left", yanchor="top"),
                label("single operators", color="--ink-3", xref="paper", yref="paper", x=0.03, y=0.91, xanchor="left", yanchor="top"),
                *([label("networks by what stood before", color="--plot-2", xref="paper", yref="paper", x=0.03, y=0.85, xanchor="left", yanchor="top")]
                  if any(point["standing_ms"] is not None for point in points) else []),
            ],
        },
    }  # fmt: skip


def _dots(points: Sequence[Point], color: str, size: int, *, before: bool = False) -> Json:
    predicted = [float(point["standing_ms"]) if before else predicted_ms(point) for point in points]
    return {
        "type": "scatter", "mode": "markers", "x": [point["measured_ms"] for point in points], "y": predicted, "cliponaxis": False,
        "marker": {"size": size, "color": color, "line": {"width": 1, "color": "--ground"}},
        "text": [
            f"{point['network'].removeprefix('sweep/')}: {numbers.digits(point['measured_ms'])} ms, predicted {numbers.digits(found)}"
            for point, found in zip(points, predicted, strict=True)
        ],
        "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip
