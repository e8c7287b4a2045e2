"""What would help: changes of the network with what they would bring, as counted and modelled anew. Pure: a stored result in, sentences out.

Points are named only where they follow from counts or from the calibrated model; what is measured on the hidden set is not predicted.
"""

from collections.abc import Iterator
from typing import Any

from courseplatform.core import numbers
from grading.advice.what_if import FELT, Effect, effects
from grading.figures.base import Given
from grading.figures.layer_rows import short_names
from grading.ml_tasks.registry import all_metrics
from grading.points.table import in_sentence
from grading.spec import METRICS
from grading.spec.criteria import MORE_IS_BETTER, words_of_metric
from grading.spec.device_metrics import FITS

MOST_HINTS = 4
WORDS = {
    "latency_ms": "", "energy_mj": "energy ", "peak_activation_bytes": "peak ", "model_bytes": "file ", "macs": "", "params": "parameters ",
    "weight_bits_mean": "bits a weight ", "ram_needed_bytes": "RAM ", "flash_needed_bytes": "flash ", "battery_hours": "",
    "inferences_per_charge": "inferences on a charge ", "mah_per_1000_inferences": "1000 inferences ", FITS: "",
}  # fmt: skip
# Of weights: metric -> what to do with the layer that holds most of them.
ON_WEIGHTS = {
    "sparsity": "Prune {} first.", "params": "Prune {} first.",
    "two_of_four_sparsity": "Begin with {}: keep two of any four neighbours along its inputs.",
    "output_channel_sparsity": "Begin with {}: set whole output channels to zero.",
}  # fmt: skip
Rows = list[dict[str, Any]]


def hints(given: Given, tried: list[Effect] | None = None) -> Rows:
    """What would bring points back, the largest gain first, at most MOST_HINTS: title, text, gain ("+0.50"; "" where none follows).

    tried: the changes, where they are known already (grading/advice/what_if.py).
    """
    lost = lost_points(given)
    found = [_hint(given, effect, lost) for effect in _best(effects(given) if tried is None else tried, lost)]
    found += [
        {"title": one["title"], "text": one["text"], **_up_to(lost[one["metric"]])}
        for one in given.spec.kind.advice(given.result.get("quality") or {}, lost)
    ]
    found += _on_answers(given, lost)
    for metric, words in ON_WEIGHTS.items():
        if (
            metric in lost
            and not any(hint["title"].startswith(("Prune", "Begin with")) for hint in found)
            and (said := _heaviest_weights(given.result["report"], words))
        ):
            found.append(said | _up_to(lost[metric]))
    return sorted(found, key=lambda hint: -hint["points"])[:MOST_HINTS]


def _up_to(points: float) -> dict[str, Any]:
    return {"points": 0.0, "gain": f"up to +{points:.2f}"}


def lost_points(given: Given) -> dict[str, float]:
    """Metric -> points that its criteria lost; what is left to the staff is not lost."""
    lost: dict[str, float] = {}
    for line in given.result["points"]:
        loss = float(line["of"]) - float(line["earned"])
        if line["metric"] and not line.get("left_open") and loss > 0:
            lost[line["metric"]] = lost.get(line["metric"], 0.0) + loss
    return lost


def _best(found: list[Effect], lost: dict[str, float]) -> list[Effect]:
    """One of each kind: the one with the largest gain, else the one that betters most of what lost points."""
    chosen: list[Effect] = []
    for kind in ("split", "stride", "narrow", "int8"):
        own = [
            effect for effect in found if effect.kind == kind and any(effect.helped(metric) > FELT for metric in lost)
        ]
        if own:
            chosen.append(
                max(own, key=lambda effect: (round(effect.gain, 4), sum(effect.helped(metric) for metric in lost)))
            )
    return [effect for effect in chosen if effect.gain > -0.005]


def _hint(given: Given, effect: Effect, lost: dict[str, float]) -> dict[str, Any]:
    named = [metric for c in given.spec.criteria for metric in c.metrics if metric in WORDS]
    metrics = [metric for metric in named if effect.helped(metric) > FELT or effect.gains.get(metric)]
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
    old, new = effect.before[metric], effect.metrics[metric]
    if metric == FITS:
        return "it fits the board then" if new else "it does not fit the board any more"
    unit = METRICS[metric][0]
    was, becomes = numbers.with_unit(old, unit), numbers.with_unit(new, unit)
    same = was.rpartition(numbers.NARROW)[2] == becomes.rpartition(numbers.NARROW)[2]
    begin = was.rpartition(numbers.NARROW)[0] if same and numbers.NARROW in was else was
    said = f"{WORDS[metric]}{begin} to {becomes}"
    if metric == "latency_ms" and effect.interval_ms:
        said += f" ({numbers.between(*effect.interval_ms)})"
    return said + _line_crossed(given, metric, old, new)


def _line_crossed(given: Given, metric: str, old: float, new: float) -> str:
    """Which of the lab's lines lies between, or how the next one is missed."""
    unit, limits = METRICS[metric][0], sorted(_lines(given, metric))
    if metric in MORE_IS_BETTER:
        if crossed := [limit for limit in limits if old < limit <= new]:
            return f", over the line at {numbers.with_unit(crossed[-1], unit)}"
        ahead = [limit for limit in limits if limit > new]
        return f", not yet at {numbers.with_unit(ahead[0], unit)}" if ahead else ""
    if crossed := [limit for limit in limits if new <= limit < old]:
        return f", under the line at {numbers.with_unit(crossed[0], unit)}"
    ahead = [limit for limit in limits if limit < new]
    return f", not yet under {numbers.with_unit(ahead[-1], unit)}" if ahead else ""


def _lines(given: Given, metric: str) -> Iterator[float]:
    """The values at which points of this metric jump: ramps and curves have none."""
    for criterion in given.spec.criteria:
        if criterion.metric == metric and criterion.rule.kind in ("steps", "at_least", "at_most"):
            yield from criterion.rule.limits
        yield from (one.value for one in criterion.rule.conditions if one.metric == metric)


def _on_answers(given: Given, lost: dict[str, float]) -> Rows:
    """Of what is measured on the hidden set, the metric that lost most: where the errors are. No number follows from that."""
    measured = {metric: points for metric, points in lost.items() if metric in all_metrics()}
    quality = given.result.get("quality") or {}
    if not measured or not quality:
        return []
    metric = max(measured, key=lambda name: measured[name])
    said = _confused(quality) or _as_figure(given, metric, quality)
    return [said | _up_to(measured[metric])]


def _as_figure(given: Given, metric: str, quality: dict[str, Any]) -> dict[str, Any]:
    figure = given.spec.kind.figure(quality)
    title = f"See in the figure {figure.title} where {in_sentence(words_of_metric(metric))} is lost."
    return {"title": title, "text": f"{figure.finding} {figure.how}".strip()}


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


def _heaviest_weights(report: dict[str, Any], words: str) -> dict[str, Any] | None:
    op = max(report["operators"], key=lambda op: op["params"])
    if not op["params"]:
        return None
    return {
        "title": words.format(short_names(report["operators"])[op["index"]]),
        "text": f"It holds {numbers.share(op['params'] / report['params'], 0)} of the parameters.",
    }
