"""Figures of the result page: a finding in words, Plotly traces with our colours by name, and the rows behind them.

Colours are written as token names ("--plot-1"); static/js/plots.js turns them into those of the theme, so one figure serves light and
dark. The unit of an axis is written once, above the value axis at the left or under the other at the right. Pure: a stored result and
the lab's spec in, a figure out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from math import ceil
from typing import Any

from courseplatform.core import numbers
from grading import board_rows, layer_rows
from grading.layer_rows import full_name, short_names, times
from grading.spec import MODELLED, BenchSpec
from hardware.profiles import DeviceProfile

Json = dict[str, Any]
Rows = list[list[str]]
FLAT = 0.05  # a share of the MACs that no layer exceeds where they are spread evenly
QUIET = 0.45  # how strong what is not the point of a figure is drawn
PERCENTILES = (
    ("p50", "p50, typical: half are faster"),
    ("p90", "p90: 9 of 10 are faster"),
    ("p99", "p99: 99 of 100 are faster"),
)
LIMIT_IN_SIGHT = 2.5  # a limit further off than this times the peak is said, not drawn


@dataclass(frozen=True)
class Figure:
    """One figure.

    finding: the sentence it shows; how: how that was got; note: what stands in the margin. plot: a Plotly figure (data, layout), or None
    where `template` draws it from `shown`. columns and rows: the same as a table, for the page and the CSV. is_square: the finding and
    `aside` stand beside the plot. keys: (token, word) of what is stacked.
    """

    slug: str
    title: str
    basis: str
    finding: str
    how: str
    columns: list[str]
    rows: Rows
    height: int = 0
    plot: Json | None = None
    template: str = ""
    note: str = ""
    is_square: bool = False
    aside: list[dict[str, str]] = field(default_factory=list)
    keys: list[tuple[str, str]] = field(default_factory=list)
    shown: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Given:
    """What a figure is made from."""

    result: Json
    spec: BenchSpec
    profiles: Mapping[str, DeviceProfile]


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
    said = _label(
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
              "yaxis": _axis("ms on the host"), "shapes": [settled], "annotations": [said]}},
    )  # fmt: skip


def layers(given: Given) -> Figure:
    """Where the multiply-accumulates and the bytes are, operator by operator."""
    report = given.result["report"]
    macs = max(report["macs"], 1)
    return Figure(
        slug="layers", title="Cost by layer", basis="counted", finding=_layers_finding(report), how="FLOPs are twice the MACs.",
        note="The layers with the most MACs, in stored order. Parameters that two layers share count once.",
        columns=["No.", "Layer", "Operator", "Class", "Output", "MACs", "Share", "Parameters", "Weights, bytes", "In use, bytes"],
        rows=[[str(op["index"] + 1), full_name(op), op["op"], op["op_class"], times(op["output_shape"]), str(op["macs"]),
               f"{op['macs'] / macs:.4f}", str(op["params"]), str(op["weight_bytes"]), str(op["live_bytes"])] for op in report["operators"]],
        template="grading/_figure_layers.html",
        shown={"layers": layer_rows.layer_rows(report),
               "total": {"macs": layer_rows.amount(report["macs"]), "params": numbers.count(report["params"]),
                         "peak_kib": numbers.digits(report["peak_activation_bytes"] / 1024)}},
    )  # fmt: skip


def _layers_finding(report: Json) -> str:
    operators, macs = report["operators"], report["macs"]
    if not macs:
        return "No layer multiplies: the model has no multiply-accumulates."
    names = short_names(operators)
    ranked = sorted((op for op in operators if op["macs"]), key=lambda op: -op["macs"])
    top = ranked[0]
    if top["macs"] <= FLAT * macs:
        return f"The multiply-accumulates are spread evenly: no layer has more than {ceil(100 * top['macs'] / macs)}{numbers.NARROW}%."
    finding = f"{numbers.share(top['macs'] / macs, 0)} of the multiply-accumulates are in {names[top['index']]}"
    if len(ranked) > 2:
        both = (top["macs"] + ranked[1]["macs"]) / macs
        finding += f"; with {names[ranked[1]['index']]} it is {numbers.share(both, 0)}"
    return f"{finding}."


def memory(given: Given) -> Figure:
    """Bytes of live tensors at each operator in stored order: what it reads, what it writes, what waits; the peak marked."""
    report = given.result["report"]
    operators, peaks = report["operators"], _peaks(report)
    parts = [_split(op) for op in operators]
    own = sum(parts[peaks[0]["index"]][1:]) / max(peaks[0]["live_bytes"], 1)
    whose = "Its own input and output" if len(peaks) == 1 else "At the first of them, input and output"
    return Figure(
        slug="memory", title="Memory", basis="counted", finding=_memory_finding(operators, peaks),
        how=f"{whose} are {numbers.share(own, 0)} of it. {_limit_words(given)}".strip(),
        note="Live tensors over the order of execution. No weights, no reuse in place, no scratch.",
        columns=["No.", "Operator", "Read, bytes", "Written, bytes", "Kept for later, bytes", "In use, bytes"],
        rows=[[str(op["index"] + 1), full_name(op), str(read), str(written), str(kept), str(op["live_bytes"])]
              for op, (kept, read, written) in zip(operators, parts, strict=True)],
        height=280,
        keys=[("plot-5", "input read"), ("plot-1", "output written"),
              *([("plot-0", "kept for later")] if any(kept for kept, _, _ in parts) else [])],
        plot={"data": _stacks(operators, parts, peaks[0]["live_bytes"]), "layout": _memory_layout(given, operators, peaks[0])},
    )  # fmt: skip


def _peaks(report: Json) -> list[Json]:
    """The operators at which the most is in use."""
    return [op for op in report["operators"] if op["live_bytes"] == report["peak_activation_bytes"]]


def _memory_finding(operators: list[Json], peaks: list[Json]) -> str:
    size, first, last = numbers.size(peaks[0]["live_bytes"]), peaks[0]["index"], peaks[-1]["index"]
    if len(peaks) == 1:
        finding = f"The peak is {size}, at {short_names(operators)[first]}"
    elif len(peaks) == last - first + 1:
        finding = f"The peak is {size}, from operator {first + 1} to {last + 1}"
    else:
        finding = f"The peak is {size}, reached by {len(peaks)} operators from {first + 1} to {last + 1}"
    if after := [op["live_bytes"] for op in operators if op["index"] > last]:
        finding += f"; everything after it needs {numbers.size(max(after))} or less"
    return f"{finding}."


def _memory_layout(given: Given, operators: list[Json], peak: Json) -> Json:
    """Axes, the lab's limit where it is in sight, and the peak's value unless the limit's label stands there."""
    limit, is_left = _memory_limit(given.spec), peak["index"] < len(operators) / 2
    near, far = ("left", "right") if is_left else ("right", "left")
    shapes, labels = [], []
    if abs(limit - peak["live_bytes"]) > 0.15 * peak["live_bytes"]:
        text = f"peak {numbers.size(peak['live_bytes'])}"
        labels.append(
            _label(
                text,
                x=peak["index"] + 1,
                y=peak["live_bytes"] / 1024,
                xanchor=near,
                yanchor="bottom",
                color="--ink",
                weight=600,
            )
        )
    if limit and not _limit_words(given):
        line = {"color": "--plot-2", "width": 2}
        shapes.append(
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": limit / 1024, "y1": limit / 1024, "line": line}
        )
        text = f"the lab gives {numbers.size(limit)}"
        labels.append(
            _label(text, x=int(is_left), xref="paper", y=limit / 1024, xanchor=far, yanchor="bottom", color="--plot-2")
        )
    return {
        "barmode": "stack", "bargap": 0.04 if len(operators) < 60 else 0, "shapes": shapes, "annotations": labels,
        "xaxis": {"title": {"text": "operators in the order of execution"}, "dtick": max(len(operators) // 20, 1), "showgrid": False,
                  "range": [0.5, len(operators) + 0.5]},
        "yaxis": _axis("KiB in use"),
    }  # fmt: skip


def _limit_words(given: Given) -> str:
    """The lab's limit in words where it is too far off to be drawn; empty where it is drawn or there is none."""
    limit = _memory_limit(given.spec)
    return (
        f"The lab gives {numbers.size(limit)}."
        if limit > LIMIT_IN_SIGHT * given.result["report"]["peak_activation_bytes"]
        else ""
    )


def _split(op: Json) -> tuple[int, int, int]:
    """(kept for later, read, written) bytes; they add up to what is live."""
    written = min(op["output_bytes"], op["live_bytes"])
    read = min(op["input_bytes"], op["live_bytes"] - written)
    return op["live_bytes"] - written - read, read, written


def _stacks(operators: list[Json], parts: list[tuple[int, int, int]], peak: int) -> list[Json]:
    """Three bars on top of each other for each operator, those of the peak in full colour."""
    names = [
        f"{n}, {escape(name)}" for n, name in enumerate(short_names(operators), 1)
    ]  # Plotly reads a little HTML; a layer's name is a stranger's
    opacity = [1 if op["live_bytes"] == peak else QUIET for op in operators]
    return [
        {
            "type": "bar", "x": [op["index"] + 1 for op in operators], "y": [part[n] / 1024 for part in parts], "text": names,
            "textposition": "none", "marker": {"color": colour, "opacity": opacity},
            "hovertemplate": f"%{{text}}: %{{y:.3g}} KiB {word}<extra></extra>",
        }
        for n, (word, colour) in enumerate((("kept for later", "--plot-0"), ("read", "--plot-5"), ("written", "--plot-1")))
    ]  # fmt: skip


def _memory_limit(spec: BenchSpec) -> float:
    """The most memory that still earns something; 0 where the lab sets no limit."""
    return next(
        (c.rule.steps[-1][0] for c in spec.criteria if c.metric == "peak_activation_bytes" and c.rule.kind == "steps"), 0.0
    )  # fmt: skip


def accuracy(given: Given) -> Figure:
    """The confusion matrix: true class down, predicted class across."""
    quality = given.result["quality"]
    classes, confusion = quality["classes"], quality["confusion"]
    errors = quality["n"] - quality["correct"]
    worst = [pair for pair in quality["worst_pairs"] if pair["count"] > 1]
    finding = f"{numbers.count(quality['correct'])} of {numbers.count(quality['n'])} are right."
    if worst:
        finding += (
            f" {worst[0]['count']} of the {errors} errors are {worst[0]['true']} read as {worst[0]['predicted']}."
        )
    return Figure(
        slug="accuracy", title="Accuracy", basis="measured", finding=finding,
        how="Hidden inputs in random order; the labels stay outside the sandbox.",
        note="Blue: right. Orange: the most frequent errors.",
        columns=["True class", "Right, %", *[f"read as {name}" for name in classes]],
        rows=[[name, f"{100 * quality['per_class'][i]:.1f}", *[str(count) for count in confusion[i]]] for i, name in enumerate(classes)],
        height=400, is_square=True,
        aside=[{"label": "right", "value": f"{numbers.count(quality['correct'])} of {numbers.count(quality['n'])}"},
               {"label": "accuracy", "value": numbers.share(quality["accuracy"])},
               {"label": "95 % interval (Wilson)", "value": f"{100 * quality['low']:.1f} to {numbers.share(quality['high'])}"}],
        plot={"data": [_heat(quality, worst)], "layout": {"margin": {"r": 52, "t": 40}, "annotations": _recall_labels(quality),
              "xaxis": {"title": {"text": "read as"}, "type": "category", "side": "top", "showgrid": False, "showline": False},
              "yaxis": {"title": {"text": "true"}, "type": "category", "autorange": "reversed", "showgrid": False, "showline": False}}},
    )  # fmt: skip


def _heat(quality: Json, worst: list[Json]) -> Json:
    """Counts on three grounds: quiet, the most frequent errors, right."""
    classes, confusion = quality["classes"], quality["confusion"]
    marked = {(classes.index(pair["true"]), classes.index(pair["predicted"])) for pair in worst}
    shade = [
        [2 if i == j and count else 1 if (i, j) in marked else 0 for j, count in enumerate(row)]
        for i, row in enumerate(confusion)
    ]
    grounds = ("--inset", "--plot-2-soft", "--plot-1-soft")
    return {
        "type": "heatmap", "x": classes, "y": classes, "z": shade, "zmin": 0, "zmax": 3, "showscale": False, "xgap": 2, "ygap": 2,
        "colorscale": [[(step + end) / 3, colour] for step, colour in enumerate(grounds) for end in (0, 1)], "customdata": confusion,
        "text": [[str(count) if count else "" for count in row] for row in confusion], "texttemplate": "%{text}",
        "textfont": {"color": "--ink"}, "hovertemplate": "%{y} read as %{x}: %{customdata}<extra></extra>",
    }  # fmt: skip


def _recall_labels(quality: Json) -> list[Json]:
    """What share of each class is right, at the right end of its row."""
    beside: Json = {"x": 1.01, "xref": "paper", "xanchor": "left"}
    rows = zip(quality["classes"], quality["per_class"], strict=True)
    labels = [_label(f"{100 * share:.0f}", y=name, yanchor="middle", color="--ink-2", **beside) for name, share in rows]
    return [*labels, _label("right, %", y=1, yref="paper", yanchor="bottom", yshift=18, color="--ink-3", **beside)]


def devices(given: Given) -> Figure:
    """Does it fit, and what is modelled, board by board."""
    found = board_rows.verdicts_of(given.result["environment"])
    graded_by = given.result["environment"].get("graded_by", {})
    yes = sum(1 for verdict in found.values() if verdict["fits"])
    return Figure(
        slug="devices", title="All boards", basis="counted", finding=f"It fits {yes} of {len(found)} boards.",
        how="RAM: peak activations, weights where the board copies them, and the runtime's own share, against what the system leaves.",
        note=f"Latency and energy are modelled, with the 90 % interval. {_rests(given)} "
             + board_rows.budget_words(given.result["environment"].get("budget", {})),
        columns=["Device", "Fits", "RAM needed, bytes", "RAM left for models, bytes", "Flash needed, bytes", "Flash, bytes", "Setting",
                 "Latency, ms", "from", "to", "Energy, mJ", "Hours on one charge", "Basis", "Calibration", "Why", "Graded by"],
        rows=[[*_device_cells(slug, verdict), graded_by.get("label", "")] for slug, verdict in found.items()],
        template="grading/_figure_devices.html",
        shown={"boards": board_rows.board_rows(found, given.profiles, given.spec.devices),
               "reasons": board_rows.reasons(found, given.profiles), "flags": board_rows.flags(found, given.profiles),
               "calibrations": board_rows.calibrations(found, given.profiles),
               "is_modelled": any(verdict.get("latency_ms") is not None for verdict in found.values())},
    )  # fmt: skip


def _rests(given: Given) -> str:
    """Whether points follow from what is modelled, and on which board."""
    named = [line["title"].lower() for line in given.result["points"] if line["metric"] in MODELLED]
    if not named:
        return "No points rest on them here."
    return f"The points for {' and '.join(named)} rest on those of the lab's first board."


def _device_cells(slug: str, verdict: Json) -> list[str]:
    """One row of the CSV: plain numbers, empty where there is none."""
    low, high = verdict.get("latency_interval_ms") or (None, None)
    modelled = (verdict.get("latency_ms"), low, high, verdict.get("energy_mj"), verdict.get("battery_hours"))
    basis = "" if modelled[0] is None else "extrapolated" if verdict["extrapolated"] else "modelled"
    sizes = [verdict[key] for key in ("ram_needed_bytes", "ram_limit_bytes", "flash_needed_bytes")]
    return [
        slug, "yes" if verdict["fits"] else "no", *map(str, sizes), str(verdict["flash_limit_bytes"] or ""),
        board_rows.setting_words(verdict), *("" if value is None else f"{value:.6g}" for value in modelled), basis,
        board_rows.calibration_words(verdict), " ".join([*verdict["reasons"], *verdict.get("flags", [])]),
    ]  # fmt: skip


def _axis(title: str) -> Json:
    return {"title": {"text": title}, "rangemode": "tozero"}


def _label(text: str, *, color: str, weight: int = 400, **place: Any) -> Json:
    """A word at the data. `color` is a token name. Never <b>: Plotly makes inline style of it, which the policy stops."""
    return {"text": text, "showarrow": False, "font": {"size": 12, "color": color, "weight": weight}, **place}


FIGURES: dict[str, Callable[[Given], Figure]] = {
    "latency": latency,
    "layers": layers,
    "memory": memory,
    "accuracy": accuracy,
    "devices": devices,
}
