"""What of a device a container can play: its memory and the number of its cores. Not its instructions, caches, heat or times."""

from dataclasses import dataclass

from grading.bench.sandbox.container_spec import cpus_for
from grading.bench.sandbox.request import MIB, Limits
from hardware.profiles import DeviceProfile

MICROCONTROLLER = "microcontroller"
# No operating system fits into a microcontroller's memory: whether a model fits there is computed, and the run on this machine,
# which is for the answers alone, gets as much as a small computer has.
HARNESS_BYTES = 512 * MIB


@dataclass(frozen=True)
class DeviceLimits:
    """Bounds of a run that plays a device, and the words that say which they are.

    ``cores``: what the run gets, the smaller of the device's and this machine's. ``is_device_memory``: whether running out
    of memory says anything about the device.
    """

    limits: Limits
    cores: int
    is_device_memory: bool
    label: str


def limits_for(profile: DeviceProfile, *, wall_s: float = 120.0) -> DeviceLimits:
    """The bounds of a run that plays ``profile``.

    Memory is all the device has: its operating system needs some of it, and so does our harness, which is larger than a
    runtime of the device. No swap.
    """
    fits = profile.kind != MICROCONTROLLER
    memory_bytes = profile.ram_bytes if fits else HARNESS_BYTES
    cores = cpus_for(profile.cores)
    told = f"{memory_bytes // MIB} MiB of memory" + ("" if fits else " (of the harness, not of the device)")
    told += f", {cores} of {profile.cores} cores" if cores < profile.cores else f", {_cores(cores)}"
    limits = Limits(wall_s=wall_s, memory_bytes=memory_bytes, cores=profile.cores)
    return DeviceLimits(limits, cores, fits, told)


def _cores(count: int) -> str:
    return "1 core" if count == 1 else f"{count} cores"
