"""Latency on the lab's board, as it is graded: what a board measured, else what is modelled, of each own attempt, against the lab's thresholds.

Where a board measured, the modelled latency of the same attempt stands below it, and the host's times at the end.
"""

from dataclasses import dataclass
from itertools import pairwise

from courseplatform.core import numbers
from grading.figures.base import Figure, Given, Json, Rows, label
from grading.figures.costs import Costs
from grading.figures.host import first_ten, spread
from grading.figures.measured import Measured, windows_words
from grading.figures.side_by_side import difference, explained
from grading.points.shares import share_earned
from grading.spec import Criterion

MOST_ATTEMPTS = 6
SLOPES = ("ramp", "curve")
FAR = 2.0  # times what matters, from which on a line ends the axis no further
ROW = 34  # px
LABELS, LABELS_OF_BOARDS = (
    236,
    316,
)  # px at the left for names and numbers; on a narrow page they stand above their lines


def latency(given: Given) -> Figure:
    """Latency of the owner's attempts, measured or modelled, and where points change."""
    costs, rule, measured = given.lab_costs, _criterion(given), given.measured
    lines, host = _lines_of(given), given.host
    finding, how = _finding(given, costs, rule) if measured is None else _finding_measured(given, measured, rule)
    is_graded = rule is not None and not _left_open(given)
    basis = "measured" if measured else costs.basis if costs.latency_ms is not None else "shown"
    return Figure(
        slug="latency", title="Latency", basis=basis, finding=finding, how=how, marks=_marks(given, basis, is_graded=is_graded),
        note=_note(given, lines), columns=["What", "ms", "from", "to", "Share of the points"],
        rows=_rows(lines, host, rule if is_graded else None), height=80 + ROW * (len(lines) + 1), under=(first_ten(given), spread(given)),
        draw=(lambda: {"data": _traces(lines, host, _end(lines, host, rule)), "layout": _layout(lines, host, rule, given)}) if lines else None,
    )  # fmt: skip


def _marks(given: Given, basis: str, *, is_graded: bool) -> list[tuple[str, str]]:
    word = "graded" if is_graded else "not graded"
    if given.measured is not None:
        beside = (
            [(given.lab_costs.basis, f"{given.lab_costs.basis}, beside it")]
            if given.lab_costs.latency_ms is not None
            else []
        )
        return [("measured", f"{given.measured.where}, {word}"), *beside]
    return [(basis, f"{basis}, {word}")] if basis == "modelled" else []


def _note(given: Given, lines: list["Line"]) -> str:
    if not lines:
        return "On this machine, not on a board."
    modelled = "Bands of modelled lines: 90 % of such models lie within."
    if any(one.on for one in lines):
        return f"Of what a board measured, the band is from the fastest window's median to the slowest's. {modelled}"
    return modelled.replace(" of modelled lines", "")


def _criterion(given: Given) -> Criterion | None:
    return next((c for c in given.spec.criteria if c.metric == "latency_ms"), None)


def _left_open(given: Given) -> str:
    """Why no points follow from the latency; "" where they do or none rest on it."""
    return next((line.get("left_open") or "" for line in given.result["points"] if line["metric"] == "latency_ms"), "")


@dataclass(frozen=True)
class Line:
    """One line of the figure. on: the board that measured it. is_beside: what is modelled of an attempt that a board measured."""

    name: str
    latency_ms: float
    interval_ms: tuple[float, float] | None
    is_this: bool = False
    on: str = ""
    is_beside: bool = False

    @property
    def said(self) -> str:
        """41.2 ms (36-47)"""
        value = numbers.milliseconds(self.latency_ms)
        if self.interval_ms is None:
            return value
        return f"{value} ({windows_words(*self.interval_ms) if self.on else numbers.between(*self.interval_ms)})"

    @property
    def row_name(self) -> str:
        return f"{self.name}, measured" if self.on else self.name


def _lines_of(given: Given) -> list[Line]:
    """This attempt first as the stored result has it, then the newest others of which a latency is known."""
    costs, measured = given.lab_costs, given.measured
    known = next((one for one in given.attempts if one.is_this), None)
    name, mine = _name(known.number if known else 0), list[Line]()
    if measured is not None:
        mine.append(
            Line(
                f"{name}, {measured.runner}",
                measured.latency_ms,
                measured.interval_ms,
                is_this=True,
                on=measured.runner,
            )
        )
    if costs.latency_ms is not None:
        beside = measured is not None
        mine.append(
            Line(
                "the same, modelled" if beside else name,
                costs.latency_ms,
                costs.interval_ms,
                not beside,
                is_beside=beside,
            )
        )
    if not mine:
        return []
    others = [
        Line(f"{_name(one.number)}, {one.on}" if one.on else _name(one.number), one.latency_ms, one.interval_ms, on=one.on)
        for one in given.attempts
        if not one.is_this and one.latency_ms is not None
    ]  # fmt: skip
    return [*mine, *others[: MOST_ATTEMPTS - 1]]


def _name(number: int) -> str:
    return f"Attempt {number}" if number else "This attempt"


def _rows(lines: list[Line], host: Json | None, rule: Criterion | None) -> Rows:
    rows = []
    for one in lines:
        share = "" if rule is None else f"{share_earned(rule.rule, one.latency_ms):.4g}"
        ends = [f"{end:.6g}" for end in one.interval_ms] if one.interval_ms else ["", ""]
        rows.append([one.row_name, f"{one.latency_ms:.6g}", *ends, share])
    if host is None:
        return rows
    return [*rows, *([f"Host, {name}", f"{host[f'{name}_ms']:.6g}", "", "", ""] for name in ("p50", "p90", "p99"))]


# -- the drawing ------------------------------------------------------------------------------------------------------


def _traces(lines: list[Line], host: Json | None, end: float) -> list[Json]:
    """A soft band and a dot for each line, from the top down, open where it is modelled beside a measured one; the host's p50 to p99 with an open
    dot. A triangle: beyond the end."""
    traces: list[Json] = []
    for place, one in enumerate(lines):
        y, tone = len(lines) - place, "--plot-1" if one.is_this or one.is_beside else "--plot-0"
        if one.latency_ms > end:
            traces.append({"type": "scatter", "mode": "markers", "x": [end], "y": [y], "cliponaxis": False, "hoverinfo": "skip",
                           "marker": {"symbol": "triangle-right", "color": tone, "size": 11}})  # fmt: skip
            continue
        if one.interval_ms:
            traces.append({"type": "scatter", "mode": "lines", "x": list(one.interval_ms), "y": [y, y], "hoverinfo": "skip",
                           "line": {"color": f"{tone}-soft", "width": 9}})  # fmt: skip
        ring = (
            {"color": "--ground", "line": {"color": tone, "width": 2}}
            if one.is_beside
            else {"color": tone, "line": {"color": "--ground", "width": 1.5}}
        )
        traces.append({"type": "scatter", "mode": "markers", "x": [one.latency_ms], "y": [y], "cliponaxis": False,
                       "marker": {"size": 11, **ring}, "hovertemplate": f"{one.name}: %{{x:.3g}} ms<extra></extra>"})  # fmt: skip
    if host is None:
        return traces
    span = {"type": "scatter", "mode": "lines+markers", "x": [host["p50_ms"], host["p99_ms"]], "y": [0, 0], "line": {"color": "--plot-0", "width": 2},
            "marker": {"symbol": ["circle", "line-ns"], "size": [10, 8], "color": ["--ground", "--plot-0"], "line": {"color": "--plot-0", "width": 2}},
            "hovertemplate": "host: %{x:.3g} ms<extra></extra>"}  # fmt: skip
    return [*traces, span]


def _layout(lines: list[Line], host: Json | None, rule: Criterion | None, given: Given) -> Json:
    end = _end(lines, host, rule)
    bands = _bands(rule, end) if rule is not None else []
    mine = lines[0].latency_ms
    shapes = [
        {
            "type": "line",
            "x0": limit,
            "x1": limit,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"color": "--plot-2", "width": 2},
        }
        for _, limit, _ in bands[:-1]
    ]
    inside = next(((low, high) for low, high, _ in bands if low < mine <= high or (low == 0 and mine == 0)), None)
    if inside:
        shapes.insert(0, {"type": "rect", "x0": inside[0], "x1": min(inside[1], end), "yref": "paper", "y0": 0, "y1": 1, "fillcolor": "--inset",
                          "line": {"width": 0}, "layer": "below"})  # fmt: skip
    points = [
        label(words, x=(low + min(high, end)) / 2, y=1, yref="paper", yanchor="bottom", yshift=4,
              color="--ink" if (low, high) == inside else "--ink-3", weight=600 if (low, high) == inside else 400)
        for low, high, words in bands if low < end and min(high, end) - low > 0.06 * end
    ]  # fmt: skip
    return {
        "margin": {"l": _labels(lines), "t": 28}, "shapes": shapes, "annotations": [*points, *_names(lines, host, is_narrow=False)],
        "xaxis": {"title": {"text": f"ms per {given.runs_words[0]}"}, "range": [0, end], "showgrid": False, "zeroline": True},
        "yaxis": {"range": [-0.6 if host else 0.4, len(lines) + 0.6], "showticklabels": False,
                  "ticks": "", "showgrid": False, "zeroline": False, "showline": False},
        "meta": {"narrow": {"margin": {"l": 8, "t": 28}, "annotations": [*points, *_names(lines, host, is_narrow=True)]}},
    }  # fmt: skip


def _labels(lines: list[Line]) -> int:
    return LABELS_OF_BOARDS if any(one.on for one in lines) else LABELS


def _names(lines: list[Line], host: Json | None, *, is_narrow: bool) -> list[Json]:
    """Name and number of each line: at the left, or above the line on a narrow page."""
    rows = [(len(lines) - n, one.name, one.said, one.is_this) for n, one in enumerate(lines)]
    if host is not None:
        p50, p99 = numbers.digits(host["p50_ms"], 2), f"{numbers.digits(host['p99_ms'], 2)}{numbers.NARROW}ms"
        rows.append((0, "Host", f"{p50}, p99 {p99}", False))
    left: Json = {"x": 0, "xref": "paper", "xanchor": "left"} | (
        {"yshift": 13, "bgcolor": "--ground"} if is_narrow else {"xshift": -_labels(lines)}
    )
    right: Json = {"xref": "paper", "xanchor": "right"} | (
        {"x": 1, "yshift": 13} if is_narrow else {"x": 0, "xshift": -14}
    )
    found = []
    for y, name, said, is_this in rows:
        tone: Json = {
            "color": "--ink" if is_this else "--ink-2",
            "weight": 600 if is_this else 400,
            "y": y,
            "yanchor": "middle",
        }
        found += [label(name, **left, **tone), label(said, **right, **tone)]
    return found


def _end(lines: list[Line], host: Json | None, rule: Criterion | None) -> float:
    """Right end of the axis: this attempt, measured and modelled, the thresholds, the others and the host as far as they are near."""
    ends = [one.interval_ms[1] if one.interval_ms else one.latency_ms for one in lines]
    limits = [limit for limit in _limits(rule) if limit < 4 * ends[0]]
    beside = [
        1.15 * one.latency_ms for one in lines if one.is_beside
    ]  # what is modelled of this attempt is always on it
    most = max([ends[0], *beside, *(1.25 * limit for limit in limits)])
    near = [end for end in [*ends, *([host["p99_ms"]] if host else [])] if end < FAR * most]
    return float(1.06 * max([most, *near]))


def _limits(rule: Criterion | None) -> list[float]:
    return [] if rule is None else list(rule.rule.limits)


def _bands(rule: Criterion, end: float) -> list[tuple[float, float, str]]:
    """(from, to, the points that it gives) over the axis, the last one open to the right."""
    limits = [0.0, *_limits(rule), max(end, *_limits(rule), 0.0) * 2]
    found = []
    for place, (low, high) in enumerate(pairwise(limits)):
        shares = [share_earned(rule.rule, at) for at in (low + 1e-9 * high, high)]
        if rule.rule.kind in SLOPES and 0 < place < len(limits) - 2:
            words = "falling" if shares[0] > shares[1] else "rising"
        else:
            share = share_earned(rule.rule, (low + high) / 2)
            words = (
                f"{share * rule.points:.2f} points" if place == 0 else f"{share * rule.points:.2f}" if share else "0"
            )
        found.append((low, high, words))
    return found


# -- the sentence -----------------------------------------------------------------------------------------------------


def _finding(given: Given, costs: Costs, rule: Criterion | None) -> tuple[str, str]:
    if costs.latency_ms is None:
        said = f"No latency is modelled{f' for the {costs.name}' if costs.name else ''}"
        return f"{said}.", costs.reason
    value = Line("", costs.latency_ms, costs.interval_ms).said
    where = f"Modelled for {costs.where}{_clock(costs)}."
    if why := _left_open(given):
        return f"{value}: no points follow by themselves, the staff give them.", f"{where} {why}"
    if rule is None:
        return f"{value} on the {costs.name}.", f"{where} {_rests_on(given, costs.latency_ms)}"
    return f"{value}: {_place(rule, costs.latency_ms)}.", f"{where} {_certain(rule, costs)}"


def _finding_measured(given: Given, measured: Measured, rule: Criterion | None) -> tuple[str, str]:
    """What the board measured and what it is worth; then what the model had said, and what is known of the difference."""
    costs = given.lab_costs
    value = Line("", measured.latency_ms, measured.interval_ms, on=measured.runner).said
    place = f": {_place(rule, measured.latency_ms)}" if rule is not None else ""
    windows = f"Median of {numbers.count(measured.runs)} {given.runs_words[1]} in {len(measured.medians_ms)} windows."
    rests = _windows_certain(rule, measured) if rule is not None else _rests_on(given, measured.latency_ms)
    said = [windows, rests, difference(measured, costs), explained(given, measured, costs)]
    return f"{value} on {measured.runner}{place}.", " ".join(filter(None, said))


def _windows_certain(rule: Criterion, measured: Measured) -> str:
    shares = {share_earned(rule.rule, end) for end in measured.medians_ms}
    return (
        "Every window gives the same points."
        if len(shares) == 1
        else "The windows do not all give the same points; the median of all decides."
    )


def _rests_on(given: Given, latency_ms: float) -> str:
    """Whether a criterion of the lab counts it under another name."""
    if any(one.metric == "frames_per_second" for one in given.spec.criteria):
        return f"Points rest on the frames per second that it allows, {1000 / latency_ms:.3g}."
    return "No points of this lab rest on it."


def _clock(costs: Costs) -> str:
    return f", {costs.profile.clock_mhz / 1000:g}{numbers.NARROW}GHz" if costs.profile else ""


def _place(rule: Criterion, value: float) -> str:
    """inside the half-point band, 11 ms above the full-point line"""
    earned = share_earned(rule.rule, value)
    if earned >= 1:
        return "all points"
    full = min(_limits(rule))
    gap = f"{numbers.milliseconds(value - full)} above the line for all"
    return f"{earned * rule.points:.2f} of {rule.points:.2f} points, {gap}" if earned else f"no points, {gap}"


def _certain(rule: Criterion, costs: Costs) -> str:
    if costs.interval_ms is None:
        return ""
    shares = [share_earned(rule.rule, end) for end in costs.interval_ms]
    if shares[0] == shares[1]:
        return "Both ends of the interval give the same points, so they are certain."
    crossed = [limit for limit in _limits(rule) if costs.interval_ms[0] < limit <= costs.interval_ms[1]]
    named = " and ".join(numbers.milliseconds(limit) for limit in crossed)
    return f"The interval reaches over {named or 'the slope of the rule'}; the estimate decides."
