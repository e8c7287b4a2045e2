"""The class around one attempt: accuracy against the cost that the lab is about, the front as steps, nobody's name."""

from collections.abc import Sequence
from math import log10

from grading.families.axes import Axis, axis_of, percent_axis
from grading.families.front import front
from grading.families.placing import Face, Word, place
from grading.figures.base import Figure, Given, Json
from grading.ranks import class_front as pure
from grading.ranks.class_front import ClassPicture, Spot
from grading.ranks.class_numbers import (
    POINTS,
    basis_of,
    cost_metrics,
    head_of,
    kind_words,
    label_of,
    main_metric,
    numbers_of,
    said,
    scaled,
    shown,
    tolerance_of,
)
from grading.spec import METRICS, MODELLED

SLUG, TITLE = "class", "The class"
HEIGHT = 320
FACE = Face(letter=7.0, line=16, width=300, height=HEIGHT - 80)  # on a phone; with more room no words come closer
RULES = {"best": "Best attempt", "latest": "Latest attempt", "chosen": "Chosen attempt"}


def class_front(given: Given) -> Figure:
    """What everybody's standing attempt came to; where too few others have one, why nothing is shown."""
    picture = given.class_of() if given.class_of else None
    axes = picture.axes(given.spec) if picture else None
    if picture is None or axes is None:
        return _too_few(given, picture)
    cost, gain = axes
    spots = pure.spots_of(picture, cost, gain)
    mine, others = spots[0], spots[1:]
    found = pure.standing(mine, others, tolerance_of(cost))
    names = {slug: profile.name for slug, profile in given.profiles.items()}
    return Figure(
        slug=SLUG, title=TITLE, basis=basis_of(cost, picture.mine.kind), finding=pure.finding(found, cost, gain, picture.word),
        how=_how(picture, cost, len(spots), found, gain), note=_note(picture, cost, names),
        columns=["Whose", head_of(gain), head_of(cost)],
        rows=[[f"yours, attempt {picture.number}" if spot.is_mine else f"another {picture.word}", shown(gain, spot.gain), shown(cost, spot.cost)]
              for spot in sorted(spots, key=lambda one: (not one.is_mine, one.cost, -one.merit))],
        height=HEIGHT, draw=lambda: _plot(picture, spots, cost, gain, names), beside="grading/_figure_class_places.html",
        shown=_places(picture, cost, gain),
    )  # fmt: skip


def _too_few(given: Given, picture: ClassPicture | None) -> Figure:
    """Why nothing is drawn, and one's own numbers."""
    have = len(picture.others) if picture else 0
    word = picture.word if picture else "student"
    alike = (
        f"{have} {'has' if have == 1 else 'have'} a measured attempt"
        if have
        else f"No other {word} has a measured attempt yet"
    )
    mixed = ", and too few of them can be compared with yours" if have >= pure.FEWEST_OTHERS else ""
    mine = picture.mine if picture else numbers_of(given.result, given.spec.device)
    own = [
        metric
        for metric in dict.fromkeys([main_metric(given.spec), *cost_metrics(given.spec)])
        if mine.value(metric) is not None
    ]
    return Figure(
        slug=SLUG, title=TITLE, basis="counted", finding="The class is not shown yet.",
        how=f"{alike}{mixed}. It is drawn from {pure.FEWEST_OTHERS} others on: with fewer one could tell whose numbers they are.",
        columns=["Whose", *map(head_of, own)], rows=[["yours", *(shown(metric, mine.values[metric][0]) for metric in own)]],
        template="grading/_figure_class_few.html",
    )  # fmt: skip


def _how(picture: ClassPicture, cost: str, shown_count: int, found: pure.Standing, gain: str) -> str:
    ties = f"Differences under 5 % in {label_of(cost).lower()} count as ties. " if tolerance_of(cost) else ""
    inside = ""
    _, low, high = picture.mine.values[gain]
    if found.leader is not None and found.gap and low <= found.leader.gain <= high:
        inside = "Your interval reaches that far. "
    total = max(picture.total, shown_count)
    rest = "; only modelled numbers in this plot" if basis_of(cost, picture.mine.kind) == "modelled" else ""
    if basis_of(cost, picture.mine.kind) == "measured":
        rest = "; only numbers of boards in this plot"
    return f"{inside}{ties}{shown_count} of {total} {picture.word}s, names hidden{rest}."


def _note(picture: ClassPicture, cost: str, names: dict[str, str]) -> str:
    note = f"{RULES[picture.rule]} of each {picture.word}."
    if not picture.is_active:
        note += f" Of yours attempt {picture.number}, which is not the active one."
    if cost in MODELLED:
        said_kind = kind_words(picture.mine.kind, names)
        note += f" {said_kind[0].upper()}{said_kind[1:]}."
        left = len(picture.others) - len(picture.alike(cost))
        if left:
            note += f" {left} with another setting, or with no {label_of(cost).lower()} that points may rest on, {'is' if left == 1 else 'are'} left out."
    return note


def _places(picture: ClassPicture, cost: str, gain: str) -> Json:
    """The table beside the plot. Where metrics are ranked among different numbers of people, each place says of how many."""
    ranked = [
        (metric, picture.mine.values[metric][0], *found)
        for metric in dict.fromkeys([gain, cost, "peak_activation_bytes", POINTS])
        if (found := picture.place(metric)) is not None
    ]
    counts = {count for *_, count in ranked}
    rows = [
        {
            "label": head_of(metric),
            "value": shown(metric, value),
            "place": str(place),
            "of": count if len(counts) > 1 else None,
        }
        for metric, value, place, count in ranked
    ]
    head = f"Of {counts.pop()} {picture.word}s" if len(counts) == 1 else "In the class"
    return {"places": rows, "of": head}


# -- the plot --


def _plot(picture: ClassPicture, spots: Sequence[Spot], cost: str, gain: str, names: dict[str, str]) -> Json:
    mine = spots[0]
    earlier = [
        (n, spot)
        for n, one in picture.earlier
        if one.kind_for(cost) == picture.mine.kind_for(cost) and (spot := pure.spot_of(one, cost, gain))
    ]
    x, y = _axes(picture, [*spots, *(spot for _, spot in earlier)], cost, gain, names)
    steps = front(list(spots), lambda one: one.cost, lambda one: one.merit)
    on_front, others = set(steps), [one for one in spots if not one.is_mine]
    return {
        "data": [_steps(steps, x, cost, gain), _dots([one for one in others if one not in on_front], picture, cost, gain, is_front=False),
                 _dots([one for one in others if one in on_front], picture, cost, gain, is_front=True),
                 *([_earlier([*earlier, (picture.number, mine)], cost, gain)] if earlier else []), _mine(picture, mine, cost, gain)],
        "layout": {"xaxis": _axis(x, has_grid=False), "yaxis": _axis(y, has_grid=True), "hovermode": "closest",
                   "annotations": _labels(picture, spots, steps, earlier, x, y, cost, gain)},
    }  # fmt: skip


def _axes(
    picture: ClassPicture, spots: Sequence[Spot], cost: str, gain: str, names: dict[str, str]
) -> tuple[Axis, Axis]:
    ends_x, ends_y = ([scaled(m, end) for end in picture.mine.values[m]] for m in (cost, gain))
    where = ""
    if cost in MODELLED:
        basis, device, *_ = picture.mine.kind.split("|")
        where = f" on {names.get(device, device)}"
        label = f"{'modelled ' if basis == 'modelled' else ''}{label_of(cost).lower()}{where}, {head_of(cost).rpartition(', ')[2]}"
    else:
        label = head_of(cost)
    x = axis_of(label, [scaled(cost, one.cost) for one in spots], ends_x)
    values = [scaled(gain, one.gain) for one in spots]
    head = head_of(gain)[0].lower() + head_of(gain)[1:]
    return x, percent_axis(head, values, ends_y) if METRICS[gain][0] == "share" else axis_of(head, values, ends_y)


def _xy(spots: Sequence[Spot], cost: str, gain: str) -> Json:
    return {"x": [scaled(cost, one.cost) for one in spots], "y": [scaled(gain, one.gain) for one in spots]}


def _steps(steps: Sequence[Spot], x: Axis, cost: str, gain: str) -> Json:
    """Horizontal first, then up: what a cost buys, up to the right end of the axis."""
    drawn = _xy(steps, cost, gain)
    drawn["x"].append(x.high)
    drawn["y"].append(drawn["y"][-1])
    return {
        "type": "scatter", "mode": "lines", **drawn, "hoverinfo": "skip", "line": {"color": "--ink-3", "width": 1.5, "shape": "hv"},
    }  # fmt: skip


def _dots(spots: Sequence[Spot], picture: ClassPicture, cost: str, gain: str, *, is_front: bool) -> Json:
    return {
        "type": "scatter", "mode": "markers", **_xy(spots, cost, gain), "cliponaxis": False,
        "marker": {"size": 8, "color": "--ink-3" if is_front else "--plot-0-soft",
                   "line": {"width": 1, "color": "--ground" if is_front else "--plot-0"}},
        "text": [f"another {picture.word}: {_words(one, cost, gain)}" for one in spots], "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _earlier(attempts: Sequence[tuple[int, Spot]], cost: str, gain: str) -> Json:
    """Own attempts up to this one, which is drawn over the end of the line."""
    spots = [spot for _, spot in attempts]
    return {
        "type": "scatter", "mode": "lines+markers", **_xy(spots, cost, gain), "cliponaxis": False,
        "line": {"color": "--plot-1", "width": 1, "dash": "dot"},
        "marker": {"size": 9, "color": "--ground", "line": {"color": "--plot-1", "width": 2}},
        "text": [f"attempt {n}: {_words(spot, cost, gain)}" for n, spot in attempts], "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _mine(picture: ClassPicture, mine: Spot, cost: str, gain: str) -> Json:
    bars = {"color": "--plot-1", "thickness": 2, "width": 0}
    return {
        "type": "scatter", "mode": "markers", **_xy([mine], cost, gain), "cliponaxis": False,
        "error_x": bars | _ends(picture, cost), "error_y": bars | _ends(picture, gain),
        "marker": {"size": 12, "color": "--plot-1", "line": {"color": "--ground", "width": 1.5}},
        "text": [f"attempt {picture.number}: {_words(mine, cost, gain)}"], "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip


def _ends(picture: ClassPicture, metric: str) -> Json:
    value, low, high = (scaled(metric, end) for end in picture.mine.values[metric])
    return {"type": "data", "symmetric": False, "visible": low < value or high > value, "array": [max(high - value, 0)],
            "arrayminus": [max(value - low, 0)]}  # fmt: skip


def _words(spot: Spot, cost: str, gain: str) -> str:
    return f"{said(gain, spot.gain)} at {said(cost, spot.cost)}"


def _axis(axis: Axis, *, has_grid: bool) -> Json:
    ends = [log10(end) for end in (axis.low, axis.high)] if axis.is_log else [axis.low, axis.high]
    return {
        "type": "log" if axis.is_log else "linear", "range": ends, "title": {"text": axis.label}, "tickvals": list(axis.ticks),
        "ticktext": axis.words(), "showgrid": has_grid, "zeroline": False,
    }  # fmt: skip


def _labels(
    picture: ClassPicture, spots: Sequence[Spot], steps: Sequence[Spot], earlier: Sequence[tuple[int, Spot]], x: Axis, y: Axis, cost: str, gain: str
) -> list[Json]:  # fmt: skip
    """Words at the data: this attempt always, earlier ones and the front where there is room."""
    drawn = [*spots, *(spot for _, spot in earlier)]
    middle = steps[len(steps) // 3]
    texts = {0: f"attempt {picture.number}: {_words(spots[0], cost, gain)}"}
    texts |= {len(spots) + n: f"attempt {number}" for n, (number, _) in enumerate(earlier)}
    if not middle.is_mine:
        texts[drawn.index(middle)] = "front of the class"
    pixels = [
        (x.place(scaled(cost, one.cost)) * FACE.width, (1 - y.place(scaled(gain, one.gain))) * FACE.height)
        for one in drawn
    ]
    words = place(pixels, [texts.get(n, "") for n in range(len(drawn))], list(texts), FACE)
    found = [_label(word, drawn[word.index], x, y, cost, gain) for word in words]
    is_placed = any(word.index == 0 for word in words)
    return (
        found
        if is_placed
        else [*found, _led(texts[0], x.place(scaled(cost, spots[0].cost)), spots[0], x, y, cost, gain)]
    )


def _led(text: str, across: float, spot: Spot, x: Axis, y: Axis, cost: str, gain: str) -> Json:
    """Where no word fits beside the dot: at the upper edge, with a line to it. across: 0 at the left end of the axis, 1 at the right one."""
    anchor = "left" if across < 1 / 3 else "right" if across > 2 / 3 else "center"
    down = (1 - y.place(scaled(gain, spot.gain))) * FACE.height
    at = _place_in_axes(spot, x, y, cost, gain)
    return at | {
        "text": text, "showarrow": True, "arrowhead": 0, "arrowwidth": 1, "arrowcolor": "--ink-3", "standoff": 8, "ax": 0, "ay": -max(down - 8, 28),
        "xanchor": anchor, "yanchor": "bottom", "font": {"size": 12, "color": "--ink", "weight": 600},
    }  # fmt: skip


def _place_in_axes(spot: Spot, x: Axis, y: Axis, cost: str, gain: str) -> Json:
    """Plotly counts in powers of ten on a logarithmic axis."""
    ends = ((scaled(cost, spot.cost), x), (scaled(gain, spot.gain), y))
    across, up = (log10(value) if axis.is_log else value for value, axis in ends)
    return {"x": across, "y": up}


def _label(word: Word, spot: Spot, x: Axis, y: Axis, cost: str, gain: str) -> Json:
    return _place_in_axes(spot, x, y, cost, gain) | {
        "text": word.text, "showarrow": False, "xanchor": word.xanchor, "yanchor": word.yanchor, "xshift": word.dx,
        "yshift": -word.dy, "font": {"size": 12, "color": "--ink" if spot.is_mine else "--ink-2", "weight": 600 if spot.is_mine else 400},
    }  # fmt: skip
