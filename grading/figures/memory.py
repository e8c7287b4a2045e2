"""The memory in use over the execution, with the peak marked."""

from html import escape

from courseplatform.core import numbers
from grading.figures.base import QUIET, Figure, Given, Json, axis, label
from grading.figures.layer_rows import full_name, short_names
from grading.spec import BenchSpec

LIMIT_IN_SIGHT = 2.5  # a limit further off than this times the peak is said, not drawn


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
            label(
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
            label(text, x=int(is_left), xref="paper", y=limit / 1024, xanchor=far, yanchor="bottom", color="--plot-2")
        )
    return {
        "barmode": "stack", "bargap": 0.04 if len(operators) < 60 else 0, "shapes": shapes, "annotations": labels,
        "xaxis": {"title": {"text": "operators in the order of execution"}, "dtick": max(len(operators) // 20, 1), "showgrid": False,
                  "range": [0.5, len(operators) + 0.5]},
        "yaxis": axis("KiB in use"),
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
        (c.rule.most for c in spec.criteria if c.metric == "peak_activation_bytes" and c.rule.most is not None), 0.0
    )  # fmt: skip
