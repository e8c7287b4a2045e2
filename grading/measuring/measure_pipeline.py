"""Several models in a row from one file to points: unpack, check, time and predict stage by stage, score what the last one answers.

As grading/measuring/measure_run.py does it for one model: everything that opens a model happens in the sandbox. Whatever is wrong says of which
stage it is.
"""

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from courseplatform.core.digests import sha256_of
from grading.bench import canaries, engine, suspicions
from grading.bench.errors import BenchError
from grading.bench.formats import sniff
from grading.bench.measurement import Measurement
from grading.bench.on_device import Choice
from grading.bench.pipeline import StagePart, merged
from grading.bench.pipeline_host import measured_together, stage_rows
from grading.bench.pipeline_zip import check, unpack
from grading.bench.report import Report
from grading.bench.sandbox import Sandbox
from grading.hidden_sets.fit import MOST_ANSWER_BYTES
from grading.measuring.board_answer import BoardAnswer, Replay
from grading.measuring.lab_inputs import Shown, shown_inputs
from grading.measuring.measure_run import Progress, boards_of, document_of, inspected, measured_there
from grading.measuring.pipeline_signature import check_stage
from grading.measuring.run_setting import Setting, setting_for
from grading.measuring.scored import scored
from grading.measuring.where_to_run import Place
from grading.ml_tasks.scoring.base import Scored
from grading.spec import BenchSpec, Stage
from hardware.profiles import DeviceProfile


@dataclasses.dataclass(frozen=True)
class _Around:
    """What every stage is measured with."""

    spec: BenchSpec
    sandbox: Sandbox
    seed: int
    on_progress: Progress
    setting: Setting
    folder: Path
    rows: int  # inputs that are given, changed copies among them

    def progress(self, number: int) -> Progress:
        """Phases with the number of the stage behind them, from 1: timing:2."""
        return lambda phase, done, total: self.on_progress(f"{phase}:{number + 1}", done, total)


def measure_pipeline(
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
) -> dict[str, Any]:
    """As `measure_run`, of a zip with a model for each stage of the spec's pipeline.

    Returns:
        The same document. Its report holds `stages`, its environment what each of them took on this machine.

    Raises BenchError; its message begins with the file of the stage.
    """
    setting, seed = (
        setting_for(spec, place or Place("process"), profiles.get(spec.device)),
        board.seed if board else seed,
    )
    with tempfile.TemporaryDirectory(prefix="milliamp-pipeline-", dir=work) as folder:
        around = _Around(spec, sandbox, seed, on_progress, setting, Path(folder), _rows(inputs))
        ready = _ready(model, inputs, around, lab)
        measurements = _measured(ready, around, board)
        on_progress("points", 0, 0)
        quality, alike = Scored({}, {}, {"task": spec.task}), suspicions.Answers(0, 0, 0)
        if spec.is_scored:
            quality, alike = scored(spec, ready.shown.inputs, measurements[-1].predictions, labels)
    stages = ready.stages
    alike = dataclasses.replace(alike, held=ready.shown.copied[0], looked_for=ready.shown.copied[1])
    report = merged(stages, sha256=sha256_of(model))
    facts = boards_of(report, profiles, spec, choice or Choice())
    facts |= {"isolation": sandbox.label, "graded_by": setting.graded_by, "stages": stage_rows(stages, measurements)}
    together = measured_together(stages, measurements)
    facts |= measured_there(board, together, [stage.calls for stage in stages], facts)
    document = document_of(report, together, quality, spec, (name, report.bytes), facts)
    return document | {"suspicions": _suspicions(stages, measurements, alike) + setting.no_board()}


@dataclasses.dataclass(frozen=True)
class Ready:
    """files: of the models, in the order of the stages. shown: what the first is given."""

    files: list[Path]
    stages: tuple[StagePart, ...]
    shown: Shown


def pipeline_ready(
    model: Path, spec: BenchSpec, lab: str, *, inputs: Path, sandbox: Sandbox, seed: int, on_progress: Progress, folder: Path,
) -> Ready:  # fmt: skip
    """Unpack and check a hand-in, for whoever does not run it here. Raises BenchError."""
    setting = setting_for(spec, Place("board"), None)
    return _ready(model, inputs, _Around(spec, sandbox, seed, on_progress, setting, folder, _rows(inputs)), lab)


def _ready(model: Path, inputs: Path, around: _Around, lab: str) -> Ready:
    spec = around.spec
    members = check(model, [stage.key for stage in spec.pipeline], spec.formats, spec.max_bytes)
    files = list(unpack(model, members, around.folder, spec.max_bytes).values())
    stages, layout = _checked(files, list(members.values()), around, lab)
    shown = shown_inputs(files[0], inputs, spec, layout, around.folder, around.seed)
    return Ready(files, stages, _looked_for_in_all(shown, files, inputs, around.seed))


@contextmanager
def _in_stage(stage: Stage, file: str) -> Iterator[None]:
    """Whatever is wrong in here begins with the file of the stage."""
    try:
        yield
    except BenchError as error:
        said, details = f"{file}: {error.message}", error.details | {"stage": stage.key}
        raise BenchError(error.code, said, outcome=error.outcome, details=details) from error


def _checked(
    files: Sequence[Path], names: Sequence[str], around: _Around, lab: str
) -> tuple[tuple[StagePart, ...], str]:
    """All stages before the first is run, and the layout in which the first one takes its input."""
    spec, reports, parts, layout = around.spec, list[Report](), list[StagePart](), ""
    for number, (stage, path, name) in enumerate(zip(spec.pipeline, files, names, strict=True)):
        with _in_stage(stage, name):
            sniff(path, path.name)
            hint = _hint(spec, number, reports)
            reports.append(inspected(path, spec, around.sandbox, around.progress(number), hint))
            layout = check_stage(number, reports, spec, lab) or layout
            _check_handed_on(spec, number, reports[-1], around.rows)
        parts.append(StagePart(stage.key, stage.title, stage.calls, name, reports[-1]))
    return tuple(parts), layout


def _rows(inputs: Path) -> int:
    count = len(np.load(inputs, mmap_mode="r", allow_pickle=False))
    return count + min(canaries.MOST, count)


def _check_handed_on(spec: BenchSpec, number: int, report: Report, rows: int) -> None:
    """What a stage answers to all inputs has to come out of the sandbox. Raises BenchError: `output_too_large`."""
    following = spec.pipeline[number + 1 : number + 2]
    each = prod(report.outputs[0].shape) if report.outputs else 0
    size = 4 * rows * each * spec.pipeline[number].calls
    if following and following[0].is_fed and size > MOST_ANSWER_BYTES:
        said = f"This stage answers {each:,} numbers each time it runs, which come to {size / (1 << 20):.0f} MiB for the lab's inputs; at most"
        raise BenchError(
            "output_too_large", f"{said} {MOST_ANSWER_BYTES >> 20} are handed on. Cut the network where it is narrower."
        )


def _hint(spec: BenchSpec, number: int, reports: Sequence[Report]) -> list[tuple[int, ...]] | None:
    """Shapes for a model that says none: the lab's, the stage's own, or what the stage before answers."""
    stage = spec.pipeline[number]
    if number == 0:
        return None
    if not stage.is_fed:
        return [next(iter(stage.shapes.values()))] if stage.shapes else []
    is_whole = stage.calls == spec.pipeline[number - 1].calls
    return [tensor.shape for tensor in reports[-1].outputs[:1]] if is_whole else []


def _looked_for_in_all(shown: Shown, files: Sequence[Path], inputs: Path, seed: int) -> Shown:
    """Hidden inputs may stand in the file of any stage."""
    found = [canaries.copied(path, inputs, seed, shown.inputs.count) for path in files[1:]]
    return dataclasses.replace(shown, copied=max([shown.copied, *found]))


def _measured(ready: Ready, around: _Around, board: BoardAnswer | None) -> list[Measurement]:
    """Each stage in turn; what one predicts is what the next is given, in the order of the file. board: what ran them already."""
    given: Path | None = ready.shown.inputs.path
    sandbox = Replay(board) if board else around.sandbox
    windows = len(board.asked) // len(ready.stages) if board else None
    found: list[Measurement] = []
    for number, (stage, path, part) in enumerate(zip(around.spec.pipeline, ready.files, ready.stages, strict=True)):
        if number:
            has_answers = stage.is_fed and bool(found[-1].predictions)
            given = _handed_on(stage, part, found[-1], around) if has_answers else None
        is_last = number == len(ready.stages) - 1
        with _in_stage(stage, part.file), around.setting.out_of_memory_named():
            found.append(
                engine.measure(
                    path, part.report, sandbox=sandbox, inputs=given, seed=around.seed,
                    scores=around.spec.output.numbers if is_last and given is not None else None, processes=windows,
                    on_progress=around.progress(number), limits=around.setting.limits,
                )
            )  # fmt: skip
        if not is_last and given is not None and given != ready.shown.inputs.path:
            given.unlink(missing_ok=True)  # the answers of a stage are as large as they are many
    return found


def _handed_on(stage: Stage, part: StagePart, before: Measurement, around: _Around) -> Path:
    """What the stage before predicted as inputs of this one, its calls side by side. Raises BenchError: `stage_mismatch`."""
    answers = np.asarray(before.predictions, dtype=np.float32)
    shape = part.report.inputs[0].shape[1:]
    if answers.size != around.rows * stage.calls * prod(shape):
        said = f"{part.file}: the stage before gives {answers.shape[1]:,} numbers when it runs, and not as many as its file says."
        raise BenchError("stage_mismatch", f"{said} Export it with fixed sizes.", details={"stage": stage.key})
    target = around.folder / f"given-{stage.key}.npy"
    np.save(target, answers.reshape(around.rows * stage.calls, *shape), allow_pickle=False)
    return target


def _suspicions(
    stages: Sequence[StagePart], measurements: Sequence[Measurement], alike: suspicions.Answers
) -> list[dict[str, Any]]:
    """What looks wrong in any stage; answers are those of the last."""
    found = list[dict[str, Any]]()
    for stage, one in zip(stages, measurements, strict=True):
        answers = alike if stage is stages[-1] else suspicions.Answers(0, 0, 0)
        rows = suspicions.look(stage.report, one, answers)
        found += [
            row | {"title": f"{stage.title}: {row['title']}", "facts": {**row["facts"], "stage": stage.key}}
            for row in rows
        ]
    return found
