"""What `manage.py bench` prints for a person: the facts of a model, and a table of devices."""

import sys
from typing import Any

from courseplatform.core import numbers

Row = dict[str, Any]
HEAD = ("device", "fits", "RAM needed", "latency, ms", "energy, mJ", "hours", "runtime, precision, threads")
NONE = "-"
MOST_COLUMNS = 4  # devices beside each other in the table of stages; the JSON has all


def printable(text: str) -> str:
    """For a terminal: plain spaces, and names that a stranger chose without what would move the cursor or change colours."""
    plain = text.replace(numbers.NARROW, " ").replace(numbers.THIN, " ").replace("×", "x").replace("–", "-")
    shown = "".join(sign if sign.isprintable() or sign == "\n" else f"\\x{ord(sign):02x}" for sign in plain)
    return shown.encode(sys.stdout.encoding or "utf-8", "backslashreplace").decode(sys.stdout.encoding or "utf-8")


def as_text(row: Row, findings: list[str]) -> str:
    """A row of the result as lines for a person."""
    name = row["file"].replace("\n", "\\n")
    if "error" in row:
        return f"{name}\n  {row['error']['message']} [{row['error']['code']}]"
    bits = ", ".join(f"{numbers.share(share)} in {bits} bits" for bits, share in row["weight_bits"].items())
    facts = {
        "format": row["format"],
        "size": numbers.size(row["bytes"]),
        "inputs": ", ".join(_tensor(tensor) for tensor in row["inputs"]),
        "outputs": ", ".join(_tensor(tensor) for tensor in row["outputs"]),
        "work": numbers.macs(row["macs"]),
        "parameters": numbers.count(row["params"]),
        "weights": f"{bits or 'none'}; {numbers.share(row['sparsity'])} zero",
        "peak memory": f"{numbers.size(row['peak_activation_bytes'])} of activations",
        "this machine": _host(row["host"]),
    }
    lines = [name, *(f"  {label:<16}{value}" for label, value in facts.items())]
    lines += [f"  {'note':<16}{sentence}" for sentence in findings]
    return "\n".join(lines + _stages(row) + _devices(row["devices"]) + _training(row.get("training")))


def _host(host: Row) -> str:
    if not host["runs"]:
        return f"not run: {host['reason']}"
    times = [numbers.digits(host[f"{name}_ms"]) for name in ("p50", "p90", "p99")]
    return f"p50 {times[0]} ms, p90 {times[1]}, p99 {times[2]} ({host['runs']} runs; shown, not graded)"


def _stages(row: Row) -> list[str]:
    """Of a pipeline: what each stage takes, and how many inputs a second come through on each device."""
    if "stages" not in row:
        return []
    known = [slug for slug, rate in row["frames_per_second"].items() if rate is not None]
    cells = [
        ("stage", "calls", "work", "peak memory", "this machine, ms", *(f"{slug}, ms" for slug in known[:MOST_COLUMNS]))
    ]
    for stage in row["stages"]:
        there = [_digits(stage["devices"][slug]["latency_ms"]) for slug in known[:MOST_COLUMNS]]
        cells.append(
            (stage["file"].replace("\n", "\\n"), str(stage["calls"]), numbers.macs(stage["calls"] * stage["macs"]),
             numbers.size(stage["peak_activation_bytes"]), numbers.digits(stage["calls"] * stage["p50_ms"]), *there)
        )  # fmt: skip
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    lines = [
        "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    rates = [
        f"  {slug + ':':<20}{numbers.digits(row['frames_per_second'][slug])} frames a second, modelled"
        for slug in known
    ]
    return [*lines, *rates]


def _devices(devices: dict[str, Row]) -> list[str]:
    """A table; under it what does not hold, what is left out, and that all of it is modelled."""
    cells = [HEAD, *(_cells(slug, device) for slug, device in devices.items())]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD))]
    lines = [
        "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]
    for slug, device in devices.items():
        said = [] if device["fits"] else device["reasons"][:1]
        said += [device["reason"]] if device.get("reason") else []
        lines += [f"  {slug + ':':<20}{sentence}" for sentence in said]
    if any(device["latency_ms"] is not None for device in devices.values()):
        lines.append("  Latency, energy and hours are modelled, with the 90 % interval; * extrapolated, not graded.")
    return lines


def _training(told: Row | None) -> list[str]:
    """What one update step costs by each method, and the largest batch on each device; under it what that is."""
    if told is None:
        return []
    if "reason" in told:
        return [f"  {'training':<16}{told['reason']}"]
    found = [method for method in told["methods"] if not method["why"]]
    lines = [f"  training, {told['optimizer']}, batch {told['batch']}, all in float32"]
    lines += [f"  {method['title'] + ':':<20}{method['why']}" for method in told["methods"] if method["why"]]
    for method in found:
        lines.append(
            f"  {method['title'] + ':':<20}{numbers.count(method['trained_params'])} parameters, peak {numbers.size(method['peak_bytes'])}"
            f" (in PyTorch {numbers.size(method['pytorch_peak_bytes'])}), {numbers.macs(method['macs'])}"
        )
    rows = [("largest batch", *(method["title"] for method in found))]
    rows += [
        (slug, *(_batch(device["methods"][method["method"]]) for method in found))
        for slug, device in told["devices"].items()
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines += [
        "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return [
        *lines,
        "  Behind a batch: ms of one step with the 90 % interval, extrapolated; no calibration measured training.",
    ]


def _batch(own: Row) -> str:
    if own["why"]:
        return NONE
    if own["largest_batch"] is None:
        size = "fits" if own["fits"] else "does not fit"
    else:
        size = numbers.count(own["largest_batch"]) if own["largest_batch"] else "none"
    return f"{size}, {_latency(own)}" if own["latency_ms"] is not None else size


def _cells(slug: str, device: Row) -> tuple[str, ...]:
    of = " ".join(str(device[key]) for key in ("runtime", "precision", "threads") if device[key] is not None)
    return (
        slug,
        "fits" if device["fits"] else "does not fit",
        numbers.size(device["ram_needed_bytes"]),
        _latency(device),
        _digits(device["energy_mj"]),
        _digits(device["battery_hours"]),
        of or NONE,
    )


def _latency(device: Row) -> str:
    if device["latency_ms"] is None:
        return NONE
    low, high = device["latency_interval_ms"]
    star = " *" if device["extrapolated"] else ""
    return f"{numbers.digits(device['latency_ms'])} ({numbers.digits(low)}-{numbers.digits(high)}){star}"


def _digits(value: float | None) -> str:
    return NONE if value is None else numbers.digits(value)


def _tensor(tensor: Row) -> str:
    return f"{'x'.join(map(str, tensor['shape'])) or 'scalar'} {tensor['dtype']}"
