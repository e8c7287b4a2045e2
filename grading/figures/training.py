"""What one update step costs: memory by way of training, and what fits each board.

Shown where the lab asks for it (`training` in its spec); a result that was stored before has none.
"""

from courseplatform.core import numbers
from grading.figures.base import Figure, Given, Json
from grading.figures.training_rows import device_rows, method_rows, usable
from hardware.profiles import today_slug, with_todays_slugs

PARTS = (
    ("weights_bytes", "plot-0", "weights"), ("gradients_bytes", "plot-3", "gradients"), ("optimizer_bytes", "plot-4", "optimizer"),
    ("activations_at_peak_bytes", "plot-1", "kept for the backward pass"), ("transient_bytes", "plot-5", "in passing"),
)  # fmt: skip
OPTIMIZER_WORDS = {"sgd": "plain SGD", "momentum": "SGD with momentum", "adam": "Adam"}


def told_of(given: Given) -> Json | None:
    """What the result says of training, by the slugs of today; None where it says nothing."""
    told = given.result["environment"].get("training")
    if not told or not usable(told):
        return None
    found: Json = told | {"devices": with_todays_slugs(told["devices"])}
    return found


def training(given: Given) -> Figure | None:
    """Memory of one step by way of training, its multiply-accumulates, and time and energy on the lab's boards."""
    told = told_of(given)
    if told is None:
        return None
    first = today_slug(given.spec.device) if given.spec.device else ""
    keys = [(token, word) for key, token, word in PARTS if any(method[key] for method in usable(told))]
    return Figure(
        slug="training", title="Training", basis="counted", finding=_finding(told), how=_how(told),
        note="Float32 throughout, also for a quantized file. No kernel's own scratch memory. Time and energy are extrapolated: no "
             "calibration measured training, so they are never graded.",
        columns=COLUMNS, rows=_csv(told), template="grading/_figure_training.html", keys=keys,
        shown={"methods": method_rows(told, first, PARTS), "boards": device_rows(told, given.spec.devices),
               "titles": [method["title"] for method in usable(told)], "flags": told["devices"].get(first, {}).get("flags", []),
               "board": told["devices"].get(first, {}).get("name", "")},
    )  # fmt: skip


def _finding(told: Json) -> str:
    found = usable(told)
    first = found[0]
    # Imprinting computes no gradient and makes only a new class, so it is no smaller way to do the same.
    alike = [method for method in found if method["gradients_bytes"]] or found
    least = min(alike, key=lambda method: method["peak_bytes"])
    inputs = f"{told['batch']} inputs" if told["batch"] > 1 else "one input"
    said = f"One step of {first['title'].lower()} on {inputs} needs {numbers.size(first['peak_bytes'])}"
    if least is not first:
        share = numbers.share(least["peak_bytes"] / first["peak_bytes"], 0)
        said += f"; {least['title'].lower()} needs {share} of that"
    return f"{said}."


def _how(told: Json) -> str:
    largest = max(usable(told), key=lambda method: method["pytorch_kept_bytes"] / max(method["kept_bytes"], 1))
    said = f"At the fullest moment of forward and backward pass, with {OPTIMIZER_WORDS[told['optimizer']]}."
    if largest["pytorch_kept_bytes"] > 1.2 * largest["kept_bytes"]:
        kept, other = numbers.size(largest["kept_bytes"]), numbers.size(largest["pytorch_kept_bytes"])
        said += f" For {largest['title'].lower()} the derivatives need {kept} of activations; PyTorch keeps {other}."
    return said


COLUMNS = [
    "Device", "Method", "Trained parameters", "Weights, bytes", "Gradients, bytes", "Optimizer, bytes", "Kept at the peak, bytes",
    "In passing, bytes", "Peak, bytes", "Kept for the backward pass, bytes", "The same by PyTorch, bytes", "Peak by PyTorch, bytes", "MACs",
    "RAM needed there, bytes", "RAM left for models, bytes", "Fits", "Largest batch", "Largest batch by PyTorch", "Step, ms", "from", "to",
    "Step, mJ", "Basis", "Why",
]  # fmt: skip
COUNTED = (
    "trained_params", "weights_bytes", "gradients_bytes", "optimizer_bytes", "activations_at_peak_bytes", "transient_bytes",
    "peak_bytes", "kept_bytes", "pytorch_kept_bytes", "pytorch_peak_bytes", "macs",
)  # fmt: skip


def _csv(told: Json) -> list[list[str]]:
    """One row for each device and method: plain numbers, empty where there is none."""
    return [
        [slug, method["method"], *(str(method[key]) for key in COUNTED), *_device_cells(device, device["methods"][method["method"]])]
        for slug, device in told["devices"].items()
        for method in usable(told)
    ]  # fmt: skip


def _device_cells(device: Json, own: Json) -> list[str]:
    low, high = own["latency_interval_ms"] or (None, None)
    modelled = (own["latency_ms"], low, high, own["energy_mj"])
    return [
        str(own["ram_needed_bytes"]), str(device["ram_limit_bytes"]), "yes" if own["fits"] else "no",
        *("" if own[key] is None else str(own[key]) for key in ("largest_batch", "pytorch_largest_batch")),
        *("" if value is None else f"{value:.6g}" for value in modelled), "" if modelled[0] is None else "extrapolated",
        own["why"] or own["reason"],
    ]  # fmt: skip
