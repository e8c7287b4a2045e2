"""What of a device a container can play: its memory and the number of its cores. Not its instructions, caches, heat or times."""

from dataclasses import dataclass

from grading.bench.sandbox.container_spec import cpus_for, memory_for
from hardware.ondevice.sandbox.request import MIB, Limits
from hardware.profiles import DeviceProfile

MICROCONTROLLER = "microcontroller"
# No operating system fits into a microcontroller's memory: whether a model fits there is computed, and the run on this machine,
# which is for the answers alone, gets as much as a small computer has.
HARNESS_BYTES = 512 * MIB


@dataclass(frozen=True)
class DeviceLimits:
    """Bounds of a run that plays a device.

    ``cores``: what the run gets, the smaller of the device's and this machine's. ``is_device_memory``: whether running out
    of memory says anything about the device. ``is_short``: it does not, because this machine has less memory than the device.
    ``memory``: how much, in words.
    """

    limits: Limits
    cores: int
    is_device_memory: bool
    is_short: bool
    memory: str


def limits_for(profile: DeviceProfile, *, wall_s: float = 120.0) -> DeviceLimits:
    """The bounds of a run that plays ``profile``.

    Memory is all the device has: its operating system needs some of it, and so does our harness, which is larger than a
    runtime of the device. It is less where this machine cannot give as much. No swap.
    """
    is_computer = profile.kind != MICROCONTROLLER
    memory_bytes = memory_for(profile.ram_bytes if is_computer else HARNESS_BYTES)
    is_short = is_computer and memory_bytes < profile.ram_bytes
    memory = f"{memory_bytes // MIB} MiB"
    memory += f" of {profile.ram_bytes // MIB}" if is_short else "" if is_computer else " for the harness"
    limits = Limits(wall_s=wall_s, memory_bytes=memory_bytes, cores=profile.cores)
    return DeviceLimits(limits, cpus_for(profile.cores), is_computer and not is_short, is_short, memory)
