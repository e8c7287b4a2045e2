"""What no board of the lab's kind could measure: said when the lab is written, where the device is known. Pure."""

from collections.abc import Iterator

from grading.spec.bench_spec import BenchSpec
from hardware.profiles import DeviceProfile

NO_SYSTEM = "microcontroller"  # a kind of device: no Python and no network of its own, so no agent


def wrong_on_board(spec: BenchSpec, device: DeviceProfile) -> Iterator[str]:
    """Sentences that begin with the place in the spec; nothing where boards of this device can measure all that the lab takes."""
    if spec.run_on != "board":
        return
    if device.kind == NO_SYSTEM:
        yield f"spec.run_on: the {device.name} is a microcontroller, on which no agent runs. Measure this lab in a container, or name another board."
        return
    if lacking := [name for name in spec.formats if name not in device.formats]:
        loads = ", ".join(name for name in spec.formats if name in device.formats) or "none of the formats"
        yield (
            f"spec.formats: no runtime of the {device.name} loads {', '.join(lacking)}, so such a hand-in would wait for a board in vain. It loads "
            f"{loads}: take the others away, or name another board."
        )
