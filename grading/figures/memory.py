"""The memory in use over the execution, with the peak and what makes it up, and the limit of the lab or of its board."""

from dataclasses import dataclass
from html import escape

from courseplatform.core import numbers
from grading.figures.base import QUIET, Figure, Given, Json, axis, label
from grading.figures.layer_rows import full_name, short_names
from grading.figures.layer_tree import module_names
from grading.spec import BenchSpec

LIMIT_IN_SIGHT = 2.5  # a limit further off than this times what is needed is said, not drawn
BASE_IN_SIGHT = 2.0  # the same of weights and runtime, against the activations
MOST_MODULES = 14  # named below the axis
HEADROOM = 1.3  # above the bars and the limit, for two lines of words


@dataclass(frozen=True)
class Limit:
    """bytes: 0 where nothing limits. words: whose it is. base: weights and runtime that count beside the activations, in bytes."""

    bytes: float = 0.0
    words: str = ""
    base: int = 0


def memory(given: Given) -> Figure:
    """Bytes of live tensors at each operator in stored order: what it reads, what it writes, what waits; the peak marked."""
    report = given.result["report"]
    operators, peaks = report["operators"], _peaks(report)
    parts, limit = [split_of(op) for op in operators], limit_of(given)
    own = sum(parts[peaks[0]["index"]][1:]) / max(peaks[0]["live_bytes"], 1)
    whose = "Its own input and output" if len(peaks) == 1 else "At the first of them, input and output"
    kept = [("plot-0", "kept for later")] if any(kept for kept, _, _ in parts) else []
    base = [("line-2", "weights and runtime")] if limit.base else []
    return Figure(
        slug="memory", title="Memory", basis="counted", finding=_memory_finding(operators, peaks),
        how=f"{whose} are {numbers.share(own, 0)} of it. {_said(given, limit)}".strip(), note=_note(given, limit),
        columns=["No.", "Operator", "Read, bytes", "Written, bytes", "Kept for later, bytes", "In use, bytes"],
        rows=[[str(op["index"] + 1), full_name(op), str(read), str(written), str(kept), str(op["live_bytes"])]
              for op, (kept, read, written) in zip(operators, parts, strict=True)],
        height=320, keys=[("plot-5", "input read"), ("plot-1", "output written"), *kept, *base],
        draw=lambda: {"data": _stacks(operators, parts, peaks[0]["live_bytes"], limit.base),
              "layout": _memory_layout(operators, parts, peaks[0], limit)},
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


# -- limits -----------------------------------------------------------------------------------------------------------


def limit_of(given: Given) -> Limit:
    """The lab's limit for activations, else what its board leaves for a model, weights and runtime counted in."""
    lab = lab_limit(given.spec)
    if lab:
        return Limit(lab, "the lab gives")
    verdict = given.lab_costs.verdict
    if not verdict.get("ram_limit_bytes"):
        return Limit()
    peak = given.result["report"]["peak_activation_bytes"]
    base = max(int(verdict["ram_needed_bytes"]) - peak, 0)
    return Limit(float(verdict["ram_limit_bytes"]), "the board leaves", base if base <= BASE_IN_SIGHT * peak else 0)


def lab_limit(spec: BenchSpec) -> float:
    """The most memory that still earns something; 0 where the lab sets no limit."""
    return next(
        (c.rule.most for c in spec.criteria if c.metric == "peak_activation_bytes" and c.rule.most is not None), 0.0
    )  # fmt: skip


def _is_drawn(limit: Limit, peak: int) -> bool:
    return 0 < limit.bytes <= LIMIT_IN_SIGHT * (peak + limit.base)


def _said(given: Given, limit: Limit) -> str:
    """The limits in words where they are too far off to be drawn."""
    peak, verdict = given.result["report"]["peak_activation_bytes"], given.lab_costs.verdict
    said = []
    if limit.words == "the lab gives" and not _is_drawn(limit, peak):
        said.append(f"The lab gives {numbers.size(limit.bytes)}.")
    if verdict.get("ram_limit_bytes") and not limit.base:
        need, left = verdict["ram_needed_bytes"], verdict["ram_limit_bytes"]
        said.append(
            f"With weights and runtime it needs {numbers.size(need)} of {numbers.size(left)} on the {given.lab_costs.name}."
        )
    return " ".join(said).replace(numbers.THIN, numbers.NARROW)  # a sentence does not break inside a number


def _note(given: Given, limit: Limit) -> str:
    """What is counted, and whether the model ran under a real limit."""
    scope = "" if limit.base else "No weights; no"
    counted = f"Live tensors over the order of execution. {scope or 'No'} reuse in place, no scratch."
    ran = (given.result.get("environment", {}).get("graded_by") or {}).get("ran_under_bytes")
    return counted + (f" It ran under a real limit of {numbers.size(ran)}." if ran else "")


# -- the drawing ------------------------------------------------------------------------------------------------------


def _memory_layout(operators: list[Json], parts: list[tuple[int, int, int]], peak: Json, limit: Limit) -> Json:
    """Axes, the limit where it is in sight, the peak with its parts, and the modules below the axis."""
    is_left = peak["index"] < len(operators) / 2
    near, far = ("left", "right") if is_left else ("right", "left")
    top = (peak["live_bytes"] + limit.base) / 1024
    is_drawn = _is_drawn(limit, peak["live_bytes"])
    line = limit.bytes / 1024 if is_drawn else 0.0
    shapes, labels = [], []
    # Words above the peak, or above the limit where that would run through them; the limit's own words then stand below its line.
    is_above = top <= line < HEADROOM * top
    if is_drawn:
        shapes.append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": line,
                "y1": line,
                "line": {"color": "--plot-2", "width": 2},
            }
        )
        labels.append(label(f"{limit.words} {numbers.size(limit.bytes)}", x=int(is_left), xref="paper", y=line, xanchor=far,
                            yanchor="top" if is_above else "bottom", yshift=-3 if is_above else 2, color="--plot-2", bgcolor="--ground"))  # fmt: skip
    place: Json = {"x": peak["index"] + 1, "y": line if is_above else top, "xanchor": near, "yanchor": "bottom"}
    name = escape(short_names(operators)[peak["index"]])
    said = f"peak at {name}: {numbers.size(peak['live_bytes'])}"
    made_of = _made_of(parts[peak["index"]], limit)

    def above(lines: list[str]) -> list[Json]:
        first = label(said, **place, yshift=14 * len(lines), color="--ink", weight=600)
        return [*labels, first, label("<br>".join(lines), **place, align=near, color="--ink-2")]

    bands, wide, narrow = _modules(operators)
    ticks: Json = {"showticklabels": False} if bands else {"dtick": max(len(operators) // 20, 1)}
    return {
        "barmode": "stack", "bargap": 0.04 if len(operators) < 60 else 0, "shapes": [*shapes, *bands], "annotations": [*above([" + ".join(made_of)]), *wide],
        "xaxis": {"title": {"text": "operators in the order of execution"}, "showgrid": False, "range": [0.5, len(operators) + 0.5], **ticks},
        "yaxis": {**axis("KiB in use"), "range": [0, HEADROOM * max(top, line)]},
        "meta": {"narrow": {"annotations": [*above(_two_lines(made_of)), *narrow]}},
    }  # fmt: skip


def _two_lines(made_of: list[str]) -> list[str]:
    """A line of 360 px has room for two of them."""
    rest = " + ".join(made_of[2:])
    return [" + ".join(made_of[:2]), *([f"+ {rest}"] if rest else [])]


def _made_of(parts: tuple[int, int, int], limit: Limit) -> list[str]:
    """out 400 KiB, in 400 KiB, kept 96 KiB: its terms."""
    kept, read, written = parts
    named = [("out", written), ("in", read), ("kept", kept), ("weights and runtime", limit.base)]
    return [f"{word} {numbers.size(value)}" for word, value in named if value]


def _modules(operators: list[Json]) -> tuple[list[Json], list[Json], list[Json]]:
    """(lines below the axis, names at 1440, names at 360): one for each run of operators of one module."""
    runs: list[tuple[str, int, int]] = []
    for place, name in enumerate(module_names(operators)):
        if runs and runs[-1][0] == name:
            runs[-1] = (name, runs[-1][1], place)
        else:
            runs.append((name, place, place))
    named = [run for run in runs if run[0]]
    if len(named) < 2 or len(runs) > MOST_MODULES:
        return [], [], []
    lines = [
        {
            "type": "line",
            "x0": first + 0.6,
            "x1": last + 1.4,
            "yref": "paper",
            "y0": -0.02,
            "y1": -0.02,
            "line": {"color": "--line-2", "width": 1},
        }
        for _, first, last in named
    ]

    def names(px: int) -> list[Json]:
        room = px / len(operators)
        fitting = [(name, first, last) for name, first, last in named if 7 * len(name) < room * (last - first + 1)]
        return [
            label(escape(name), x=(first + last) / 2 + 1, y=0, yref="paper", yanchor="top", yshift=-8, color="--ink-3")
            for name, first, last in fitting
        ]

    return lines, names(900), names(280)


def split_of(op: Json) -> tuple[int, int, int]:
    """(kept for later, read, written) bytes; they add up to what is live."""
    written = min(op["output_bytes"], op["live_bytes"])
    read = min(op["input_bytes"], op["live_bytes"] - written)
    return op["live_bytes"] - written - read, read, written


def _stacks(operators: list[Json], parts: list[tuple[int, int, int]], peak: int, base: int) -> list[Json]:
    """Bars on top of each other for each operator, those of the peak in full colour; below them what is always there."""
    # Plotly reads a little HTML, and a layer's name is a stranger's.
    names = [f"{n}, {escape(name)}" for n, name in enumerate(short_names(operators), 1)]
    opacity = [1 if op["live_bytes"] == peak else QUIET for op in operators]
    kinds = [("kept for later", "--plot-0", 0), ("read", "--plot-5", 1), ("written", "--plot-1", 2)]
    bars = [
        {
            "type": "bar", "x": [op["index"] + 1 for op in operators], "y": [part[n] / 1024 for part in parts], "text": names,
            "textposition": "none", "marker": {"color": colour, "opacity": opacity},
            "hovertemplate": f"%{{text}}: %{{y:.3g}} KiB {word}<extra></extra>",
        }
        for word, colour, n in kinds
    ]  # fmt: skip
    if not base:
        return bars
    below = {"type": "bar", "x": [op["index"] + 1 for op in operators], "y": [base / 1024] * len(operators), "text": names, "textposition": "none",
             "marker": {"color": "--plot-0-soft"}, "hovertemplate": "weights and runtime: %{y:.3g} KiB<extra></extra>"}  # fmt: skip
    return [below, *bars]
