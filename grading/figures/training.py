"""What one update step costs: memory by way of training, what fits each board, and how far a batch can grow there.

Shown where the lab asks for it (`training` in its spec); a result that was stored before has none.
"""

from math import ceil, log2
from typing import Any

from courseplatform.core import numbers
from grading.figures.base import Figure, Given, Json, label
from grading.figures.training_rows import device_rows, method_rows, usable
from hardware.profiles import RUNTIME_NAMES, today_slug, with_todays_slugs

PARTS = (
    ("weights_bytes", "plot-0", "weights"), ("gradients_bytes", "plot-3", "gradients"), ("optimizer_bytes", "plot-4", "optimizer"),
    ("activations_at_peak_bytes", "plot-1", "kept for the backward pass"), ("transient_bytes", "plot-5", "in passing"),
)  # fmt: skip
COLOURS = {
    "full": "--plot-1",
    "last_layer": "--plot-3",
    "bias": "--plot-4",
    "low_rank": "--plot-6",
    "imprint": "--plot-0",
}
OPTIMIZER_WORDS = {"sgd": "plain SGD", "momentum": "SGD with momentum", "adam": "Adam"}
MOST_BATCH = 1 << 20  # of the plot
PLOT_PX, LABEL_PX = 210, 15


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
    first, least = found[0], min(found, key=lambda method: method["peak_bytes"])
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


def batch(given: Given) -> Figure | None:
    """Memory against the size of the batch on the lab's board, with its RAM as the line that must not be crossed."""
    told = told_of(given)
    device = told and told["devices"].get(today_slug(given.spec.device) if given.spec.device else "")
    if told is None or not device or not _grown(told, device):
        return None
    lines = _grown(told, device)
    limits = _limits(told, device, given)
    runtime = RUNTIME_NAMES.get(device["runtime"], device["runtime"])
    frozen = "" if device["weights_in_ram"] else " Weights that stay as they are lie in its flash."
    return Figure(
        slug="training-batch", title="Batch and memory", basis="counted", finding=_batch_finding(told, device),
        how=f"With the {numbers.size(device['runtime_bytes'])} of {runtime} itself.{frozen}",
        note=f"On the {device['name']}. Each input of a batch adds the same; weights, gradients and the state of the optimizer do not grow.",
        columns=["Inputs of one step", *(line["title"] + ", bytes" for line in lines)],
        rows=[[str(size), *(str(line["fixed"] + size * line["each"]) for line in lines)] for size in _batches(lines, told)],
        height=300, plot={"data": [_line(line, told, lines) for line in lines], "layout": _layout(lines, limits, told)},
    )  # fmt: skip


def _grown(told: Json, device: Json) -> list[Json]:
    """Of each method that takes a batch there: bytes that do not grow, and bytes of each input."""
    found = []
    for method in usable(told):
        own = device["methods"][method["method"]]
        if own["why"] or own["largest_batch"] is None or not method["per_input_bytes"]:
            continue
        each = method["per_input_bytes"]
        fixed = own["ram_needed_bytes"] - told["batch"] * each
        found.append(
            {
                "method": method["method"],
                "title": method["title"],
                "fixed": fixed,
                "each": each,
                "most": own["largest_batch"],
            }
        )
    return found


def _batch_finding(told: Json, device: Json) -> str:
    lines = _grown(told, device)
    first, best = lines[0], max(lines, key=lambda line: line["most"])
    if best["most"] == 0:
        return f"Not one input can be trained on the {device['name']}."
    fits = f"{numbers.count(first['most'])} inputs fit at once" if first["most"] else "not one input fits"
    said = f"By {first['title'].lower()} {fits} on the {device['name']}"
    if best is not first:
        said += f"; by {best['title'].lower()} {numbers.count(best['most'])}"
    return f"{said}."


def _limits(told: Json, device: Json, given: Given) -> list[tuple[str, int]]:
    """RAM of the lab's boards on which the same lines hold: the same share of a runtime, and weights that lie in the same place."""
    alike = ("runtime", "runtime_bytes", "weights_in_ram")
    named = [told["devices"].get(today_slug(slug)) for slug in given.spec.devices]
    found = [one for one in named if one and all(one[key] == device[key] for key in alike)]
    return list({one["ram_limit_bytes"]: (one["name"], one["ram_limit_bytes"]) for one in found}.values())


def _batches(lines: list[Json], told: Json) -> list[int]:
    """Powers of two up to beyond the largest that fits."""
    most = max(told["batch"], *(line["most"] for line in lines), 8)
    return [1 << n for n in range(min(ceil(log2(most)) + 1, int(log2(MOST_BATCH))) + 1)]


def _line(line: Json, told: Json, lines: list[Json]) -> Json:
    sizes = _batches(lines, told)
    return {
        "type": "scatter", "mode": "lines", "x": sizes, "y": [(line["fixed"] + size * line["each"]) / (1 << 20) for size in sizes],
        "line": {"color": COLOURS[line["method"]], "width": 2},
        "hovertemplate": f"{line['title']}, %{{x}} inputs: %{{y:.3g}} MiB<extra></extra>",
    }  # fmt: skip


def _layout(lines: list[Json], limits: list[tuple[str, int]], told: Json) -> Json:
    sizes = _batches(lines, told)
    ends = [(line["fixed"] + sizes[-1] * line["each"]) / (1 << 20) for line in lines]
    starts = [(line["fixed"] + line["each"]) / (1 << 20) for line in lines]
    tops = [limit / (1 << 20) for _, limit in limits]
    low, high = log10_of(min(starts)) - 0.15, log10_of(max(*ends, *tops, *starts)) + 0.15
    shapes = [
        {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": top, "y1": top, "line": {"color": "--plot-2", "width": 2}}
        for top in tops
    ]  # fmt: skip
    said = [
        label(f"{name}: {numbers.size(limit)}", x=0, xref="paper", y=log10_of(limit / (1 << 20)), xanchor="left", yanchor="bottom", color="--plot-2")
        for name, limit in limits
    ]  # fmt: skip
    return {
        "margin": {"r": 132, "l": 52}, "shapes": shapes, "annotations": [*said, *_names(lines, ends, (low, high))],
        "xaxis": {"title": {"text": "inputs of one step (log)"}, "type": "log", "dtick": 0.30103 * max(1, len(sizes) // 8),
                  "range": [0, log2(sizes[-1]) * 0.30103]},
        "yaxis": {"title": {"text": "MiB (log)"}, "type": "log", "range": [low, high], "dtick": 1 if high - low > 1.5 else None},
    }  # fmt: skip


def _names(lines: list[Json], ends: list[float], span: tuple[float, float]) -> list[Any]:
    """The ways of training at the right end of their lines, moved apart where they would lie on each other."""
    order = sorted(range(len(lines)), key=lambda n: ends[n])
    per_px = (span[1] - span[0]) / PLOT_PX
    found, above = [], -1e9
    for n in order:
        wanted = log10_of(ends[n]) / per_px
        placed = max(wanted, above + LABEL_PX)
        above = placed
        found.append(
            label(
                lines[n]["title"], x=1, xref="paper", xanchor="left", xshift=6, y=log10_of(ends[n]), yanchor="middle",
                yshift=round(placed - wanted), color=COLOURS[lines[n]["method"]],
            )
        )  # fmt: skip
    return found


def log10_of(value: float) -> float:
    """On a logarithmic axis Plotly places words by the logarithm."""
    return log2(value) * 0.30102999566
