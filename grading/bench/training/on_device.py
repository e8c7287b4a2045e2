"""One update step on each device: does it fit, how large may a batch be, and what the cost model says of time and energy.

No row of any calibration measured training, so every time and energy here is extrapolated and none of them is ever graded.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from math import log
from typing import Any

from grading.bench.cost.features import steps_of
from grading.bench.cost.power import budget
from grading.bench.cost.predict import Instead
from grading.bench.cost.prediction import Prediction
from grading.bench.errors import BenchError
from grading.bench.on_device import Choice, prediction_of
from grading.bench.report import Report
from grading.bench.training.setting import Method, Setting
from grading.bench.training.step import Memory, Update, update_of
from hardware.profiles import DeviceProfile

# What trains on a device, the first of these that it has: its own share of the RAM is counted.
TRAINERS = ("pytorch", "tinyengine", "tflite")
# How far the time of a backward pass may be from that of the same products in a forward pass: a judgement, see the docs.
TRAINING_HALF = log(3.0)
TRAINING_SAID = "No row of this calibration measured training: gradients are taken to run as fast as the same layers do in an inference."
PRECISION = "fp32"


@dataclass(frozen=True)
class OnDevice:
    """One method on one device. why: why it does not run there, "" where it does or only lacks room.

    largest_batch: that fits, None where the batch does not matter. pytorch_largest_batch: the same with what PyTorch keeps, None where
    PyTorch does not run there.
    """

    why: str
    fits: bool
    ram_needed_bytes: int
    largest_batch: int | None
    pytorch_largest_batch: int | None

    def to_json(self) -> dict[str, Any]:
        return {
            "why": self.why, "fits": self.fits, "ram_needed_bytes": self.ram_needed_bytes, "largest_batch": self.largest_batch,
            "pytorch_largest_batch": self.pytorch_largest_batch,
        }  # fmt: skip


def training_json(
    report: Report,
    profiles: Mapping[str, DeviceProfile],
    setting: Setting,
    choice: Choice | None = None,
    timed: Collection[str] | None = None,
) -> dict[str, Any]:
    """{batch, optimizer, rank, methods: [...], devices: {slug: {...}}}; docs/measurement.md explains each key.

    A report of before it was known what each operator reads gives {reason} alone.

    Args:
        timed: devices whose time and energy are modelled; all where None.
    """
    try:
        updates = [update_of(report, method, setting) for method in setting.methods]
    except BenchError as error:
        return {"reason": error.message}
    chosen = choice or Choice()
    devices = {
        slug: _device(report, profile, updates, chosen if timed is None or slug in timed else None)
        for slug, profile in profiles.items()
    }
    return {
        "batch": setting.batch, "optimizer": setting.optimizer, "rank": setting.rank, "precision": PRECISION,
        "methods": [update.to_json() for update in updates], "devices": devices,
    }  # fmt: skip


def as_training(report: Report) -> Instead:
    """How a training step that was handed in is predicted: its own operators, extrapolated."""
    return Instead(list(steps_of(report)), (TRAINING_HALF,), (TRAINING_SAID,))


def _device(report: Report, profile: DeviceProfile, updates: list[Update], choice: Choice | None) -> dict[str, Any]:
    """flags are those of the first method that has a time. choice: None where no time is wanted."""
    trainer = next((name for name in TRAINERS if name in profile.runtime_bytes), "")
    methods: dict[str, Any] = {}
    flags: tuple[str, ...] = ()
    for update in updates:
        if update.memory is None:
            continue
        where = on_device(update, profile, trainer)
        predicted = None if where.why or choice is None else _predicted(report, profile, update, choice)
        flags = flags or (predicted.flags if predicted else ())
        methods[str(update.method)] = where.to_json() | _modelled(predicted, profile, choice)
    return {
        "name": profile.name, "ram_limit_bytes": profile.left_bytes, "runtime": trainer or _first(profile),
        "runtime_bytes": profile.runtime_bytes.get(trainer or _first(profile), 0), "weights_in_ram": profile.weights_in_ram,
        "methods": methods, "flags": list(flags),
    }  # fmt: skip


def on_device(update: Update, profile: DeviceProfile, trainer: str) -> OnDevice:
    """RAM of one step against what the system leaves, and the largest batch that still fits. `update` must be usable."""
    assert update.memory is not None
    assert update.pytorch is not None
    runtime = profile.runtime_bytes.get(trainer or _first(profile), 0)
    is_imprint = update.method is Method.IMPRINT
    why = (
        ""
        if trainer or is_imprint
        else f"No runtime of the {profile.name} computes gradients: train on another device."
    )
    needed = runtime + _fixed(update.memory, profile) + update.memory.batch * update.memory.peak.bytes
    largest = None if is_imprint else _largest(update.memory, profile, runtime)
    as_pytorch = trainer == "pytorch" and not is_imprint
    return OnDevice(
        why=why, fits=not why and needed <= profile.left_bytes, ram_needed_bytes=needed,
        largest_batch=0 if why else largest,
        pytorch_largest_batch=_largest(update.pytorch, profile, runtime) if as_pytorch else None,
    )  # fmt: skip


def _fixed(memory: Memory, profile: DeviceProfile) -> int:
    """Without the batch. Where weights are read from flash, only those that change must lie in RAM."""
    weights = memory.weights_bytes if profile.weights_in_ram else memory.changing_bytes
    return weights + memory.gradients_bytes + memory.optimizer_bytes


def _largest(memory: Memory, profile: DeviceProfile, runtime: int) -> int:
    left = profile.left_bytes - runtime - _fixed(memory, profile)
    return max(0, left // max(1, memory.peak.bytes))


def _first(profile: DeviceProfile) -> str:
    return next(iter(profile.runtime_bytes), "")


def _predicted(report: Report, profile: DeviceProfile, update: Update, choice: Choice) -> Prediction:
    instead = Instead(list(update.steps), (TRAINING_HALF,), (TRAINING_SAID,))
    return prediction_of(report, profile, replace(choice, precision=PRECISION), instead)


def _modelled(predicted: Prediction | None, profile: DeviceProfile, choice: Choice | None) -> dict[str, Any]:
    """latency_ms: of one step on the whole batch. extrapolated is on wherever there is a number."""
    if predicted is None or choice is None:
        return {"latency_ms": None, "latency_interval_ms": None, "energy_mj": None, "extrapolated": False, "reason": ""}
    interval = predicted.latency_interval_ms
    # The mAh of a charge are no matter of one step: why they are lacking is said where they would stand.
    _, _, no_charge = budget(profile, choice.convention, choice.volts, watts=None)
    return {
        "latency_ms": predicted.latency_ms, "latency_interval_ms": list(interval) if interval else None,
        "energy_mj": predicted.energy_mj, "extrapolated": predicted.extrapolated,
        "reason": predicted.reason.removesuffix(no_charge).strip(),
    }  # fmt: skip
