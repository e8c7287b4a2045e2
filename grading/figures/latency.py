"""The first inferences on the host, and where they settle."""

from courseplatform.core import numbers
from grading.figures.base import Figure, Given, axis, label

PERCENTILES = (
    ("p50", "p50, typical: half are faster"),
    ("p90", "p90: 9 of 10 are faster"),
    ("p99", "p99: 99 of 100 are faster"),
)


def latency(given: Given) -> Figure:
    """The first ten inferences and where they settle, on the host."""
    host = given.result["host"]
    first, p50 = host["first_ms"], host["p50_ms"]
    finding = f"{numbers.milliseconds(p50)} on the host"
    if first and first[0] > 1.5 * p50:
        finding += f"; the first inference takes {numbers.digits(first[0] / p50, 2)} times as long"
    stems = {
        "type": "scatter", "mode": "markers", "x": list(range(1, len(first) + 1)), "y": first, "cliponaxis": False,
        "marker": {"color": "--ground", "size": 9, "line": {"color": "--plot-0", "width": 2}},
        "error_y": {"type": "data", "symmetric": False, "array": [0] * len(first), "arrayminus": first, "color": "--plot-0-soft",
                    "thickness": 2, "width": 0},
        "hovertemplate": "iteration %{x}: %{y:.3g} ms<extra></extra>",
    }  # fmt: skip
    settled = {
        "type": "line",
        "x0": 0.5,
        "x1": len(first) + 0.5,
        "y0": p50,
        "y1": p50,
        "line": {"color": "--plot-1", "width": 1.5},
    }
    said = label(
        f"p50 {numbers.milliseconds(p50)}",
        x=len(first) + 0.5,
        y=1,
        yref="paper",  # beside its line it would lie on the later inferences
        xanchor="right",
        yanchor="top",
        color="--plot-1",
    )
    named = [(words, host[f"{name}_ms"]) for name, words in PERCENTILES]
    processes = f"{host['processes']} fresh {'process' if host['processes'] == 1 else 'processes'}"
    return Figure(
        slug="latency", title="Latency", basis="shown", finding=f"{finding}.",
        how="It moves when the machine is busy, so no point rests on it.", note="On this machine, not on the lab's board.",
        columns=["", "ms"],
        rows=[*([f"iteration {n}", numbers.digits(value)] for n, value in enumerate(first, 1)),
              *([name, numbers.digits(value)] for name, value in named)],
        height=200, is_square=True,
        aside=[{"label": name, "value": numbers.milliseconds(value)} for name, value in named]
        + [{"label": f"inferences, in {processes}", "value": numbers.count(host["runs"])},
           {"label": "per second", "value": numbers.digits(1000 / p50) if p50 else "–"}],
        plot={"data": [stems], "layout": {"xaxis": {"title": {"text": "iteration"}, "dtick": 1, "showgrid": False},
              "yaxis": axis("ms on the host"), "shapes": [settled], "annotations": [said]}},
    )  # fmt: skip
