"""Memory against the size of the batch: how many inputs can be trained at once before the RAM of a board ends."""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, log2, log10
from typing import Any

from courseplatform.core import numbers
from grading.figures.base import Figure, Given, Json, label
from grading.figures.training import told_of
from grading.figures.training_rows import MANY, inputs, usable
from hardware.profiles import RUNTIME_NAMES, today_slug

COLOURS = {"full": "--plot-1", "last_layer": "--plot-3", "bias": "--plot-4", "low_rank": "--plot-6"}
HEIGHT_PX, PLOT_PX, LABEL_PX = 300, 220, 15
MARKS = [lead * 10.0**n for n in range(-4, 7) for lead in (1, 2, 5)]
KIB, MIB = 1 << 10, 1 << 20
ALIKE = ("runtime", "runtime_bytes", "weights_in_ram")


@dataclass(frozen=True)
class Line:
    """One way of training on one device: bytes that do not grow, bytes of each input, and the largest batch that fits."""

    method: str
    title: str
    fixed_bytes: int
    each_bytes: int
    largest: int

    def at(self, size: int) -> int:
        """Bytes of RAM for a batch of that size."""
        return self.fixed_bytes + size * self.each_bytes


@dataclass(frozen=True)
class Drawn:
    """What is drawn: lines, RAM of boards by name, sizes of the batch, and the unit of the axis."""

    lines: list[Line]
    limits: list[tuple[str, int]]
    sizes: list[int]
    unit: int

    @property
    def word(self) -> str:
        return "KiB" if self.unit == KIB else "MiB"

    @property
    def span(self) -> tuple[float, float]:
        """Ends of the axis of bytes, as logarithms."""
        met = [line.at(size) for line in self.lines for size in (self.sizes[0], self.sizes[-1])]
        met += [limit for _, limit in self.limits]
        return log10(min(met) / self.unit) - 0.15, log10(max(met) / self.unit) + 0.15


def batch(given: Given) -> Figure | None:
    """On the lab's board; where no batch ends there, on the one on which it ends first. None where nothing is trained anywhere."""
    told = told_of(given)
    if told is None:
        return None
    named = told["devices"].get(today_slug(given.spec.device)) if given.spec.device else None
    device = _device(told, named)
    if device is None:
        return None
    lines = _lines(told, device)
    drawn = Drawn(
        lines, _limits(told, device, given), _sizes(lines, told), KIB if device["ram_limit_bytes"] < 4 * MIB else MIB
    )
    runtime = RUNTIME_NAMES.get(device["runtime"], device["runtime"])
    frozen = "" if device["weights_in_ram"] else " Weights that stay as they are lie in flash."
    return Figure(
        slug="training-batch", title="Batch and memory", basis="counted", finding=_finding(lines, device["name"]),
        how=f"With {numbers.size(device['runtime_bytes'])} of {runtime} itself.{frozen}",
        note=f"{_which(device, named)} Each input of a batch adds the same; weights, gradients and the optimizer's state do not grow.",
        columns=["Inputs of one step", *(f"{line.title}, bytes" for line in lines)],
        rows=[[str(size), *(str(line.at(size)) for line in lines)] for size in drawn.sizes],
        height=HEIGHT_PX, draw=lambda: {"data": [_trace(line, drawn) for line in lines], "layout": _layout(drawn)},
    )  # fmt: skip


def _device(told: Json, named: Json | None) -> Json | None:
    if named is not None and any(line.largest <= MANY for line in _lines(told, named)):
        return named
    ends = {slug: max((line.largest for line in _lines(told, one)), default=0) for slug, one in told["devices"].items()}
    possible = [slug for slug in ends if ends[slug] > 0]
    found: Json | None = told["devices"][min(possible, key=lambda slug: ends[slug])] if possible else None
    return found


def _which(device: Json, named: Json | None) -> str:
    if named is None or named is device:
        return f"On the {device['name']}."
    if not any(line for line in named["methods"].values() if not line["why"] and line["largest_batch"]):
        return f"The {named['name']} cannot train; drawn is the {device['name']}."
    return f"On the {named['name']} more than {numbers.count(MANY)} inputs fit; drawn is the {device['name']}, where they end first."


def _lines(told: Json, device: Json) -> list[Line]:
    found = []
    for method in usable(told):
        own, each = device["methods"][method["method"]], method["per_input_bytes"]
        if not own["why"] and own["largest_batch"] is not None and each:
            fixed = own["ram_needed_bytes"] - told["batch"] * each
            found.append(Line(method["method"], method["title"], fixed, each, own["largest_batch"]))
    return found


def _finding(lines: list[Line], name: str) -> str:
    first, best = lines[0], max(lines, key=lambda line: line.largest)
    if best.largest == 0:
        return f"Not one input can be trained on the {name}."
    fit = "input fits" if first.largest == 1 else "inputs fit"
    said = (
        f"By {first.title.lower()} {inputs(first.largest) if first.largest else 'not one'} {fit} at once on the {name}"
    )
    if best.largest > first.largest and inputs(best.largest) != inputs(first.largest):
        said += f"; by {best.title.lower()} {inputs(best.largest)}"
    return f"{said}."


def _limits(told: Json, device: Json, given: Given) -> list[tuple[str, int]]:
    """RAM of the drawn board, and of the lab's boards on which the same lines hold: the same runtime, and weights in the same place."""
    named = [device, *(told["devices"].get(today_slug(slug)) for slug in given.spec.devices)]
    found = [one for one in named if one and all(one[key] == device[key] for key in ALIKE)]
    return list({one["ram_limit_bytes"]: (one["name"], one["ram_limit_bytes"]) for one in found}.values())


def _sizes(lines: list[Line], told: Json) -> list[int]:
    """Powers of two up to beyond the largest that fits."""
    most = min(max(told["batch"], *(line.largest for line in lines), 8), MANY)
    return [1 << n for n in range(ceil(log2(most)) + 2)]


def _trace(line: Line, drawn: Drawn) -> Json:
    return {
        "type": "scatter", "mode": "lines", "x": drawn.sizes, "y": [line.at(size) / drawn.unit for size in drawn.sizes],
        "line": {"color": COLOURS[line.method], "width": 2},
        "hovertemplate": f"{line.title}, %{{x}} inputs: %{{y:.3g}} {drawn.word}<extra></extra>",
    }  # fmt: skip


def _layout(drawn: Drawn) -> Json:
    low, high = drawn.span
    shown = drawn.sizes[:: 2 if len(drawn.sizes) > 7 else 1]
    marks = [mark for mark in MARKS if low <= log10(mark) <= high]
    marks = marks if len(marks) < 9 else [mark for mark in marks if log10(mark).is_integer()]
    return {
        "margin": {"r": 116, "l": 52}, "shapes": [_limit(limit / drawn.unit) for _, limit in drawn.limits],
        "annotations": [*_limit_names(drawn), *_names(drawn)],
        "xaxis": {"title": {"text": "inputs of one step (log)"}, "type": "log", "range": [0, log10(drawn.sizes[-1])], "tickvals": shown,
                  "ticktext": [numbers.count(size) for size in shown]},
        "yaxis": {"title": {"text": f"{drawn.word} (log)"}, "type": "log", "range": [low, high], "tickvals": marks,
                  "ticktext": [numbers.count(mark) if mark >= 1 else f"{mark:g}" for mark in marks]},
    }  # fmt: skip


def _limit(at: float) -> Json:
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": at,
        "y1": at,
        "line": {"color": "--plot-2", "width": 2},
    }


def _limit_names(drawn: Drawn) -> list[Any]:
    return [
        label(
            f"{name}: {numbers.size(limit)}", x=0, xref="paper", y=log10(limit / drawn.unit), xanchor="left", yanchor="bottom",
            color="--plot-2",
        )
        for name, limit in drawn.limits
    ]  # fmt: skip


def _names(drawn: Drawn) -> list[Any]:
    """The ways of training at the right end of their lines, moved apart where they would lie on each other."""
    low, high = drawn.span
    order = sorted(drawn.lines, key=lambda line: line.at(drawn.sizes[-1]))
    ends = [log10(line.at(drawn.sizes[-1]) / drawn.unit) * PLOT_PX / (high - low) for line in order]
    places = ends[:1]
    for _, end in pairwise(ends):
        places.append(max(end, places[-1] + LABEL_PX))
    return [
        label(
            line.title, x=1, xref="paper", xanchor="left", xshift=6, y=log10(line.at(drawn.sizes[-1]) / drawn.unit), yanchor="middle",
            yshift=round(place - end), color=COLOURS[line.method],
        )
        for line, end, place in zip(order, ends, places, strict=True)
    ]  # fmt: skip
