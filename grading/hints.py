"""What would help: what the graph says about the criteria that lost points. Pure: a stored result in, sentences out."""

from collections.abc import Callable
from math import prod
from typing import Any

from courseplatform.core import numbers
from grading.figures.layer_rows import short_names

Rows = list[dict[str, Any]]


def hints(document: dict[str, Any]) -> Rows:
    """What would bring points back: what the graph says about the criteria that lost some, the largest loss first."""
    lines = [line for line in document["points"] if line["metric"] and not line.get("left_open")]
    lost = {line["metric"]: float(line["of"]) - float(line["earned"]) for line in lines}
    advice: dict[str, Callable[[], dict[str, str] | None]] = {
        "accuracy": lambda: _confused(document["quality"]),
        "macs": lambda: _split_a_convolution(document["report"]) or _narrow_the_heaviest(document["report"]),
        "peak_activation_bytes": lambda: _lower_the_peak(document["report"]),
        "model_bytes": lambda: _narrow_the_weights(document["report"]),
        "weight_bits_mean": lambda: _narrow_the_weights(document["report"]),
        "params": lambda: _heaviest_weights(document["report"]),
        "sparsity": lambda: _heaviest_weights(document["report"]),
        "latency_ms": lambda: _split_a_convolution(document["report"]) or _narrow_the_heaviest(document["report"]),
        "energy_mj": lambda: _split_a_convolution(document["report"]) or _narrow_the_heaviest(document["report"]),
    }
    found: Rows = []
    for metric in sorted((m for m, loss in lost.items() if loss > 0 and m in advice), key=lambda m: -lost[m]):
        hint = advice[metric]()
        if hint is not None and hint["title"] not in {known["title"] for known in found}:
            found.append(hint | {"gain": f"up to +{lost[metric]:.2f}"})
    return found


def _short(report: dict[str, Any], op: dict[str, Any]) -> str:
    """The layer's name as the table of layers has it."""
    place: int = op["index"]
    return short_names(report["operators"])[place]


def _confused(quality: dict[str, Any]) -> dict[str, str] | None:
    if not quality["worst_pairs"]:
        return None
    pairs = [pair for pair in quality["worst_pairs"] if pair["count"] > 1] or quality["worst_pairs"][:1]
    count, errors = sum(pair["count"] for pair in pairs), quality["n"] - quality["correct"]
    words = ", ".join(f"{pair['true']} from {pair['predicted']}" for pair in pairs)
    return {
        "title": f"Tell {words}.",
        "text": f"That is {count} of your {errors} errors; look at such inputs while you train.",
    }


def _heaviest_weights(report: dict[str, Any]) -> dict[str, str] | None:
    op = max(report["operators"], key=lambda op: op["params"])
    if not op["params"]:
        return None
    return {
        "title": f"Prune {_short(report, op)} first.",
        "text": f"It holds {numbers.share(op['params'] / report['params'], 0)} of the parameters.",
    }


def _split_a_convolution(report: dict[str, Any]) -> dict[str, str] | None:
    """The heaviest convolution with a kernel larger than one point, if a split into two cheaper layers would be felt."""
    dense = max((op for op in report["operators"] if op["op_class"] == "conv"), key=lambda op: op["macs"], default=None)
    if dense is None or dense["macs"] <= 0.3 * report["macs"]:
        return None
    left = _share_after_split(dense, channels_last=report["format"] == "tflite")
    if left > 0.6:
        return None
    return {
        "title": f"Split {_short(report, dense)} into a depthwise and a pointwise layer.",
        "text": f"It holds {numbers.share(dense['macs'] / report['macs'], 0)} of the MACs; the two would need about "
                f"{numbers.share(left, 0)} of its {numbers.macs(dense['macs'])}.",
    }  # fmt: skip


def _narrow_the_heaviest(report: dict[str, Any]) -> dict[str, str] | None:
    op = max(report["operators"], key=lambda op: op["macs"])
    if not op["macs"]:
        return None
    share = op["macs"] / report["macs"]
    return {
        "title": f"Make {_short(report, op)} narrower.",
        "text": f"It holds {numbers.share(share, 0)} of the MACs; with half its outputs it would need half as many.",
    }


def _share_after_split(op: dict[str, Any], *, channels_last: bool) -> float:
    """MACs of depthwise and pointwise against those of one dense convolution: 1 / kernel area + 1 / output channels.

    The kernel's area follows from the counts: MACs for one output value are area x input channels. A stride makes the area look smaller,
    so the share is never told too low. 1.0 where the shapes say too little.
    """
    shape = op["output_shape"]
    outputs = prod(shape)
    if len(shape) < 3 or not outputs or not op["input_bytes"] or not op["output_bytes"]:
        return 1.0
    channels = shape[-1] if channels_last else shape[1]
    inputs = op["input_bytes"] * outputs / op["output_bytes"]
    area = op["macs"] / channels / inputs
    return min(1 / area + 1 / channels, 1.0) if area > 1 else 1.0


def _narrow_the_weights(report: dict[str, Any]) -> dict[str, str] | None:
    wide = sum(share for bits, share in report["weight_bits"].items() if float(bits) >= 16)
    if wide <= 0.5:
        return None
    return {
        "title": "Quantize the weights to int8.",
        "text": f"{numbers.share(wide, 0)} of them are stored in 16 bits or more: {numbers.size(report['weight_bytes'])} of weights "
                f"would become about {numbers.size(report['params'])}.",
    }  # fmt: skip


def _lower_the_peak(report: dict[str, Any]) -> dict[str, str]:
    operators = report["operators"]
    peak, ranked = operators[report["peak_operator"]], sorted((op["live_bytes"] for op in operators), reverse=True)
    near = sum(size >= 0.8 * ranked[0] for size in ranked)
    if near > 1:
        return {
            "title": "Use fewer channels or a smaller picture from early on.",
            "text": f"{near} operators need 80 % or more of the peak of {numbers.size(ranked[0])}: to mend one is not enough.",
        }
    return {
        "title": f"Give {_short(report, peak)} a smaller input or output.",
        "text": f"It alone sets the peak of {numbers.size(ranked[0])}; the next operator needs {numbers.size(ranked[1])}.",
    }
