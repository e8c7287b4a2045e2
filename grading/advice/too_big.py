"""What does not fit, drawn: what is needed in parts, against what is there, and by which changes it would fit. Pure."""

from dataclasses import dataclass
from typing import Any

from courseplatform.core import numbers
from grading.advice.what_if import Effect
from grading.figures.base import Given
from grading.figures.layer_rows import short_names
from grading.figures.memory import lab_limit, split_of

Rows = list[dict[str, Any]]
MOST_WAYS = 3
WIDE = 0.24  # a share of the bar below which its part's words do not fit under it
RAM, FLASH = "memory", "flash"


@dataclass(frozen=True)
class TooBig:
    """What is needed and what is there, in bytes. what: memory or flash. parts: (words, bytes, token of its colour), in their order.

    where: who gives it ("Lab 1" or a board). counts_base: bytes of `need` that no change of the graph takes away.
    """

    what: str
    where: str
    need: float
    limit: float
    parts: tuple[tuple[str, float, str], ...]
    base: float = 0.0


def too_big(given: Given, lab: str) -> TooBig | None:
    """The first of these that does not hold: the lab's limit for memory, the RAM and the flash of its board."""
    report, verdict = given.result["report"], given.lab_costs.verdict
    peak, limit = report["peak_activation_bytes"], lab_limit(given.spec)
    if limit and peak > limit:
        return TooBig(RAM, lab, peak, limit, _at_the_peak(report))
    need, room = verdict.get("ram_needed_bytes", 0), verdict.get("ram_limit_bytes", 0)
    name = given.lab_costs.name
    if room and need > room:
        base = max(need - peak, 0)
        parts = (*_at_the_peak(report), ("weights and runtime", base, "plot-0"))
        return TooBig(RAM, f"the {name}", need, room, tuple(part for part in parts if part[1]), base)
    need, room = verdict.get("flash_needed_bytes", 0), verdict.get("flash_limit_bytes", 0)
    if room and need > room:
        weights = min(report["weight_bytes"], need)
        parts = (("weights", weights, "plot-1"), ("structure and runtime", need - weights, "plot-0"))
        return TooBig(FLASH, f"the {name}", need, room, parts, need - weights)
    return None


def _at_the_peak(report: dict[str, Any]) -> tuple[tuple[str, float, str], ...]:
    operators = report["operators"]
    op = operators[report["peak_operator"]]
    name = short_names(operators)[op["index"]]
    kept, read, written = split_of(op)
    parts = (
        (f"input of {name}", read, "plot-5"),
        (f"output of {name}", written, "plot-1"),
        ("kept for later", kept, "plot-0"),
    )
    return tuple(part for part in parts if part[1])


def too_big_part(given: Given, found: TooBig, attempts: str, tried: list[Effect]) -> dict[str, Any]:
    """What the page shows. attempts: how many are left, for the last way out."""
    over = found.need - found.limit
    title = f"Too big for {'the lab' if not found.where.startswith('the ') else found.where}'s {found.what}"
    return {
        "title": f"{title} limit" if not found.where.startswith("the ") else title,
        "sentence": f"{'At its peak this model needs' if found.what == RAM else 'This model needs'} {numbers.size(found.need)}; "
                    f"{found.where} gives {numbers.size(found.limit)}.",
        "finding": _finding(given, found), "over": numbers.size(over), "limit": numbers.size(found.limit), "need": numbers.size(found.need),
        "where": found.where if found.where.startswith("the ") else "the lab", "anchor": _anchor(found.limit / found.need),
        "line_y": 34 if found.limit / found.need > 0.6 else 18, "over_anchor": "end" if found.limit / found.need > 0.7 else "middle",
        "limit_x": f"{100 * found.limit / found.need:.1f}%", "over_x": _over_x(found.limit / found.need),
        "bars": _bars(found), "ways": [*_ways(found, tried), {"title": "Then hand in again.", "text": attempts}],
    }  # fmt: skip


def _finding(given: Given, found: TooBig) -> str:
    """conv3 alone needs three times the limit: its input and output are kept in float32, 4 bytes each."""
    report = given.result["report"]
    if found.what == FLASH:
        words, size, _ = max(found.parts, key=lambda part: part[1])
        return f"{words.capitalize()} take {numbers.size(size)} of it."
    op = report["operators"][report["peak_operator"]]
    kind = op.get("output_dtype") or ""
    size = op["output_bytes"] * 8 // op["output_elements"] if op.get("output_elements") else 0
    each = (
        f": its input and output are kept in {kind}, {size // 8 or 1} byte{'' if size <= 8 else 's'} each"
        if kind and size
        else ""
    )
    return f"{short_names(report['operators'])[op['index']]} alone needs {_times(found.need / found.limit)}{each}."


def _times(times: float) -> str:
    if times < 1.1:
        return "a little more than the limit"
    word = {2: "twice", 3: "three times", 4: "four times"}.get(round(times))
    is_whole = word and abs(times - round(times)) < 0.05
    return f"{word if is_whole else f'{numbers.digits(times, 2)} times'} the limit"


def _over_x(share: float) -> str:
    """Where the words below what is too much stand: in its middle, or at its end where it is narrower than they are."""
    return "100%" if share > 0.7 else f"{(100 + 100 * share) / 2:.1f}%"


def _anchor(share: float) -> str:
    """From where the words at the limit are written, so that they stay inside."""
    return "start" if share < 0.25 else "end" if share > 0.75 else "middle"


def _bars(found: TooBig) -> Rows:
    bars, at = [], 0.0
    for words, size, token in found.parts:
        share = 100 * size / found.need
        bars.append(
            {
                "x": f"{at:.2f}%",
                "width": f"{share:.2f}%",
                "token": token,
                "words": f"{words} {numbers.size(size)}",
                "is_wide": share > 100 * WIDE,
            }
        )
        at += share
    return bars


def _ways(found: TooBig, tried: list[Effect]) -> Rows:
    """Changes that lower it, the one that lowers it most first; one of each kind."""
    metric = "peak_activation_bytes" if found.what == RAM else "model_bytes"
    ways: dict[str, Effect] = {}
    for effect in sorted(tried, key=lambda one: -one.fell(metric)):
        if effect.fell(metric) > 0 and effect.kind not in ways:
            ways[effect.kind] = effect
    return [_way(effect, metric, found) for effect in list(ways.values())[:MOST_WAYS]]


def _way(effect: Effect, metric: str, found: TooBig) -> dict[str, str]:
    before, after = effect.before[metric], effect.metrics[metric]
    need = found.need - before + after
    spare = found.limit - need
    end = (
        "which just fits"
        if spare == 0
        else f"which fits with {numbers.size(spare)} to spare"
        if spare > 0
        else f"better, still {numbers.size(-spare)} too much"
    )
    return {"title": effect.title, "text": f"{numbers.size(found.need)} would become {numbers.size(need)}: {end}."}
