"""Where the multiply-accumulates and the bytes are, layer by layer."""

from math import ceil

from courseplatform.core import numbers
from grading.figures import layer_rows
from grading.figures.base import Figure, Given, Json
from grading.figures.layer_rows import full_name, short_names, times

FLAT = 0.05  # a share of the MACs that no layer exceeds where they are spread evenly


def layers(given: Given) -> Figure:
    """Where the multiply-accumulates and the bytes are, operator by operator."""
    report = given.result["report"]
    macs = max(report["macs"], 1)
    return Figure(
        slug="layers", title="Cost by layer", basis="counted", finding=_layers_finding(report), how="FLOPs are twice the MACs.",
        note="The layers with the most MACs, in stored order. Parameters that two layers share count once.",
        columns=["No.", "Layer", "Operator", "Class", "Output", "MACs", "Share", "Parameters", "Weights, bytes", "In use, bytes"],
        rows=[[str(op["index"] + 1), full_name(op), op["op"], op["op_class"], times(op["output_shape"]), str(op["macs"]),
               f"{op['macs'] / macs:.4f}", str(op["params"]), str(op["weight_bytes"]), str(op["live_bytes"])] for op in report["operators"]],
        template="grading/_figure_layers.html",
        shown={"layers": layer_rows.layer_rows(report),
               "total": {"macs": layer_rows.amount(report["macs"]), "params": numbers.count(report["params"]),
                         "peak_kib": numbers.digits(report["peak_activation_bytes"] / 1024)}},
    )  # fmt: skip


def _layers_finding(report: Json) -> str:
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
