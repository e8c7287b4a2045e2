"""Does a model fit a device? RAM, flash and runtime, by arithmetic that the reasons repeat."""

from dataclasses import asdict, dataclass
from typing import Any

from grading.bench.report import Report
from hardware.profiles import DeviceProfile

SPELLED = {"onnx": "ONNX", "tflite": "TFLite", "torchscript": "TorchScript", "torch_export": "torch.export"}


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
    """Whether a runtime on the device loads and computes the model; why: the sentence that says what is in the way."""

    supported: bool
    why: str


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
        return asdict(self) | {"reasons": list(self.reasons)}


def fit(report: Report, profile: DeviceProfile) -> FitVerdict:
    """Compare a model with a device.

    RAM: peak activations, the runtime's own share, and the weights where the device copies them, against what the
    system leaves. Flash: the model file and the runtime's code; a memory card (flash_bytes 0) never limits.
    """
    runtime = _runtime(report, profile)
    shares = {"activations": report.peak_activation_bytes}
    if profile.weights_in_ram:
        shares["weights"] = report.weight_bytes
    shares["runtime"] = profile.runtime_bytes.get(report.format, 0)
    ram = Need(sum(shares.values()), profile.ram_bytes - profile.system_bytes)
    stored = {"model file": report.bytes, "runtime": profile.runtime_flash_bytes}
    flash = Need(sum(stored.values()) if profile.flash_bytes else report.bytes, profile.flash_bytes)
    compared = [(runtime.supported, runtime.why), (ram.holds, _sum("RAM", shares, ram))]
    if profile.flash_bytes:
        compared.append((flash.holds, _sum("Flash", stored, flash)))
    reasons = tuple(sentence for _, sentence in sorted(compared, key=lambda pair: pair[0]) if sentence)
    return FitVerdict(profile.slug, all(holds for holds, _ in compared), ram, flash, runtime, reasons)


def _runtime(report: Report, profile: DeviceProfile) -> Runtime:
    if report.format not in profile.formats:
        known = " or ".join(SPELLED.get(name, name) for name in profile.formats)
        mine = SPELLED.get(report.format, report.format)
        return Runtime(False, f"No runtime of the {profile.name} loads {mine}: export {known}.")
    if profile.compute_dtypes and not _computes_in(report, profile.compute_dtypes):
        said = "It computes in int8 only: convert with full integer quantization, inputs and outputs included."
        return Runtime(False, said)
    return Runtime(True, "")


def _computes_in(report: Report, dtypes: tuple[str, ...]) -> bool:
    """Inputs and outputs are of these types, and the weights narrow; biases of an int8 model are 32 bits wide."""
    wide = sum(share for bits, share in report.weight_bits.items() if int(bits) > 8)
    return wide <= 0.5 and all(tensor.dtype in dtypes for tensor in (*report.inputs, *report.outputs))


def _sum(what: str, shares: dict[str, int], need: Need) -> str:
    """ "RAM: 54.0 KiB activations + 16.0 KiB runtime = 70.0 KiB of 312.0 KiB." """
    parts = " + ".join(f"{_size(value)} {name}" for name, value in shares.items())
    return f"{what}: {parts} = {_size(need.need_bytes)} of {_size(need.limit_bytes)}."


def _size(value: int) -> str:
    return f"{value / (1 << 20):,.1f} MiB" if value >= 1 << 20 else f"{value / 1024:,.1f} KiB"
