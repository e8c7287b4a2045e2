"""Device profiles as data: what a board is, for the verdict whether a model fits and for what is modelled there.

One YAML file a device in hardware/device_profiles/. No database and no Django: the engine reads them too. What may stand in
such a file, and what is wrong with one, is in hardware/profile_reading.py; courses add their own with the same keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

FOLDER = Path(__file__).parent / "device_profiles"
TIERS = ("cloud", "mobile", "tiny")  # the three of MIT 6.S965, Lecture 1; hardware/tiers.yaml holds their figures
RUNTIMES = ("tflite", "armnn", "ncnn", "tensorrt", "edgetpu", "tflm", "x-cube-ai", "tinyengine", "xnnpack")
# Runtimes that load a hand-in on a board but are calibrated nowhere.
OTHER_RUNTIMES = ("onnxruntime", "pytorch")
RUNTIME_NAMES = {
    "tflite": "TFLite", "armnn": "Arm NN", "ncnn": "ncnn", "tensorrt": "TensorRT", "edgetpu": "Edge TPU runtime",
    "tflm": "TFLite Micro", "x-cube-ai": "X-CUBE-AI", "tinyengine": "TinyEngine", "xnnpack": "XNNPACK",
    "onnxruntime": "ONNX Runtime", "pytorch": "PyTorch",
}  # fmt: skip
FORMAT_NAMES = {"onnx": "ONNX", "tflite": "TFLite", "torchscript": "TorchScript", "torch_export": "torch.export"}
FORMATS = tuple(FORMAT_NAMES)
POWER_AT = ("", "wall", "dc", "chip")
FORMER_SLUGS = {"phone-mid": "phone"}  # results and labs that were written with the older name


class ProfileError(ValueError):
    """A profile that cannot be used; the sentence names file and key."""


@dataclass(frozen=True)
class DeviceProfile:
    """One device. 0 and "" mean: nobody gave one.

    Attributes:
        ram_bytes: what the device has; system_bytes of it the operating system keeps.
        flash_bytes: storage for code and model, 0 where it is a card or disk that never limits; storage says what it is.
        formats: format -> the runtime that loads it when a lab or a person names no other.
        runtimes: those of RUNTIMES that run there; a cost model may be calibrated for them.
        runtime_bytes: a runtime's own share of RAM; runtime_flash_bytes: of flash, where flash limits.
        weights_in_ram: off where weights are read in place from flash.
        compute_dtypes: where the device computes in few types; empty: anything.
        peak_fp32_gflops, peak_fp16_gflops, peak_int8_gops: of its processor, in 10^9 operations a second (a MAC is two);
            0 where it has no such instructions. accelerator_peaks: the same of the accelerator, keys as in PEAKS.
        memory_bandwidth_mb_s: 10^6 bytes a second, copied by one core unless its source says otherwise.
        idle_mw, loaded_mw: of the whole board, in milliwatts; power_at: where that is metered (wall, dc, chip).
        board: what calibrations are kept for, the same for all memory sizes of one board ("rpi-4b").
        nominal_current_ma: for the mAh budget.
        sources: key -> where the number comes from; "hardware" speaks for all facts of the chip, "peaks" for all peaks.
    """

    slug: str
    name: str
    kind: str
    cores: int
    clock_mhz: int
    isa: str
    ram_bytes: int
    system_bytes: int
    flash_bytes: int
    runtime_bytes: dict[str, int]
    formats: dict[str, str]
    weights_in_ram: bool
    sources: dict[str, str]
    tier: str = "mobile"
    storage: str = ""
    runtimes: tuple[str, ...] = ()
    runtime_flash_bytes: dict[str, int] = field(default_factory=dict)
    compute_dtypes: tuple[str, ...] = ()
    peak_fp32_gflops: float = 0
    peak_fp16_gflops: float = 0
    peak_int8_gops: float = 0
    memory_bandwidth_mb_s: int = 0
    idle_mw: int = 0
    loaded_mw: int = 0
    power_at: str = ""
    nominal_current_ma: int = 0
    accelerator: str = ""
    accelerator_memory_bytes: int = 0
    accelerator_peaks: dict[str, float] = field(default_factory=dict)
    board: str = ""
    note: str = ""

    @property
    def left_bytes(self) -> int:
        """RAM that the system leaves for a model."""
        return self.ram_bytes - self.system_bytes

    @property
    def best_peak_gops(self) -> float:
        """The most operations a second of anything on it, in 10^9: the roof of the plot and of what can be believed."""
        own = (self.peak_fp32_gflops, self.peak_fp16_gflops, self.peak_int8_gops)
        return max(*own, *self.accelerator_peaks.values())


@cache
def load_profiles(folder: Path = FOLDER) -> dict[str, DeviceProfile]:
    """All profiles that are shipped, by slug, smallest memory first. Raises ProfileError."""
    from hardware.profile_reading import read_profile  # it needs the class above

    found = [read_profile(path) for path in sorted(folder.glob("*.yaml"))]
    return {profile.slug: profile for profile in sorted(found, key=lambda profile: (profile.ram_bytes, profile.slug))}


T = TypeVar("T")


def today_slug(slug: str) -> str:
    """The name that a device has today."""
    return FORMER_SLUGS.get(slug, slug)


def with_todays_slugs(by_slug: Mapping[str, T]) -> dict[str, T]:
    """A mapping by slug as older documents hold it, by the names of today."""
    return {today_slug(slug): value for slug, value in by_slug.items()}
