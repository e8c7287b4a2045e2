"""What quality costs in a class: a front over the lab's own limits, and how many lie between them. Pure."""

from grading.analytics.bands import Band
from grading.analytics.chart import Chart
from grading.analytics.cost_facts import ClassOfCosts, Dot
from grading.analytics.cost_plot import HEIGHT, cost_plot
from grading.analytics.words import counted, is_are, percent
from grading.figure import Json
from grading.ranks.class_numbers import basis_of, head_of, kind_words, label_of, said, shown
from grading.spec import METRICS, MODELLED

KEY = "cost"
SHORT = {
    "latency_ms": "latency", "energy_mj": "energy", "macs": "MACs", "peak_activation_bytes": "peak memory", "model_bytes": "size",
    "params": "parameters",
}  # fmt: skip
RULES = {"best": "Best attempt", "latest": "Latest attempt", "chosen": "Chosen attempt"}


def cost_chart(found: ClassOfCosts) -> Chart:
    title = f"{label_of(found.gain)} and cost"
    if not found.dots:
        return Chart(
            KEY,
            title,
            "Nothing is measured yet.",
            more=f"Each {found.word} with a measured attempt will be a dot here, over the limits of the lab.",
        )
    others = [{"key": cost, "word": SHORT[cost]} for cost in found.costs if cost != found.cost]
    shown_now: Json = {"costs": others, "rows": _bands(found), "who": f"{found.word.capitalize()}s"}
    rows = [
        [
            one.of.name,
            str(one.of.number),
            shown(found.gain, one.spot.gain),
            shown(found.cost, one.spot.cost),
            "yes" if one in found.front else "no",
        ]
        for one in sorted(found.dots, key=lambda one: (one.spot.cost, -one.spot.merit))
    ]
    return Chart(
        KEY, title, finding(found), [found.word.capitalize(), "Attempt", head_of(found.gain), head_of(found.cost), "On the front"], rows,
        more=_more(found), note=_note(found), marks=_marks(found), draw=lambda: cost_plot(found), height=HEIGHT,
        beside="grading/analytics/_bands.html" if shown_now["rows"] else "", margin="grading/analytics/_other_costs.html" if others else "",
        shown=shown_now,
    )  # fmt: skip


def finding(found: ClassOfCosts) -> str:
    """By the best stretch of the cost and of the quality where the lab has limits, else by the front."""
    dots = found.dots
    if len(dots) == 1:
        return f"One {found.word} is measured: {_words(found, dots[0])}."
    cheap, good = _best(found.cost_bands), _best(found.gain_bands)
    if cheap is None:
        return _front_words(found)
    within = found.in_band(cheap)
    said_cheap = (
        f"{len(within)} of {counted(len(dots), found.word)} {is_are(len(within))} at {cheap.words}{_named(found)}"
    )
    if good is None or not within:
        return f"{said_cheap}."
    both = sum(one in within for one in found.in_band(good))
    reached = f"all points for {_gain(found)} ({good.words})"
    if len(within) == 1:
        return f"{said_cheap}, and {'gets' if both else 'does not get'} {reached}."
    who = (
        "none of them gets"
        if not both
        else f"all {both} get"
        if both == len(within)
        else f"{both} of them get{'s' if both == 1 else ''}"
    )
    return f"{said_cheap}; {who} {reached}."


def _best(bands: list[Band]) -> Band | None:
    return next((band for band in bands if band.is_best), None)


def _named(found: ClassOfCosts) -> str:
    """What is counted by the byte or the piece is named: up to 8 KiB of peak memory."""
    return (
        f" of {SHORT[found.cost]}"
        if METRICS[found.cost][0] == "bytes"
        else f" {SHORT[found.cost]}"
        if METRICS[found.cost][0] == "count"
        else ""
    )


def _gain(found: ClassOfCosts) -> str:
    label = label_of(found.gain)
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _front_words(found: ClassOfCosts) -> str:
    first, last = found.front[0], found.front[-1]
    if len(found.front) == 1:
        return f"One {found.word} is cheapest and best at once: {_words(found, first)}."
    return f"The front goes from {_words(found, first)} to {_words(found, last)}."


def _words(found: ClassOfCosts, one: Dot) -> str:
    return f"{said(found.gain, one.spot.gain)} at {said(found.cost, one.spot.cost)}"


def _more(found: ClassOfCosts) -> str:
    said_now = []
    count = len(found.front)
    if len(found.dots) > 1:
        said_now.append(f"The front has {counted(count, found.word)}.")
        if found.cost_bands and count > 1:
            first, last = found.front[0], found.front[-1]
            said_now[0] = (
                f"The front has {counted(count, found.word)}, from {_words(found, first)} to {_words(found, last)}."
            )
    said_now.append(f"{RULES.get(found.rule, 'Standing attempt')} of each {found.word}.")
    return " ".join(said_now)


def _note(found: ClassOfCosts) -> str:
    if found.cost not in MODELLED:
        return f"{found.left_out} without these numbers {is_are(found.left_out)} not drawn." if found.left_out else ""
    words = kind_words(found.kind, found.devices)
    note = f"{words[:1].upper()}{words[1:]}."
    if found.left_out:
        note += f" {found.left_out} of another kind, or with no number that points may rest on, {is_are(found.left_out)} not drawn."
    return note


def _marks(found: ClassOfCosts) -> list[tuple[str, str]]:
    """How each of the two numbers was got; once where it is the same."""
    pairs = [
        (basis_of(metric, found.kind), word)
        for metric, word in ((found.cost, SHORT[found.cost]), (found.gain, _gain(found)))
    ]
    if pairs[0][0] == pairs[1][0]:
        return [(pairs[0][0], f"both {pairs[0][0]}")]
    return [(name, f"{word}: {name}") for name, word in pairs]


def _bands(found: ClassOfCosts) -> list[Json]:
    """Rows of the table beside: each stretch of the cost, the stretch of the quality with all points, and the front."""
    first = "" if found.cost == "macs" else f"{_capital(SHORT[found.cost])} "
    rows = [
        _row(found, f"{first}{band.words}" if n == 0 else band.words, len(found.in_band(band)), band.gives)
        for n, band in enumerate(found.cost_bands)
    ]
    good = _best(found.gain_bands)
    if good is not None:
        rows.append(_row(found, f"{_capital(_gain(found))} {good.words}", len(found.in_band(good)), good.gives))
    return [*rows, _row(found, "On the front", len(found.front), "")] if len(found.dots) > 1 else rows


def _row(found: ClassOfCosts, words: str, count: int, gives: str) -> Json:
    return {"words": words, "count": count, "percent": percent(count, len(found.dots)), "gives": gives}


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]
