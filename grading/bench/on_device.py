"""One model, or a pipeline of several, on one device: does it fit, and what the cost model says of it there. As JSON, for `bench` and for results."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from grading.bench.cost.coefficients import Calibrations
from grading.bench.cost.predict import Instead, predict
from grading.bench.cost.prediction import Prediction
from grading.bench.cost.together import Part, together
from grading.bench.fit import FitVerdict, fit, stored_precision
from grading.bench.fit_together import fit_together
from grading.bench.pipeline import PipelineReport, StagePart
from grading.bench.report import Report
from hardware.profiles import DeviceProfile

CALIBRATION = ("group", "rows", "date", "model_out_median", "family_out_median")
# The agreed keys of `bench`, in their order; docs/measurement.md explains each.
AGREED = (
    "fits", "ram_needed_bytes", "flash_needed_bytes", "runtime", "precision", "threads", "latency_ms",
    "latency_interval_ms", "energy_mj", "mah_per_hour", "battery_hours", "extrapolated", "calibration",
)  # fmt: skip


USUAL_MAH = 4000.0  # of the cost model: hours grow with the charge


@dataclass(frozen=True)
class Choice:
    """What a person or a course chose. runtime: a slug, perhaps with @version; None: the best that is calibrated there.

    precision: fp32, fp16, int8, None as stored. convention: how a battery is counted (nominal_current, wall, load,
    load_minus_idle); volts: at which, where power decides; capacity_mah: of one charge. calibrations: of a course that has adopted some of
    its own; None: those in the tree.
    """

    runtime: str | None = None
    precision: str | None = None
    threads: int | None = None
    convention: str = "nominal_current"
    volts: float = 5.0
    capacity_mah: float = USUAL_MAH
    calibrations: Calibrations | None = None


def device_json(
    report: Report, profile: DeviceProfile, choice: Choice | None = None, instead: Instead | None = None
) -> dict[str, Any]:
    """Fit and prediction in one: the agreed keys, the limits in bytes, and in words why, reasons, flags and reason.

    instead: what is predicted where it is no inference.
    operators: [[index, ms, fused], ...] where a latency is modelled. stages: of a pipeline, what each stage takes, with all its calls.
    """
    choice = choice or Choice()
    predicted = prediction_of(report, profile, choice, instead)
    verdict = _fit(report, profile, choice, predicted)
    found = {
        **verdict.to_json(),
        **{key: getattr(predicted, key) for key in AGREED[4:] if key != "calibration"},
        "name": profile.name,
        "runtime": predicted.runtime or verdict.runtime.name or None,
        "battery_hours": _hours(predicted, choice),
        "latency_interval_ms": list(predicted.latency_interval_ms) if predicted.latency_interval_ms else None,
        "calibration": _calibration(predicted),
        "graded": predicted.graded,
        "reason": predicted.reason,
        "flags": list(predicted.flags),
        "operators": [[cost.index, cost.latency_ms, cost.fused] for cost in predicted.operators],
    }
    if not isinstance(report, PipelineReport):
        return found
    return found | {"stages": [_stage_json(stage, profile, choice) for stage in report.stages]}


def _fit(report: Report, profile: DeviceProfile, choice: Choice, predicted: Prediction) -> FitVerdict:
    if not isinstance(report, PipelineReport):
        runtime, must_load = _asked(report, choice, predicted)
        return fit(report, profile, runtime=runtime, precision=choice.precision, must_load=must_load)
    asked = {stage.key: _asked(stage.report, choice, _of_stage(stage, profile, choice)) for stage in report.stages}
    runtimes, loads = ({key: pair[n] for key, pair in asked.items()} for n in (0, 1))
    return fit_together(report, profile, runtimes=runtimes, precision=choice.precision, must_load=loads)  # type: ignore[arg-type]


def _asked(report: Report, choice: Choice, predicted: Prediction) -> tuple[str | None, bool]:
    """(runtime, whether the device has to load the file). Whoever asks for another runtime or precision asks what would be after a
    conversion."""
    converted = choice.runtime is not None or choice.precision not in (None, stored_precision(report))
    return choice.runtime or predicted.runtime, not converted


def _of_stage(stage: StagePart, profile: DeviceProfile, choice: Choice) -> Prediction:
    return prediction_of(stage.report, profile, choice)


def _stage_json(stage: StagePart, profile: DeviceProfile, choice: Choice) -> dict[str, Any]:
    """What one stage takes there: latency_ms and energy_mj of all its calls, ram_needed_bytes and fits as if it were there alone."""
    predicted = together([Part(stage.title, stage.calls, _of_stage(stage, profile, choice))])
    verdict = _fit(stage.report, profile, choice, predicted)
    return {
        "key": stage.key,
        "fits": verdict.fits,
        "ram_needed_bytes": verdict.ram.need_bytes,
        "flash_needed_bytes": verdict.flash.need_bytes,
        "latency_ms": predicted.latency_ms,
        "latency_interval_ms": list(predicted.latency_interval_ms) if predicted.latency_interval_ms else None,
        "energy_mj": predicted.energy_mj,
        "runtime": predicted.runtime or verdict.runtime.name or None,
        "precision": predicted.precision,
        "extrapolated": predicted.extrapolated,
        "reason": predicted.reason,
    }


def agreed_json(device: Mapping[str, Any]) -> dict[str, Any]:
    """The part of `device_json` that `bench` prints: exactly the agreed keys, the reasons, and where a number is lacking its reason."""
    calibration = device["calibration"]
    row = {key: device[key] for key in AGREED} | {"reasons": device["reasons"]}
    row["calibration"] = {key: calibration[key] for key in CALIBRATION} if calibration else None
    return row | {"reason": device["reason"]} if device["reason"] else row


def prediction_of(report: Report, profile: DeviceProfile, choice: Choice, instead: Instead | None = None) -> Prediction:
    """By the chosen runtime; else by what is best calibrated for the board, of those runtimes that this device has.

    A board with an accelerator is several devices: what is calibrated for its accelerator is not for its processor. A pipeline is the
    sum of its stages.
    """
    if isinstance(report, PipelineReport):
        stages = [Part(stage.title, stage.calls, _of_stage(stage, profile, choice)) for stage in report.stages]
        return together(stages)
    own = choice.runtime or _adopted(report, profile, choice)
    found = _predict(report, profile, choice, own, instead)
    if own or found.runtime is None or found.runtime.partition("@")[0] in profile.runtimes:
        return found
    others = [_predict(report, profile, choice, runtime, instead) for runtime in profile.runtimes]
    return next((one for one in others if one.latency_ms is not None), found)


def _adopted(report: Report, profile: DeviceProfile, choice: Choice) -> str | None:
    """The runtime that loads this file on this device, where the course has calibrated its board for that."""
    loads = profile.formats.get(report.format)
    precision = choice.precision or stored_precision(report)
    groups = choice.calibrations.groups.values() if choice.calibrations is not None and loads else ()
    speaks = any(
        group.is_adopted and (group.board, group.runtime, group.precision) == (profile.board or profile.slug, loads, precision)
        and (choice.threads is None or group.threads == str(choice.threads))
        for group in groups
    )  # fmt: skip
    return loads if speaks else None


def _predict(
    report: Report, profile: DeviceProfile, choice: Choice, runtime: str | None, instead: Instead | None
) -> Prediction:
    return predict(
        report, profile, runtime, choice.precision, choice.threads, convention=choice.convention, volts=choice.volts,
        instead=instead, calibrations=choice.calibrations,
    )  # fmt: skip


def _hours(predicted: Prediction, choice: Choice) -> float | None:
    return predicted.battery_hours and predicted.battery_hours * choice.capacity_mah / USUAL_MAH


def _calibration(predicted: Prediction) -> dict[str, Any] | None:
    return asdict(predicted.calibration) if predicted.calibration else None
