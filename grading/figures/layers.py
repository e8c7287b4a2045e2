"""Where the time, the multiply-accumulates and the bytes are, layer by layer."""

from math import ceil

from courseplatform.core import numbers
from grading.figures.base import Figure, Given, Json
from grading.figures.board_rows import verdicts_of
from grading.figures.costs import Costs
from grading.figures.layer_rows import full_name, short_names, times
from grading.figures.layer_tree import of_unit, tree_rows, unit_of

FLAT = 0.05  # a share of the whole that no layer exceeds where it is spread evenly
MOSTLY = 0.5  # a share from which on the start and end of an inference are the point


def layers(given: Given) -> Figure:
    """Where the time goes on one board, and the multiply-accumulates and bytes, operator by operator."""
    report, costs = given.result["report"], given.costs
    is_timed = bool(costs.operators)
    finding, how = _time_finding(report, costs) if is_timed else (_macs_finding(report), _why_no_time(costs))
    return Figure(
        slug="layers", title="Cost by layer", basis="counted", finding=finding, how=how,
        marks=[*([(costs.basis, f"time: {costs.basis}")] if is_timed else []), ("counted", "MACs and memory: counted")],
        note=f"{costs.where}. FLOPs are twice the MACs." if is_timed else "FLOPs are twice the MACs.",
        columns=["No.", "Layer", "Operator", "Class", "Output", "MACs", "Share", "Parameters", "Weights, bytes", "In use, bytes",
                 "Time, ms", "Share of the time", "Runs inside another"],
        rows=_rows(report, costs), template="grading/_figure_layers.html", asks_board=True,
        shown={"layers": tree_rows(report, costs), "is_timed": is_timed, "unit": unit_of(report["macs"])[0],
               "start": _start(costs) if is_timed else None, "total": _total(report, costs)},
    )  # fmt: skip


def _rows(report: Json, costs: Costs) -> list[list[str]]:
    """Every operator; times are empty where nothing is modelled."""
    macs, rows = max(report["macs"], 1), []
    for op in report["operators"]:
        ms = costs.operators.get(op["index"])
        timed = ["", "", ""]
        if ms is not None and costs.latency_ms:
            timed = [f"{ms:.6g}", f"{ms / costs.latency_ms:.4f}", "yes" if op["index"] in costs.fused else "no"]
        rows.append([str(op["index"] + 1), full_name(op), op["op"], op["op_class"], times(op["output_shape"]), str(op["macs"]),
               f"{op['macs'] / macs:.4f}", str(op["params"]), str(op["weight_bytes"]), str(op["live_bytes"]), *timed])  # fmt: skip
    return rows


def _start(costs: Costs) -> Json:
    share = costs.start_ms / costs.latency_ms if costs.latency_ms else 0.0
    return {"ms": numbers.digits(costs.start_ms, 2), "share": share, "percent": f"{100 * share:.1f}"}


def _total(report: Json, costs: Costs) -> Json:
    return {
        "macs": of_unit(report["macs"], report["macs"]), "params": numbers.count(report["params"]),
        "ms": numbers.digits(costs.latency_ms) if costs.latency_ms is not None else "",
        "peak_kib": numbers.digits(report["peak_activation_bytes"] / 1024),
    }  # fmt: skip


def board_options(given: Given) -> list[Json]:
    """The boards for which a cost by layer can be shown: those with a modelled latency, the lab's first, and the one that is shown."""
    found, order = verdicts_of(given.result["environment"]), {slug: n for n, slug in enumerate(given.spec.devices)}
    chosen = given.board or given.spec.device
    shown = [slug for slug in given.profiles if slug == chosen or found.get(slug, {}).get("latency_ms") is not None]
    return [
        {"slug": slug, "name": given.profiles[slug].name, "is_chosen": slug == chosen}
        for slug in sorted(shown, key=lambda slug: order.get(slug, len(order)))
    ]


# -- what is seen -----------------------------------------------------------------------------------------------------


def _time_finding(report: Json, costs: Costs) -> tuple[str, str]:
    """(where the time goes, what else is to know of it)."""
    whole, names = costs.latency_ms or 1.0, short_names(report["operators"])
    if costs.start_ms > MOSTLY * whole:
        spent = numbers.milliseconds(whole - costs.start_ms)
        return (
            f"{_part(costs.start_ms / whole)} of the time is the start and end of one run; all layers together take {spent}.",
            "For a network this small the runtime itself is what costs; fewer operations change little.",
        )
    ranked = sorted(costs.operators, key=lambda index: -costs.operators[index])
    first, share = ranked[0], costs.operators[ranked[0]] / whole
    if share <= FLAT:
        return f"The time is spread evenly: no layer takes more than {ceil(100 * share)}{numbers.NARROW}%.", _of_kind(
            report, costs
        )
    finding = f"{_part(share)} of the time is in {names[first]}"
    if len(ranked) > 2:
        both = (costs.operators[first] + costs.operators[ranked[1]]) / whole
        finding += f"; with {names[ranked[1]]} it is {numbers.share(both, 0)}"
    peak = report["peak_operator"]
    also = f"{names[peak]} holds the memory peak too. " if peak in ranked[:2] else ""
    return f"{finding}.", also + _of_kind(report, costs)


def _of_kind(report: Json, costs: Costs) -> str:
    """What the depthwise layers cost together, or what stands beside the multiplying."""
    kinds = [op["index"] for op in report["operators"] if op["op_class"] == "depthwise"]
    if len(kinds) > 1:
        return f"The {len(kinds)} depthwise layers together cost {numbers.milliseconds(sum(costs.operators.get(n, 0.0) for n in kinds))}."
    rest = sum(costs.operators.get(op["index"], 0.0) for op in report["operators"] if not op["macs"])
    return f"Operators that multiply nothing take {numbers.milliseconds(rest)} of it." if rest else ""


def _part(share: float) -> str:
    """Half, Two thirds, or 63 %: as one would say it."""
    words = {0.5: "Half", 2 / 3: "Two thirds", 1 / 3: "A third", 0.75: "Three quarters", 0.25: "A quarter"}
    near = next((word for value, word in words.items() if abs(share - value) < 0.012), None)
    return near or numbers.share(share, 0)


def _why_no_time(costs: Costs) -> str:
    """Why no time stands in the table."""
    if costs.latency_ms is None and costs.slug:
        return f"No time by layer: {costs.reason or 'nothing is modelled for this board.'}"
    return "" if not costs.slug else "This result is older than the times by layer."


def _macs_finding(report: Json) -> str:
    operators, macs = report["operators"], report["macs"]
    if not macs:
        return "No layer multiplies: the model has no multiply-accumulates."
    names = short_names(operators)
    ranked = sorted((op for op in operators if op["macs"]), key=lambda op: -op["macs"])
    top = ranked[0]
    if top["macs"] <= FLAT * macs:
        return f"The multiply-accumulates are spread evenly: no layer has more than {ceil(100 * top['macs'] / macs)}{numbers.NARROW}%."
    finding = f"{numbers.share(top['macs'] / macs, 0)} of the multiply-accumulates are in {names[top['index']]}"
    if len(ranked) > 2:
        both = (top["macs"] + ranked[1]["macs"]) / macs
        finding += f"; with {names[ranked[1]['index']]} it is {numbers.share(both, 0)}"
    return f"{finding}."
