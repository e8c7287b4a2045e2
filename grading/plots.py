"""Figures of the result page: Plotly traces with our colours by name, a finding in words, and the rows behind them.

Colours are written as token names ("plot-1"); static/js/plots.js turns them into those of the theme, so one figure serves light and
dark. Pure: a stored result in, a figure out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from courseplatform.core import numbers

Json = dict[str, Any]
Rows = list[list[str]]


@dataclass(frozen=True)
class Figure:
    """One figure. `finding` is the sentence it shows; `plot` a Plotly figure (data, layout) or None for a table alone."""

    slug: str
    title: str
    basis: str
    finding: str
    how: str
    height: int
    columns: list[str]
    rows: Rows
    plot: Json | None


def _axis(title: str, **more: Any) -> Json:
    return {"title": {"text": title}, "rangemode": "tozero", **more}


def layers(result: Json) -> Figure:
    """Where the multiply-accumulates and the bytes are, operator by operator."""
    operators = [op for op in result["report"]["operators"] if op["macs"] or op["params"] or op["live_bytes"]]
    total = max(sum(op["macs"] for op in operators), 1)
    names = [_name(op) for op in operators]
    top = max(operators, key=lambda op: op["macs"])
    finding = f"{numbers.share(top['macs'] / total, 0)} of the multiply-accumulates are in {_name(top)}."
    rows = [
        [_name(op), op["op"], numbers.count(op["macs"]), numbers.share(op["macs"] / total), numbers.count(op["params"]),
         numbers.count(op["weight_bytes"]), numbers.count(op["live_bytes"])]
        for op in operators
    ]  # fmt: skip
    bars = {
        "type": "bar", "orientation": "h", "x": [op["macs"] for op in operators], "y": names,
        "marker": {"color": ["plot-1" if op is top else "plot-5" for op in operators]},
        "hovertemplate": "%{y}: %{x:,} MACs<extra></extra>",
    }  # fmt: skip
    return Figure(
        "layers", "Cost by layer", "counted", finding,
        "Counted from the graph; FLOPs are twice the MACs.", max(120 + 26 * len(operators), 200),
        ["Layer", "Operator", "MACs", "Share", "Parameters", "Weights, bytes", "In use, bytes"], rows,
        {"data": [bars], "layout": {"xaxis": _axis("multiply-accumulates"), "yaxis": {"autorange": "reversed"}, "margin": {"l": 150}}},
    )  # fmt: skip


def memory(result: Json) -> Figure:
    """Bytes of live tensors at each operator in stored order, the peak marked."""
    report = result["report"]
    operators = report["operators"]
    peak = operators[report["peak_operator"]]
    names, kib = [_name(op) for op in operators], [op["live_bytes"] / 1024 for op in operators]
    finding = f"The peak is {numbers.size(report['peak_activation_bytes'])}, at {_name(peak)}."
    after = [op["live_bytes"] for op in operators if op["index"] > peak["index"]]
    if after:
        finding += f" Everything after it needs {numbers.size(max(after))} or less."
    bars = {
        "type": "bar", "x": list(range(1, len(operators) + 1)), "y": kib, "text": names,
        "marker": {"color": ["plot-1" if op is peak else "plot-5" for op in operators]}, "textposition": "none",
        "hovertemplate": "%{text}: %{y:.3g} KiB<extra></extra>",
    }  # fmt: skip
    rows = [[name, numbers.count(op["live_bytes"])] for name, op in zip(names, operators, strict=True)]
    return Figure(
        "memory", "Memory", "counted", finding,
        "Live tensors at each operator in stored order, its inputs and outputs included; no weights, no scratch.", 260,
        ["Operator", "In use, bytes"], rows,
        {"data": [bars], "layout": {"xaxis": {"title": {"text": "operators in execution order"}, "dtick": max(len(operators) // 20, 1)},
         "yaxis": _axis("KiB in use"), "bargap": 0.06}},
    )  # fmt: skip


def latency(result: Json) -> Figure:
    """The first ten inferences and where they settle, on the host."""
    host = result["host"]
    first = host["first_ms"]
    finding = (
        f"{numbers.milliseconds(host['p50_ms'])} on the host after a first inference of {numbers.milliseconds(first[0])}."
        if first
        else f"{numbers.milliseconds(host['p50_ms'])} on the host."
    )
    stems = {
        "type": "scatter", "mode": "markers", "x": list(range(1, len(first) + 1)), "y": first,
        "marker": {"color": "ground", "size": 9, "line": {"color": "plot-0", "width": 2}},
        "error_y": {"type": "data", "symmetric": False, "array": [0] * len(first), "arrayminus": first, "color": "plot-0-soft", "width": 0},
        "hovertemplate": "iteration %{x}: %{y:.3g} ms<extra></extra>",
    }  # fmt: skip
    settled = {"type": "line", "x0": 0.5, "x1": len(first) + 0.5, "y0": host["p50_ms"], "y1": host["p50_ms"],
               "line": {"color": "plot-1", "width": 1.5, "dash": "dot"}}  # fmt: skip
    rows = [[f"iteration {n}", numbers.digits(value)] for n, value in enumerate(first, 1)]
    rows += [["median (p50)", numbers.digits(host["p50_ms"])], ["p90", numbers.digits(host["p90_ms"])],
             ["p99", numbers.digits(host["p99_ms"])]]  # fmt: skip
    return Figure(
        "latency", "Latency on the host", "shown", finding,
        f"p50 {numbers.milliseconds(host['p50_ms'])}, p90 {numbers.milliseconds(host['p90_ms'])}, "
        f"p99 {numbers.milliseconds(host['p99_ms'])} over {numbers.count(host['runs'])} inferences in {host['processes']} fresh "
        f"{'process' if host['processes'] == 1 else 'processes'}. It moves when the machine is busy, so no point rests on it.",
        220, ["", "ms"], rows,
        {"data": [stems], "layout": {"xaxis": {"title": {"text": "iteration"}, "dtick": 1}, "yaxis": _axis("ms"), "shapes": [settled]}},
    )  # fmt: skip


def accuracy(result: Json) -> Figure:
    """The confusion matrix: true class down, predicted class across."""
    quality = result["quality"]
    classes, confusion = quality["classes"], quality["confusion"]
    errors = quality["n"] - quality["correct"]
    finding = f"{numbers.count(quality['correct'])} of {numbers.count(quality['n'])} are right."
    if quality["worst_pairs"]:
        worst = quality["worst_pairs"][0]
        finding += f" {worst['count']} of the {errors} errors are {worst['true']} read as {worst['predicted']}."
    shown = [[count or None for count in row] for row in confusion]
    heat = {
        "type": "heatmap", "x": classes, "y": classes, "z": _recall_matrix(confusion), "showscale": False, "xgap": 1, "ygap": 1,
        "colorscale": [[0, "inset"], [0.02, "plot-1-soft"], [1, "plot-1"]], "zmin": 0, "zmax": 1, "customdata": confusion,
        "text": [["" if count is None else str(count) for count in row] for row in shown], "texttemplate": "%{text}",
        "hovertemplate": "%{y} read as %{x}: %{customdata}<extra></extra>",
    }  # fmt: skip
    rows = [
        [name, numbers.share(quality["per_class"][i]), *[str(count) for count in confusion[i]]]
        for i, name in enumerate(classes)
    ]
    return Figure(
        "accuracy", "Accuracy", "measured", finding,
        f"Hidden inputs in random order; labels stay outside the sandbox. Interval: Wilson 95 %, "
        f"{numbers.share(quality['low'])} to {numbers.share(quality['high'])}.",
        380, ["True class", "Recall", *[f"read as {name}" for name in classes]], rows,
        {"data": [heat], "layout": {"xaxis": {"title": {"text": "read as"}, "type": "category", "side": "bottom"},
         "yaxis": {"title": {"text": "true class"}, "type": "category", "autorange": "reversed"}}},
    )  # fmt: skip


def devices(result: Json) -> Figure:
    """Does it fit, board by board: memory and storage."""
    fits = result["environment"].get("fits", {})
    yes = sum(1 for verdict in fits.values() if verdict["fits"])
    rows = [
        [slug, "fits" if verdict["fits"] else "does not fit", " ".join(verdict["reasons"])]
        for slug, verdict in fits.items()
    ]
    return Figure(
        "devices", "All boards", "counted", f"It fits {yes} of {len(fits)} boards.",
        "Weights, peak activations and the runtime's own share against RAM; the file against flash.", 0,
        ["Board", "Verdict", "Why"], rows, None,
    )  # fmt: skip


def _recall_matrix(confusion: list[list[int]]) -> list[list[float]]:
    return [[count / max(sum(row), 1) for count in row] for row in confusion]


def _name(op: Json) -> str:
    """Stable and short: the operator's place keeps equal names apart."""
    short = str(op["name"] or op["op"]).rsplit("/", 1)[-1][:24]
    return f"{op['index'] + 1} {short}"


FIGURES: dict[str, Callable[[Json], Figure]] = {
    "latency": latency,
    "layers": layers,
    "memory": memory,
    "accuracy": accuracy,
    "devices": devices,
}
