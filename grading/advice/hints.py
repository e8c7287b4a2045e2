"""What would help: changes of the network with what they would bring, as counted and modelled anew. Pure: a stored result in, sentences out.

Points are named only where they follow from counts or from the calibrated model; accuracy is not predicted.
"""

from typing import Any

from courseplatform.core import numbers
from grading.advice.what_if import FELT, Effect, effects
from grading.figures.base import Given
from grading.figures.layer_rows import short_names
from grading.spec import METRICS

MOST_HINTS = 4
WORDS = {
    "latency_ms": "", "energy_mj": "energy ", "peak_activation_bytes": "peak ", "model_bytes": "file ", "macs": "", "params": "parameters ",
    "weight_bits_mean": "bits a weight ",
}  # fmt: skip
Rows = list[dict[str, Any]]


def hints(given: Given, tried: list[Effect] | None = None) -> Rows:
    """What would bring points back, the largest gain first, at most MOST_HINTS: title, text, gain ("+0.50"; "" where none follows).

    tried: the changes, where they are known already (grading/advice/what_if.py).
    """
    lost = lost_points(given)
    found = [_hint(given, effect, lost) for effect in _best(effects(given) if tried is None else tried, lost)]
    document = given.result
    if "accuracy" in lost and (said := _confused(document.get("quality") or {})):
        found.append(said | {"points": 0.0, "gain": f"up to +{lost['accuracy']:.2f}"})
    for metric in ("sparsity", "params"):
        if (
            metric in lost
            and not any("Prune" in hint["title"] for hint in found)
            and (said := _heaviest_weights(document["report"]))
        ):
            found.append(said | {"points": 0.0, "gain": f"up to +{lost[metric]:.2f}"})
    return sorted(found, key=lambda hint: -hint["points"])[:MOST_HINTS]


def lost_points(given: Given) -> dict[str, float]:
    """Metric -> points that its criteria lost; what is left to the staff is not lost."""
    lost: dict[str, float] = {}
    for line in given.result["points"]:
        loss = float(line["of"]) - float(line["earned"])
        if line["metric"] and not line.get("left_open") and loss > 0:
            lost[line["metric"]] = lost.get(line["metric"], 0.0) + loss
    return lost


def _best(found: list[Effect], lost: dict[str, float]) -> list[Effect]:
    """One of each kind: the one with the largest gain, else the one that lowers most of what lost points."""
    chosen: list[Effect] = []
    for kind in ("split", "stride", "narrow", "int8"):
        own = [effect for effect in found if effect.kind == kind and any(effect.fell(metric) > FELT for metric in lost)]
        if own:
            chosen.append(
                max(own, key=lambda effect: (round(effect.gain, 4), sum(effect.fell(metric) for metric in lost)))
            )
    return [effect for effect in chosen if effect.gain > -0.005]


def _hint(given: Given, effect: Effect, lost: dict[str, float]) -> dict[str, Any]:
    metrics = [
        c.metric
        for c in given.spec.criteria
        if c.metric in WORDS and (effect.fell(c.metric) > FELT or effect.gains.get(c.metric))
    ]
    told = sorted(dict.fromkeys(metrics), key=lambda metric: (-effect.gains.get(metric, 0.0), metric not in lost))
    text = "; ".join(_told(given, effect, metric) for metric in told[:3])
    gain = f"{effect.gain:+.2f}" if abs(effect.gain) >= 0.005 else ""
    return {
        "title": effect.title,
        "text": f"{text[:1].upper()}{text[1:]}{':' if gain else '.'}",
        "points": effect.gain,
        "gain": gain,
    }


def _told(given: Given, effect: Effect, metric: str) -> str:
    """41 to 22 ms (20-26), under the line at 30 ms"""
    unit = METRICS[metric][0]
    old, new = effect.before[metric], effect.metrics[metric]
    was, becomes = numbers.with_unit(old, unit), numbers.with_unit(new, unit)
    same = was.rpartition(numbers.NARROW)[2] == becomes.rpartition(numbers.NARROW)[2]
    begin = was.rpartition(numbers.NARROW)[0] if same and numbers.NARROW in was else was
    said = f"{WORDS[metric]}{begin} to {becomes}"
    if metric == "latency_ms" and effect.interval_ms:
        said += f" ({numbers.between(*effect.interval_ms)})"
    return said + _line_crossed(given, metric, old, new)


def _line_crossed(given: Given, metric: str, old: float, new: float) -> str:
    """Which of the lab's lines lies between, or how the next one is missed."""
    unit = METRICS[metric][0]
    steps = [
        limit for c in given.spec.criteria if c.metric == metric and c.rule.kind == "steps" for limit, _ in c.rule.steps
    ]
    crossed = [limit for limit in steps if new <= limit < old]
    if crossed:
        return f", under the line at {numbers.with_unit(min(crossed), unit)}"
    ahead = [limit for limit in steps if limit < new]
    return f", not yet under {numbers.with_unit(max(ahead), unit)}" if ahead else ""


def _confused(quality: dict[str, Any]) -> dict[str, Any] | None:
    if not quality.get("worst_pairs"):
        return None
    pairs = [pair for pair in quality["worst_pairs"] if pair["count"] > 1] or quality["worst_pairs"][:1]
    count, errors = sum(pair["count"] for pair in pairs), quality["n"] - quality["correct"]
    words = ", ".join(f"{pair['true']} from {pair['predicted']}" for pair in pairs)
    return {
        "title": f"Tell {words}.",
        "text": f"That is {count} of your {errors} errors; look at such inputs while you train.",
    }


def _heaviest_weights(report: dict[str, Any]) -> dict[str, Any] | None:
    op = max(report["operators"], key=lambda op: op["params"])
    if not op["params"]:
        return None
    return {
        "title": f"Prune {short_names(report['operators'])[op['index']]} first.",
        "text": f"It holds {numbers.share(op['params'] / report['params'], 0)} of the parameters.",
    }
