"""The roofline: what each layer reaches on a board, against what its processor and its memory could do at most.

After Williams, Waterman and Patterson, "Roofline: an insightful visual performance model" (CACM 52(4), 2009), in MACs in place of FLOPs.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from math import log10, sqrt

from courseplatform.core import numbers
from grading.figures.base import Figure, Given, Json, Rows, label
from grading.figures.costs import Costs
from grading.figures.layer_rows import full_name, short_names
from grading.figures.placing import LETTER_PX, LINE_PX, Box, Spot, crowding, placed
from hardware.profiles import DeviceProfile

ON_ACCELERATOR = frozenset({"tensorrt", "edgetpu"})
LARGEST_PX, SMALLEST_PX = 32, 6
WIDE_PX, NARROW_PX = (620, 260), (270, 260)  # of the plot itself, at 1440 and at 360
HEAVY = 0.2  # a share of the time from which on a layer is spoken of
TONES = {
    "convolution": "--plot-1",
    "pointwise": "--plot-3",
    "depthwise": "--plot-2",
    "fully connected": "--plot-4",
    "matrix product": "--plot-6",
}
PEAKS = {"fp32": "fp32_gflops", "fp16": "fp16_gflops", "int8": "int8_gops"}


@dataclass(frozen=True)
class Roofs:
    """gmacs: 10^9 MACs a second of what computes, gbytes: 10^9 bytes a second of the memory; 0 where nobody gave a number."""

    gmacs: float
    gbytes: float
    words: str

    def at(self, intensity: float) -> float:
        """The most GMAC/s at so many MACs per byte; 0 where a roof is unknown."""
        return min(self.gmacs, self.gbytes * intensity) if self.gmacs and self.gbytes else 0.0

    @property
    def ridge(self) -> float:
        """MACs per byte from which on the processor and not the memory limits."""
        return self.gmacs / self.gbytes if self.gmacs and self.gbytes else 0.0


@dataclass(frozen=True)
class Frame:
    """The ends of both axes, as logarithms."""

    left: float
    right: float
    bottom: float
    top: float

    def place(self, x: float, y: float, width: float, height: float) -> tuple[float, float]:
        """Pixels from the left and from below, in a plot of that size."""
        across = (log10(x) - self.left) / (self.right - self.left)
        return width * across, height * (log10(y) - self.bottom) / (self.top - self.bottom)


@dataclass(frozen=True)
class Dot:
    """One operator that multiplies. intensity: MACs per byte moved (input, output, weights). gmacs: reached, 10^9 MACs a second."""

    name: str
    kind: str
    macs: int
    intensity: float
    ms: float

    @property
    def gmacs(self) -> float:
        return self.macs / self.ms / 1e6


def roofline(given: Given) -> Figure:
    """Each multiplying layer by MACs per byte and GMAC/s reached, as modelled, under the roofs of the board."""
    report, costs = given.result["report"], given.costs
    dots, roofs = dots_of(report, costs), roofs_of(costs.profile, costs)
    finding, how = _finding(dots, roofs, costs)
    left = sum(ms for index, ms in costs.operators.items() if not report["operators"][index]["macs"])
    rest = f" What multiplies nothing ({numbers.milliseconds(left)}) is not drawn." if left else ""
    return Figure(
        slug="roofline", title="Roofline", basis=costs.basis if dots else "shown", finding=finding, how=how,
        marks=[(costs.basis, costs.basis)] if dots else [("shown", "nothing modelled")],
        note=(f"{costs.where}. " if dots else "") + f"MACs and bytes are counted.{rest}", asks_board=True,
        columns=["Layer", "Kind", "MACs", "Bytes moved", "MACs per byte", "Time, ms", "GMAC/s reached", "Roof, GMAC/s"],
        rows=_rows(report, dots, roofs), height=340, beside="grading/_figure_roofline_kinds.html" if dots else "",
        shown={"kinds": _kinds(dots)}, draw=(lambda: {"data": _traces(dots, roofs), "layout": _layout(dots, roofs)}) if dots else None,
    )  # fmt: skip


def dots_of(report: Json, costs: Costs) -> list[Dot]:
    names = short_names(report["operators"])
    return [
        Dot(names[op["index"]], _kind(op), op["macs"], op["macs"] / _moved(op), costs.operators[op["index"]])
        for op in report["operators"] if op["macs"] and costs.operators.get(op["index"], 0.0) > 0 and _moved(op)
    ]  # fmt: skip


def roofs_of(profile: DeviceProfile | None, costs: Costs) -> Roofs:
    """Of what computes there: the accelerator for its own runtimes, else so many cores as there are threads."""
    if profile is None:
        return Roofs(0.0, 0.0, "")
    precision, threads = str(costs.verdict.get("precision") or "fp32"), costs.verdict.get("threads")
    runtime = str(costs.verdict.get("runtime") or "").partition("@")[0]
    memory = profile.memory_bandwidth_mb_s / 1000
    if runtime in ON_ACCELERATOR:
        return Roofs(profile.accelerator_peaks.get(PEAKS[precision], 0.0) / 2, memory, f"{precision}, accelerator")
    own = {"fp32": profile.peak_fp32_gflops, "fp16": profile.peak_fp16_gflops, "int8": profile.peak_int8_gops}
    # Without instructions of that width a processor computes in fp32.
    used = precision if own[precision] else "fp32"
    cores = min(threads or profile.cores, profile.cores)
    words = f"{used}, {cores} core{'' if cores == 1 else 's'}"
    return Roofs(own[used] / 2 * cores / max(profile.cores, 1), memory, words)


def _moved(op: Json) -> int:
    return int(op["input_bytes"] + op["output_bytes"] + op["weight_bytes"])


def _kind(op: Json) -> str:
    kinds = {"depthwise": "depthwise", "dense": "fully connected", "matmul": "matrix product"}
    if op["op_class"] in kinds:
        return kinds[op["op_class"]]
    kernel = op.get("kernel") or {}
    return "pointwise" if kernel.get("size") and set(kernel["size"]) == {1} else "convolution"


def _rows(report: Json, dots: list[Dot], roofs: Roofs) -> Rows:
    """Every multiplying operator; what is modelled is empty where nothing is."""
    if not dots:
        counted = [op for op in report["operators"] if op["macs"] and _moved(op)]
        rows = [
            [full_name(op), _kind(op), str(op["macs"]), str(_moved(op)), f"{op['macs'] / _moved(op):.4g}", "", "", ""]
            for op in counted
        ]
        return rows or [["all", "", "0", "", "", "", "", ""]]
    return [
        [dot.name, dot.kind, str(dot.macs), f"{dot.macs / dot.intensity:.0f}", f"{dot.intensity:.4g}", f"{dot.ms:.4g}", f"{dot.gmacs:.4g}",
         f"{roofs.at(dot.intensity):.4g}" if roofs.at(dot.intensity) else ""]
        for dot in dots
    ]  # fmt: skip


def _kinds(dots: list[Dot]) -> list[Json]:
    """The table beside the plot: each kind with its time and what it reaches as a whole."""
    found = []
    for kind, tone in TONES.items():
        own = [dot for dot in dots if dot.kind == kind]
        if own:
            ms, macs = sum(dot.ms for dot in own), sum(dot.macs for dot in own)
            found.append({"kind": kind, "tone": tone.removeprefix("--"), "count": len(own), "ms_value": ms, "ms": numbers.digits(ms, 2 if ms < 1 else 3),
                          "gmacs": numbers.digits(macs / ms / 1e6, 2 if macs / ms < 1e6 else 3)})  # fmt: skip
    return sorted(found, key=lambda row: -row["ms_value"])


# -- the sentence -----------------------------------------------------------------------------------------------------


def _finding(dots: list[Dot], roofs: Roofs, costs: Costs) -> tuple[str, str]:
    if not dots:
        if not costs.slug:
            return "The lab names no board, so nothing is modelled. Choose one.", ""
        why = costs.reason or ("This result is older than the times by layer." if costs.latency_ms is not None else "")
        return f"No roofline for the {costs.name or 'board'}: no time by layer is modelled.", why
    whole = sum(dot.ms for dot in dots)
    ranked = sorted(dots, key=lambda dot: -dot.ms)
    top = [dot for dot in ranked[:2] if dot.ms >= HEAVY * whole] or ranked[:1]
    return f"{_reach(top, roofs, costs)}", _depthwise(dots) + "The larger a dot, the more time."


def _reach(top: list[Dot], roofs: Roofs, costs: Costs) -> str:
    """conv2 and conv3 reach 46 % of the compute roof: they are slow because they are large."""
    names, many = " and ".join(dot.name for dot in top), len(top) > 1
    speed = sum(dot.macs for dot in top) / sum(dot.ms for dot in top) / 1e6
    if not roofs.ridge:
        said = f"{names} reach{'' if many else 'es'} {numbers.digits(speed)} GMAC/s"
        return f"{said}; no peak of the {costs.name} is known, so no roof is drawn."
    is_computing = all(dot.intensity >= roofs.ridge for dot in top)
    share = speed / (sum(dot.macs for dot in top) / sum(dot.macs / roofs.at(dot.intensity) for dot in top))
    verb, they, are = ("reach", "they", "are") if many else ("reaches", "it", "is")
    roof = "compute roof" if is_computing else "roof at their bytes" if many else "roof at its bytes"
    if share > 1:
        why = (
            "the kernel multiplies less than is counted"
            if is_computing
            else "small tensors stay in the cache, faster than the memory"
        )
        return f"{names} {verb} more than the {roof}: {why}."
    if share >= 0.2:
        why = (
            f"{they} {are} slow because {they} {are} large"
            if is_computing
            else f"moving bytes holds {'them' if many else 'it'} back"
        )
    else:
        why = "starting operators and moving data cost more than computing"
    return f"{names} {verb} {numbers.share(share, 0)} of the {roof}: {why}."


def _depthwise(dots: list[Dot]) -> str:
    own = [dot for dot in dots if dot.kind == "depthwise"]
    if not own:
        return ""
    one = len(own) == 1
    spent = numbers.milliseconds(sum(dot.ms for dot in own))
    subject = "The depthwise layer has" if one else "Depthwise layers have"
    return f"{subject} little to compute per byte; {'it costs' if one else 'together they cost'} {spent}. "


# -- the drawing ------------------------------------------------------------------------------------------------------


def _traces(dots: list[Dot], roofs: Roofs) -> list[Json]:
    """The roof as a line, then the dots of each kind: their area is their time."""
    traces: list[Json] = []
    (low, high), most = _span(dots, roofs), max(dot.ms for dot in dots)
    if roofs.ridge:
        xs = [low, roofs.ridge, high] if low < roofs.ridge < high else [low, high]
        traces.append({"type": "scatter", "mode": "lines", "x": xs, "y": [roofs.at(x) for x in xs], "hoverinfo": "skip",
                       "line": {"color": "--ink-3", "width": 1.5}})  # fmt: skip
    for kind, tone in TONES.items():
        own = [dot for dot in dots if dot.kind == kind]
        if own:
            traces.append({
                "type": "scatter", "mode": "markers", "x": [dot.intensity for dot in own], "y": [dot.gmacs for dot in own],
                "text": [f"{escape(dot.name)}: {numbers.milliseconds(dot.ms)}" for dot in own], "cliponaxis": False,
                "marker": {"color": tone, "opacity": 0.85, "line": {"color": "--ground", "width": 1}, "size": [_px(dot, most) for dot in own]},
                "hovertemplate": "%{text}, %{x:.3g} MACs per byte, %{y:.3g} GMAC/s<extra></extra>",
            })  # fmt: skip
    return traces


def _span(dots: list[Dot], roofs: Roofs) -> tuple[float, float]:
    xs = [dot.intensity for dot in dots] + ([roofs.ridge] if roofs.ridge else [])
    return min(xs) / 2, max(xs) * 3


def _layout(dots: list[Dot], roofs: Roofs) -> Json:
    low, high = _span(dots, roofs)
    ys = [dot.gmacs for dot in dots] + [value for value in (roofs.gmacs, roofs.at(low)) if value]
    frame = Frame(log10(low), log10(high), log10(min(ys) / 2), log10(max(ys) * 2.5))
    return {
        "annotations": _words(dots, roofs, frame, *WIDE_PX), "margin": {"r": 16},
        "meta": {"narrow": {"margin": {"r": 16}, "annotations": _words(dots, roofs, frame, *NARROW_PX)}},
        "xaxis": {"title": {"text": "MACs per byte moved (log)"}, "type": "log", "range": [frame.left, frame.right], "showgrid": False,
                  "zeroline": False, **_ticks(low, high, (1, 3))},
        "yaxis": {"title": {"text": "GMAC/s reached (log)"}, "type": "log", "range": [frame.bottom, frame.top], "zeroline": False,
                  **_ticks(10**frame.bottom, 10**frame.top, (1, 2, 5))},
    }  # fmt: skip


def _ticks(low: float, high: float, steps: tuple[int, ...]) -> Json:
    decades = range(int(log10(low)) - 2, int(log10(high)) + 2)
    steps = steps if log10(high / low) < 3.5 else (1,)
    values = [step * 10.0**decade for decade in decades for step in steps]
    shown = [value for value in values if low <= value <= high]
    return {"tickvals": shown, "ticktext": [f"{value:g}" for value in shown]}


def _words(dots: list[Dot], roofs: Roofs, frame: Frame, width: float, height: float) -> list[Json]:
    """Words at the roofs, at the two layers that cost most, and once at each other kind: none on a dot where there is room."""
    most = max(dot.ms for dot in dots)
    named = _named(dots)
    said = {id(dot): f"{dot.name} {numbers.milliseconds(dot.ms)}" for dot in named}
    for kind, own in _by_kind(dots, named):
        many = f"{kind}, {len(own)}" + (" layers" if width > NARROW_PX[0] else "")
        said[id(min(own, key=lambda dot: dot.gmacs))] = many if len(own) > 1 else kind
    ordered = sorted(dots, key=lambda dot: (dot not in named, -dot.ms))
    dots_px = [
        Spot(*frame.place(dot.intensity, dot.gmacs, width, height), _px(dot, most) / 2, said.get(id(dot), ""))
        for dot in ordered
    ]
    spots = [*dots_px, *_slope(roofs, frame, width, height)]
    roof_words, taken = _roof_words(roofs, frame, width, height, dots_px)
    labels = [
        label(escape(spot.words), x=log10(dot.intensity), y=log10(dot.gmacs), xanchor=side.xanchor, yanchor=side.yanchor, xshift=side.xshift,
              yshift=side.yshift, color="--ink" if dot in named else TONES[dot.kind], weight=600 if dot is named[0] else 400)
        for dot, spot, side in zip(ordered, dots_px, placed(spots, width, taken), strict=False) if side is not None
    ]  # fmt: skip
    return [*labels, *roof_words]


def _slope(roofs: Roofs, frame: Frame, width: float, height: float) -> list[Spot]:
    """Points along the memory roof, so that no words lie on it where there is room."""
    end = min(log10(roofs.ridge), frame.right) if roofs.ridge else frame.left
    steps = [frame.left + n / 40 * (end - frame.left) for n in range(41)] if end > frame.left else []
    return [Spot(*frame.place(10**at, roofs.at(10**at), width, height), 2) for at in steps]


def _named(dots: list[Dot]) -> list[Dot]:
    ranked, whole = sorted(dots, key=lambda dot: -dot.ms), sum(dot.ms for dot in dots)
    return [dot for dot in ranked[:2] if dot.ms >= 0.1 * whole] or ranked[:1]


def _px(dot: Dot, most: float) -> float:
    """Diameter: the area is the time."""
    return max(LARGEST_PX * sqrt(dot.ms / most), SMALLEST_PX)


def _roof_words(
    roofs: Roofs, frame: Frame, width: float, height: float, dots: list[Spot]
) -> tuple[list[Json], list[Box]]:
    """What the two roofs are, and the boxes that this takes: the memory's above its slope, where the fewest dots are."""
    if not roofs.ridge:
        return [], []
    compute = f"compute roof {numbers.digits(roofs.gmacs)} GMAC/s, {roofs.words}"
    _, y = frame.place(1.0, roofs.gmacs, width, height)
    found = [
        label(compute, x=1, xref="paper", y=log10(roofs.gmacs), xanchor="right", yanchor="bottom", color="--ink-3")
    ]
    boxes = [(width - LETTER_PX * len(compute), y, width, y + LINE_PX)]
    ridge = log10(roofs.ridge)
    if frame.left < ridge:
        long, short = f"memory roof {numbers.digits(roofs.gbytes)} GB/s", f"{numbers.digits(roofs.gbytes)} GB/s"
        places = []
        for part in (0.55, 0.4, 0.7, 0.25, 0.85):
            at = 10 ** (frame.left + part * (ridge - frame.left))
            x, y = frame.place(at, roofs.at(at), width, height)
            words = long if LETTER_PX * len(long) < x else short
            places.append((at, words, (x - 6 - LETTER_PX * len(words), y + 2, x - 6, y + 2 + LINE_PX)))
        at, words, box = min(places, key=lambda place: crowding(place[2], dots, boxes, width))
        found.append(
            label(
                words,
                x=log10(at),
                y=log10(roofs.at(at)),
                xanchor="right",
                yanchor="bottom",
                xshift=-6,
                yshift=2,
                color="--ink-3",
            )
        )
        boxes.append(box)
    return found, boxes


def _by_kind(dots: list[Dot], named: list[Dot]) -> Iterable[tuple[str, list[Dot]]]:
    for kind in TONES:
        own = [dot for dot in dots if dot.kind == kind]
        if own and not any(dot in named for dot in own):
            yield kind, own
