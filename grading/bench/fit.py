"""Does a model fit a device? RAM, flash and runtime, by arithmetic that the reasons repeat."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

from grading.bench.report import OperatorReport, Report
from grading.bench.support import Unsupported, unsupported
from hardware.profiles import FORMAT_NAMES, RUNTIME_NAMES, DeviceProfile
from hardware.runtimes import load_runtimes

SPELLED = FORMAT_NAMES
# These turn a model into code: its weights are stored, its file is not.
COMPILED = frozenset({"x-cube-ai", "tinyengine"})
WIDTHS = {"fp32": 32, "fp16": 16, "int8": 8}


@dataclass(frozen=True)
class Need:
    """Bytes needed against the limit; limit_bytes 0: nothing limits."""

    need_bytes: int
    limit_bytes: int

    @property
    def holds(self) -> bool:
        return self.limit_bytes == 0 or self.need_bytes <= self.limit_bytes


@dataclass(frozen=True)
class Runtime:
    """name: the runtime whose share is counted. supported: it loads and computes the model; why: what is in the way.

    notes: what runs elsewhere than on it, and does no harm.
    """

    name: str
    supported: bool
    why: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FitVerdict:
    """fits: everything holds. reasons: one sentence for each thing that was compared, what does not hold first."""

    device: str
    fits: bool
    ram: Need
    flash: Need
    runtime: Runtime
    reasons: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """All numbers in bytes; a limit of 0 is none. why: what is in the way of the runtime, "" where nothing is."""
        return {
            "fits": self.fits,
            "ram_needed_bytes": self.ram.need_bytes, "ram_limit_bytes": self.ram.limit_bytes,
            "flash_needed_bytes": self.flash.need_bytes, "flash_limit_bytes": self.flash.limit_bytes,
            "why": self.runtime.why, "reasons": list(self.reasons),
        }  # fmt: skip


def fit(
    report: Report,
    profile: DeviceProfile,
    *,
    runtime: str | None = None,
    precision: str | None = None,
    must_load: bool = True,
) -> FitVerdict:
    """Compare a model with a device.

    RAM: peak activations, the runtime's own share, and the weights where the device copies them, against what the
    system leaves. Flash: the model file and the runtime's code; a memory card (flash_bytes 0) never limits.

    Args:
        runtime: one of hardware.profiles.RUNTIMES, a version after @ does not matter; the format's own where None.
        precision: fp32, fp16 or int8: weights and activations count as if they were stored so; as they are where None.
        must_load: off: a file of another format than the device loads counts as if it were converted.
    """
    as_if = precision if precision and precision != stored_precision(report) else None
    found = runtime_of(report, profile, runtime, precision, must_load=must_load)
    weights = weight_bytes(report, as_if)
    shares = {"activations": peak_bytes(report, as_if)}
    if profile.weights_in_ram:
        shares["weights"] = weights
    shares["runtime"] = profile.runtime_bytes.get(found.name, 0)
    ram = Need(sum(shares.values()), profile.left_bytes)
    stored = stored_of(report, profile, found.name, weights, as_if)
    flash = Need(sum(stored.values()), profile.flash_bytes)
    compared = [(found.supported, found.why), (ram.holds, sum_words("RAM", shares, ram))]
    if profile.flash_bytes:
        compared.append((flash.holds, sum_words("Flash", stored, flash)))
    compared += [(True, sentence) for sentence in (*found.notes, *notes_of(profile, weights, as_if))]
    reasons = tuple(sentence for _, sentence in sorted(compared, key=lambda pair: pair[0]) if sentence)
    return FitVerdict(profile.slug, all(holds for holds, _ in compared), ram, flash, found, reasons)


def stored_precision(report: Report) -> str:
    """fp32, fp16 or int8: what most weight elements are stored in; narrower than 8 bits counts as int8, none as fp32."""
    bits = max(report.weight_bits, key=lambda key: report.weight_bits[key], default="32")
    return "int8" if int(bits) <= 8 else "fp16" if int(bits) == 16 else "fp32"


def weight_bytes(report: Report, as_if: str | None) -> int:
    """Bytes of all weights, as stored or as if each were of one precision."""
    return report.params * WIDTHS[as_if] // 8 if as_if else report.weight_bytes


def peak_bytes(report: Report, as_if: str | None) -> int:
    """Activations at the peak. As if: each operator's live bytes are scaled by the width of what it reads and makes."""
    if as_if is None:
        return report.peak_activation_bytes
    return max((ceil(op.live_bytes * _scale(op, WIDTHS[as_if])) for op in report.operators), default=0)


def _scale(operator: OperatorReport, width: int) -> float:
    elements = operator.input_elements + operator.output_elements
    held = operator.input_bytes + operator.output_bytes
    return elements * width / 8 / held if held and elements else 1.0


def has_weights(report: Report) -> bool:
    """Off for what only describes a network: an architecture, or an ONNX file whose weights are not there."""
    return report.format in SPELLED and not report.absent_weights


def stored_of(report: Report, profile: DeviceProfile, runtime: str, weights: int, as_if: str | None) -> dict[str, int]:
    """What lies in the storage, in bytes by name. A card holds the file; its runtime is not counted there."""
    if runtime in COMPILED:
        stored = {"weights": weights}
    elif not has_weights(report):
        # The structure of an ONNX file is part of the model; the text of a description is not.
        stored = {"model file": weights + (report.bytes if report.format in SPELLED else 0)}
    elif as_if:
        stored = {"model file": max(report.bytes - report.weight_bytes, 0) + weights}
    else:
        stored = {"model file": report.bytes}
    return stored | ({"runtime": profile.runtime_flash_bytes.get(runtime, 0)} if profile.flash_bytes else {})


def runtime_of(
    report: Report, profile: DeviceProfile, runtime: str | None, precision: str | None, *, must_load: bool
) -> Runtime:
    loads = profile.formats.get(report.format)
    first = profile.runtimes[0] if profile.runtimes else next(iter(profile.runtime_bytes), "")
    name = runtime.partition("@")[0] if runtime else loads or first
    if name not in profile.runtime_bytes:
        known = " or ".join(RUNTIME_NAMES[one] for one in profile.runtimes)
        return Runtime(
            name, False, f"{RUNTIME_NAMES.get(name, name)} does not run on the {profile.name}: take {known}."
        )
    if must_load and loads is None and report.format in SPELLED:
        known = " or ".join(SPELLED.get(one, one) for one in profile.formats)
        return Runtime(name, False, f"No runtime of the {profile.name} loads {SPELLED[report.format]}: export {known}.")
    if profile.compute_dtypes and not _computes_in(report, profile, precision):
        said = "It computes in int8 only: convert with full integer quantization, inputs and outputs included."
        return Runtime(name, False, said)
    return _operators(report, name, name if runtime and not must_load else loads, precision)


def _operators(report: Report, name: str, loader: str | None, precision: str | None) -> Runtime:
    """Whether what loads the file knows its operators and its precision.

    A file of another format, or another precision than it is stored in, would be converted first, to operators that nobody has seen.
    """
    found = load_runtimes().get(loader or "")
    if found is None:
        return Runtime(name, True, "")
    wanted = precision or stored_precision(report)
    if wanted not in found.precisions:
        return Runtime(name, False, f"{found.name} computes in {' and '.join(found.precisions)}, and this is {wanted}.")
    if wanted != stored_precision(report) or report.format not in found.formats:
        return Runtime(name, True, "")
    cases = unsupported(report, found)
    stops = [case for case in cases if not case.elsewhere]
    if stops:
        return Runtime(name, False, _said(stops))
    return Runtime(name, True, "", (_said(list(cases)),) if cases else ())


def _said(cases: list[Unsupported]) -> str:
    """The first in full, the others by number."""
    more = f" So do {len(cases) - 1} more." if len(cases) > 1 else ""
    return f"{cases[0].sentence}{more}"


def _computes_in(report: Report, profile: DeviceProfile, precision: str | None) -> bool:
    """Weights are narrow (biases of an int8 model are 32 bits wide), and inputs and outputs of the device's types.

    Beside an accelerator there is a processor that converts inputs and outputs, so these may be of any type.
    """
    if precision and precision != stored_precision(report):
        return precision == "int8"
    wide = sum(share for bits, share in report.weight_bits.items() if int(bits) > 8)
    converts = bool(profile.accelerator)
    ends = (*report.inputs, *report.outputs)
    return wide <= 0.5 and (converts or all(tensor.dtype in profile.compute_dtypes for tensor in ends))


def notes_of(profile: DeviceProfile, weights: int, as_if: str | None) -> Iterator[str]:
    if 0 < profile.accelerator_memory_bytes < weights:
        there = _size(profile.accelerator_memory_bytes)
        yield f"{profile.accelerator}: {_size(weights)} of weights and {there} on the chip; the rest is read anew for each inference."
    if as_if:
        yield f"Counted as if it were stored in {as_if}."


def sum_words(what: str, shares: dict[str, int], need: Need) -> str:
    """ "RAM: 54.0 KiB activations + 16.0 KiB runtime = 70.0 KiB of 312.0 KiB." """
    parts = " + ".join(f"{_size(value)} {name}" for name, value in shares.items())
    return f"{what}: {parts} = {_size(need.need_bytes)} of {_size(need.limit_bytes)}."


def _size(value: int) -> str:
    return f"{value / (1 << 20):,.1f} MiB" if value >= 1 << 20 else f"{value / 1024:,.1f} KiB"
