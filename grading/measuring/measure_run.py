"""One model from file to points: check, time, predict, score. No database: the worker hands in paths and takes a JSON document.

Everything that opens the model happens in the sandbox. The labels are read here, outside, after the predictions have come out.
"""

import dataclasses
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from grading.bench import engine, suspicions
from grading.bench.measurement import Measurement
from grading.bench.on_device import Choice, device_json
from grading.bench.report import Report
from grading.bench.sandbox import Limits, Sandbox
from grading.bench.training.on_device import as_training, training_json
from grading.measuring.board_answer import BoardAnswer, Replay
from grading.measuring.board_facts import on_board_json
from grading.measuring.lab_inputs import shown_inputs
from grading.measuring.measure_step import Found, step_measured
from grading.measuring.phase_clock import PhaseClock
from grading.measuring.run_setting import Setting, setting_for
from grading.measuring.scored import scored
from grading.measuring.signature import check_signature
from grading.measuring.signature_step import check_step
from grading.measuring.where_to_run import Place
from grading.ml_tasks.scoring.base import Scored
from grading.points.lines import points_for
from grading.points.modelled import Modelled, modelled_of
from grading.points.on_board import measured_on_board, put_measured, timed_on_board
from grading.points.training import add_training
from grading.spec import BenchSpec
from hardware.profiles import DeviceProfile

Progress = Callable[[str, int, int], None]


def measure_run(
    *,
    model: Path,
    name: str,
    spec: BenchSpec,
    lab: str,
    inputs: Path,
    labels: Path | None,
    sandbox: Sandbox,
    seed: int,
    on_progress: Progress,
    profiles: Mapping[str, DeviceProfile],
    choice: Choice | None = None,
    work: Path | None = None,
    place: Place | None = None,
    board: BoardAnswer | None = None,
    measured_before: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Measure one model against one lab.

    Args:
        inputs: .npy, (n, *first layout of the spec without its batch), of the spec's dtype.
        labels: .npy, as the spec's task asks for it; None where it has none. seed: of the random order in which inputs are sent.
        profiles: the devices of the course, by slug. choice: by which convention the course counts a charge.
        work: where a copy of the inputs may lie; the system's temporary folder where None. place: see grading/measuring/where_to_run.py.
        board: what a board measured already; then the model is timed there, and here it answers the hidden inputs alone.
        measured_before: what a board of this file told at an earlier time (`on_board` of an environment), while `board` is None.

    Returns:
        JSON-ready {report, host, metrics, quality, points, environment, earned, of, left_open, suspicions}. Where there are
        suspicions, a person must look at the run before it counts (grading/bench/suspicions.py).

    Raises BenchError, with the outcome it means for the run.
    """
    setting, clock = setting_for(spec, place or Place("process"), profiles.get(spec.device)), PhaseClock(on_progress)
    report = inspected(model, spec, sandbox, clock)
    with tempfile.TemporaryDirectory(prefix="milliamp-inputs-", dir=work) as folder:
        found = (_learned if spec.kind.trains else _answered)(
            model, report, spec, lab, inputs=inputs, labels=labels, folder=Path(folder), sandbox=sandbox, seed=seed,
            setting=setting, on_progress=clock, board=board,
        )  # fmt: skip
    around = boards_of(report, profiles, spec, choice or Choice())
    around |= {"isolation": sandbox.label, "graded_by": setting.graded_by, "phase_s": clock.seconds()}
    around |= measured_there(board, found.measurement, [1], around)
    if measured_before is not None and measured_before["device"] == spec.device:
        told = {"measured": measured_on_board(measured_before)}
        around |= {"on_board": dict(measured_before), "graded_by": setting.graded_by | told}
    around |= {"on_host": found.on_host.to_json()} if found.on_host else {}
    document = document_of(report, found.measurement, found.quality, spec, (name, model.stat().st_size), around)
    return document | {"suspicions": found.found + setting.no_board()}


def _answered(
    model: Path, report: Report, spec: BenchSpec, lab: str, *, inputs: Path, labels: Path | None, folder: Path, sandbox: Sandbox,
    seed: int, setting: Setting, on_progress: Progress, board: BoardAnswer | None = None,
) -> Found:  # fmt: skip
    """A model that is timed and answers the hidden inputs: here, also where a board has timed it. Raises BenchError."""
    layout = check_signature(report, spec, lab)
    shown = shown_inputs(model, inputs, spec, layout, folder, seed)
    with setting.out_of_memory_named():
        measurement = engine.measure(
            model, report, sandbox=sandbox, inputs=shown.inputs.path, seed=seed, scores=spec.output.numbers, processes=1 if board else None,
            on_progress=on_progress, limits=setting.limits,
        )  # fmt: skip
        on_host = measurement.host
        if board is not None:
            there = engine.measure(
                model, report, sandbox=Replay(board), inputs=None, seed=board.seed, processes=len(board.asked)
            )
            measurement = dataclasses.replace(there, predictions=measurement.predictions)
    on_progress("points", 0, 0)
    quality, alike = scored(spec, shown.inputs, measurement.predictions, labels)
    alike = dataclasses.replace(alike, held=shown.copied[0], looked_for=shown.copied[1])
    roof = suspicions.roof_of(setting.device) if board else None
    return Found(measurement, quality, suspicions.look(report, measurement, alike, roof), on_host if board else None)


def _learned(
    model: Path, report: Report, spec: BenchSpec, lab: str, *, inputs: Path, labels: Path | None, folder: Path, sandbox: Sandbox,
    seed: int, setting: Setting, on_progress: Progress, board: BoardAnswer | None = None,
) -> Found:  # fmt: skip
    """A training step that learns first. Raises BenchError."""
    layout = check_step(report, spec, lab)
    with setting.out_of_memory_named():
        return step_measured(
            model, report, spec, layout, inputs=inputs, labels=labels, folder=folder, sandbox=Replay(board) if board else sandbox,
            seed=board.seed if board else seed, limits=setting.limits, on_progress=on_progress, windows=len(board.asked) if board else 1,
        )  # fmt: skip


def measured_there(
    board: BoardAnswer | None, measurement: Measurement, calls: Sequence[int], around: Mapping[str, Any]
) -> dict[str, Any]:
    """What the environment of a result says where a board measured it; nothing where none did. around: the rest of it.

    calls: how often each of the models in a row runs for one input.
    """
    if board is None:
        return {}
    host = measurement.host.to_json()
    on_board = on_board_json(board, measurement.environment, calls, around["budget"]["volts"]) | timed_on_board(host)
    measured = {"measured": measured_on_board(on_board)}
    return {"isolation": board.label, "on_board": on_board, "graded_by": around["graded_by"] | measured}


def inspected(
    model: Path, spec: BenchSpec, sandbox: Sandbox, on_progress: Progress, hint: list[tuple[int, ...]] | None = None
) -> Report:
    """The check. It is ours and no device does it, so it has the limits of the lab wherever the model runs. Raises BenchError.

    hint: shapes of the inputs, for a model that does not say them; those of the lab where None.
    """
    on_progress("check", 0, 0)
    shape, trains = next(iter(spec.input.shapes.values())), spec.kind.trains
    if hint is None:
        hint = [(spec.options.batch, *shape[1:]), (spec.options.batch,)] if trains else [shape]
    limits = Limits(wall_s=spec.wall_s, memory_bytes=spec.memory_bytes)
    return engine.inspect(
        model, sandbox=sandbox, input_shapes=hint, on_progress=on_progress, limits=limits, learns=trains
    )


def boards_of(report: Report, profiles: Mapping[str, DeviceProfile], spec: BenchSpec, choice: Choice) -> dict[str, Any]:
    found = {"devices": devices_json(report, profiles, spec, choice), "budget": budget_json(choice)}
    if spec.training is None:
        return found
    return found | {"training": training_json(report, profiles, spec.training, choice, timed=spec.devices)}


def budget_json(choice: Choice) -> dict[str, Any]:
    """How hours on a charge were counted: a course may change that later, a result keeps it."""
    return {"convention": choice.convention, "volts": choice.volts, "capacity_mah": choice.capacity_mah}


def devices_json(
    report: Report, profiles: Mapping[str, DeviceProfile], spec: BenchSpec, choice: Choice
) -> dict[str, dict[str, Any]]:
    """Fit and prediction by device. Operators only for the lab's own: a figure of each would fill the database."""
    instead = as_training(report) if spec.kind.trains else None
    found = {slug: device_json(report, profile, choice, instead) for slug, profile in profiles.items()}
    return {slug: one if slug in spec.devices else one | {"operators": []} for slug, one in found.items()}


def metrics_of(report: Report, quality: Scored, model_bytes: int) -> dict[str, float]:
    """The flat numbers that criteria may name (see grading/spec/ METRICS)."""
    return {
        **quality.metrics,
        "model_bytes": model_bytes,
        "params": report.params,
        "macs": report.macs,
        "peak_activation_bytes": report.peak_activation_bytes,
        "sparsity": report.sparsity,
        "two_of_four_sparsity": report.structured.two_of_four,
        "output_channel_sparsity": report.structured.output_channels,
        # Without any weight there is nothing that was made small: as if all were float32.
        "weight_bits_mean": sum(float(bits) * share for bits, share in (report.weight_bits or {"32": 1.0}).items()),
    }


def document_of(
    report: Report,
    measurement: Measurement,
    quality: Scored,
    spec: BenchSpec,
    file: tuple[str, int],
    around: dict[str, Any],
) -> dict[str, Any]:
    """file: its name and bytes. around: what the environment says besides what the measurement does."""
    modelled = (
        modelled_of(around["devices"].get(spec.device), spec.device, around["budget"]) if spec.device else Modelled()
    )
    add_training(modelled, around.get("training"), spec)
    if "on_board" in around:
        put_measured(modelled, around["on_board"], spec.device, of_steps=spec.kind.trains)
    metrics = metrics_of(report, quality, file[1]) | modelled.metrics
    shape = "×".join(str(n) for n in report.inputs[0].shape)
    notes = {
        criterion.key: f"input {shape} {report.inputs[0].dtype}, {spec.output.numbers} outputs"
        for criterion in spec.criteria
        if criterion.rule.kind == "pass"
    }
    intervals = quality.intervals | modelled.intervals
    points = points_for(
        spec,
        metrics,
        intervals,
        notes,
        modelled.left_open,
        fit=modelled.fit,
        how=modelled.how,
        measured=modelled.measured,
    )
    return {
        "report": {**report.to_json(), "file": file[0]},
        "host": measurement.host.to_json(),
        "metrics": metrics,
        "quality": quality.quality,
        "points": points.lines_json(),
        "environment": {**measurement.environment, **around},
        "earned": points.earned,
        "of": points.of,
        "left_open": points.left_open,
    }
