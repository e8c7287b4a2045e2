"""What bounds one measurement, and the words with which its result says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from grading.bench.emulation import DeviceLimits, limits_for
from grading.bench.errors import BenchError
from grading.measuring.where_to_run import Place
from grading.spec import BenchSpec
from hardware.ondevice.sandbox.request import MIB, Limits
from hardware.profiles import DeviceProfile


@dataclass(frozen=True)
class Setting:
    """limits: of everything that runs the model. device: whose memory and cores they are; None where they are the lab's own.

    place: where it runs, and why there.
    """

    place: Place
    limits: Limits
    device: DeviceProfile | None = None
    played: DeviceLimits | None = None

    @property
    def graded_by(self) -> dict[str, Any]:
        """As results keep it. on: process or container. label: in words. ran_under_bytes: the device's own memory, where it ran under that.

        reason: why it is not what the lab asked for; "" where it is.
        """
        is_own = self.played is not None and self.played.is_device_memory
        return {
            "on": self.place.on,
            "label": self._label(),
            "device": self.device.slug if self.device and (self.played or self.place.on == "board") else "",
            "memory_bytes": self.limits.memory_bytes,
            "ran_under_bytes": self.limits.memory_bytes if is_own else None,
            "reason": self.place.why,
        }

    def no_board(self) -> list[dict[str, Any]]:
        """What parks the run where the staff are to decide."""
        return no_board(self.place, self._label())

    def _label(self) -> str:
        if self.place.on == "board":
            return f"board {self.place.runner}"
        instead = ", in place of a board" if self.place.is_instead else ""
        if self.device is None or self.played is None:
            return f"{self.place.on}, {self.limits.memory_bytes // MIB} MiB{instead}"
        cores = f"{self.played.cores} core{'' if self.played.cores == 1 else 's'} of {self.device.cores}"
        return f"emulation: container, {cores}, {self.played.memory}{instead}"

    @contextmanager
    def out_of_memory_named(self) -> Iterator[None]:
        """While the model runs: where it runs out of a device's memory, the BenchError that comes out says which device that is."""
        try:
            yield
        except BenchError as error:
            raise self._named(error) from error

    def _named(self, error: BenchError) -> BenchError:
        if self.device is None or self.played is None or error.outcome != "out_of_memory":
            return error
        if self.played.is_short:
            said = (
                f"The {self.device.name} has more memory than this machine can give ({self.played.memory}), and the model ran out of "
                "that. Whether the device has enough is not known: measure it on a larger machine."
            )
            return BenchError("host_too_small", said, outcome="infrastructure")
        if not self.played.is_device_memory:
            return error
        said = (
            f"The model needed more than the {self.limits.memory_bytes // MIB} MiB of memory that the {self.device.name} has, "
            "the runtime included. Make its weights or its largest tensors smaller, and try it with `manage.py bench` first."
        )
        return BenchError(error.code, said, outcome=error.outcome, details=error.details)


def setting_for(spec: BenchSpec, place: Place, device: DeviceProfile | None) -> Setting:
    """A container plays the lab's first device; a process cannot, and has the limits of the lab."""
    if place.on != "container" or device is None:
        return Setting(place, Limits(wall_s=spec.wall_s, memory_bytes=spec.memory_bytes), device)
    played = limits_for(device, wall_s=spec.wall_s)
    return Setting(place, played.limits, device, played)


def no_board(place: Place, label: str) -> list[dict[str, Any]]:
    """The evidence with which a run is parked because a board was asked for and another machine measured; nothing where none was."""
    if not place.asks_staff:
        return []
    said = f"{place.why} The model was measured here ({label}). Release it if that may count; else take it back, and no attempt is used."
    return [{"code": "no_board", "title": "No board measured it", "sentence": said, "facts": {"graded_by": label}}]
