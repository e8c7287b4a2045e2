"""The whole spec: what a model is checked against, on what it is measured, and for what it gets points."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from grading.bench.training.setting import Setting
from grading.ml_tasks.base import Output, Task
from grading.ml_tasks.registry import TASKS, metrics
from grading.spec.baselines import Baseline, read_baselines
from grading.spec.board import USUAL as USUAL_BOARD
from grading.spec.board import BoardSpec, read_board
from grading.spec.criteria import METRICS, MOST_POINTS, OF_DEVICE, Criterion, read_criterion
from grading.spec.inputs import InputSpec, read_input, wrong_input
from grading.spec.pipeline import Stage, read_pipeline, wrong_pipeline
from grading.spec.reader import Reader, SpecError
from grading.spec.training import TRAINING_METRICS, read_training
from hardware.profiles import today_slug
from hardware.runners.needs import REQUIRED

MOST_DEVICES = 20
FORMATS = ("onnx", "tflite", "torchscript", "torch_export")
RUN_ON = ("process", "container", "board")
FALLBACKS = ("emulation", "wait", "staff")
WAIT_UNITS = {"minutes": 1, "hours": 60, "days": 24 * 60}
# Above these a limit is a slip of the pen: nothing here keeps it.
LIMITS = {"max_bytes": (1 << 40, "1 TiB"), "wall_s": (86_400, "86400 s, a day"), "memory_bytes": (1 << 40, "1 TiB")}
USUAL_WAIT, MOST_WAIT = timedelta(days=1), timedelta(days=60)


@dataclass(frozen=True)
class BenchSpec:
    """task: a name of grading/ml_tasks/registry.py; options: the task's own keys, as it reads them.

    devices: slugs of what the lab is about, the first is the one that a model has to fit.

    run_on: process, container, board; "" for what the site has. board_wait, fallback: how long a run waits for a board, and what
    then (emulation, wait, staff); see grading/measuring/where_to_run.py. board: what is asked of it besides its kind.
    baselines: models that rules compare with, by name. bonus_most: what extra credit comes to at most, all of it together.
    training: the ways of training that are looked at; None: none. pipeline: the stages of a lab that takes several models in a row; empty: it
    takes one.
    """

    task: str
    input: InputSpec
    options: Any
    criteria: tuple[Criterion, ...]
    formats: tuple[str, ...] = FORMATS
    max_bytes: int = 1 << 20
    devices: tuple[str, ...] = ()
    wall_s: int = 60
    memory_bytes: int = 1 << 30
    run_on: str = ""
    board_wait: timedelta = USUAL_WAIT
    fallback: str = "staff"
    board: BoardSpec = USUAL_BOARD
    baselines: Mapping[str, Baseline] = field(default_factory=dict)
    bonus_most: float | None = None
    training: Setting | None = None
    pipeline: tuple[Stage, ...] = ()

    @property
    def kind(self) -> Task:
        return TASKS[self.task]

    @property
    def classes(self) -> tuple[str, ...]:
        """Of a task that has classes; else empty."""
        return tuple(getattr(self.options, "classes", ()))

    @property
    def output(self) -> Output:
        """What a model has to answer to one input."""
        return self.kind.output(self.options, self.input.first)

    @property
    def is_scored(self) -> bool:
        """Whether answers come out that can be compared with labels: not of a pipeline with a stage that is measured on its own."""
        return all(stage.is_fed for stage in self.pipeline)

    @property
    def shows_boards_its_inputs(self) -> bool:
        """Whether a board needs the lab's hidden inputs: stages answer each other, and a step learns from them. One model is only timed there."""
        return bool(self.pipeline) or self.kind.trains

    @property
    def device(self) -> str:
        """What a model has to fit; "" where the lab names none."""
        return self.devices[0] if self.devices else ""

    @property
    def points(self) -> float:
        """What the lab is worth. Extra credit comes on top."""
        return sum(criterion.points for criterion in self.criteria if not criterion.bonus)

    @property
    def bonus(self) -> float:
        """What extra credit comes to at most."""
        together = sum(criterion.points for criterion in self.criteria if criterion.bonus)
        return together if self.bonus_most is None else min(together, self.bonus_most)

    @classmethod
    def parse(cls, raw: Any) -> "BenchSpec":
        """Raises SpecError."""
        top = Reader(raw, "spec")
        baselines = read_baselines(top, METRICS)
        task = top.choice("task", tuple(TASKS))
        spec = cls(
            task=task,
            input=read_input(top.sub("input")),
            options=TASKS[task].read(top),
            criteria=tuple(
                read_criterion(item, f"criteria[{i}]", baselines) for i, item in enumerate(top.take_list("criteria"))
            ),
            formats=tuple(str(name) for name in top.take_list("formats", list(TASKS[task].formats or FORMATS))),
            max_bytes=int(top.number("max_bytes", 1 << 20)),
            devices=_devices(top),
            wall_s=int(top.number("wall_s", 60)),
            memory_bytes=int(top.number("memory_bytes", 1 << 30)),
            run_on=top.choice("run_on", RUN_ON, ""),
            board_wait=_board_wait(top),
            fallback=top.choice("fallback", FALLBACKS, "staff"),
            board=read_board(top.raw["board"]) if "board" in top.raw else USUAL_BOARD,
            baselines=baselines,
            bonus_most=top.number("bonus_most") if "bonus_most" in top.raw else None,
            training=read_training(top.raw["training"]) if "training" in top.raw else None,
            pipeline=read_pipeline(top.raw["pipeline"]) if "pipeline" in top.raw else (),
        )
        top.done("input", "board_wait", "board", "baselines", "training", "pipeline")
        wrong = [*_wrong(spec), *_wrong_place(spec, top), *_wrong_training(spec), *_wrong_points(spec)]
        if wrong := [*wrong, *_wrong_pipeline(spec)]:
            raise SpecError(*wrong)
        return spec


def _devices(top: Reader) -> tuple[str, ...]:
    """`devices`, or the `device` of which a lab had one. By the names of today."""
    one, several = top.text("device", ""), top.take_list("devices", [])
    if one and several:
        raise SpecError("spec.devices: give `devices` alone; `device` is the older way to name one.")
    names = [one] if one else several
    if not all(isinstance(name, str) and name for name in names):
        raise SpecError(f"spec.devices: expected names of devices, got {names!r}.")
    slugs = tuple(today_slug(name) for name in names)
    if len(set(slugs)) < len(slugs):
        raise SpecError("spec.devices: a device stands twice.")
    if len(slugs) > MOST_DEVICES:
        raise SpecError(f"spec.devices: at most {MOST_DEVICES} devices.")
    return slugs


def _board_wait(top: Reader) -> timedelta:
    return wait_of(top.raw["board_wait"]) if "board_wait" in top.raw else USUAL_WAIT


def wait_of(raw: Any) -> timedelta:
    """{minutes: 90}, {hours: 4} or {days: 2}: one of them. Raises SpecError."""
    reader = Reader(raw, "spec.board_wait")
    given = [unit for unit in WAIT_UNITS if unit in reader.raw]
    amount = reader.number(given[0], 0.0) if given else 0.0
    reader.done(*WAIT_UNITS)
    most_minutes = MOST_WAIT / timedelta(minutes=1)
    if len(given) != 1 or not 0 < amount * WAIT_UNITS[given[0]] <= most_minutes:
        raise SpecError(
            "spec.board_wait: give one length, up to 60 days, such as {hours: 4}, {minutes: 90} or {days: 2}."
        )
    return timedelta(minutes=amount * WAIT_UNITS[given[0]])


def _wrong_place(spec: BenchSpec, top: Reader) -> Iterator[str]:
    for key in ("board_wait", "fallback"):
        if key in top.raw and spec.run_on != "board":
            yield f"spec.{key}: only a lab with `run_on: board` waits for one. Add that, or take {key} away."
    if "board" in top.raw and not spec.device:
        yield "spec.board: say first in `devices` which kind of board that is."
    if spec.board.needs.own_board == REQUIRED and spec.shows_boards_its_inputs:
        yield "spec.board.own_board: the hidden inputs of such a lab are sent along, so no board of a team's own measures it. Take `required` away."
    if spec.run_on == "board" and not spec.device:
        yield "spec.run_on: this lab is measured on a board, so name the board first in `devices`."
    for n, criterion in enumerate(spec.criteria):
        if not spec.device and (named := [metric for metric in criterion.metrics if metric in OF_DEVICE]):
            yield f"criteria[{n}].metric: {named[0]} is that of the lab's first device, so name it in `devices`."


def _wrong_points(spec: BenchSpec) -> Iterator[str]:
    has_bonus = any(criterion.bonus for criterion in spec.criteria)
    if spec.bonus_most is not None and not 0 < spec.bonus_most <= MOST_POINTS:
        yield f"spec.bonus_most: give the most that extra credit comes to, above 0 and at most {MOST_POINTS}."
    elif spec.bonus_most is not None and not has_bonus:
        yield "spec.bonus_most: no criterion is extra credit. Say `bonus: true` of one, or take bonus_most away."
    if (together := spec.points + spec.bonus) > MOST_POINTS:
        yield f"spec.criteria: they come to {together:g} points; a lab gives at most {MOST_POINTS}."


def _wrong_training(spec: BenchSpec) -> Iterator[str]:
    for n, criterion in enumerate(spec.criteria):
        if spec.training is None and (named := [metric for metric in criterion.metrics if metric in TRAINING_METRICS]):
            yield f"criteria[{n}].metric: {named[0]} is of an update step: say `training: {{}}` in the spec, or how it trains."


def _wrong_pipeline(spec: BenchSpec) -> Iterator[str]:
    of_answers = metrics()
    asked = {n: [m for m in one.metrics if m in of_answers] for n, one in enumerate(spec.criteria)}
    yield from wrong_pipeline(spec.pipeline, asked, trains=spec.training is not None)


def _wrong_task(spec: BenchSpec) -> Iterator[str]:
    """The task's own keys, and criteria that ask for what it does not give."""
    yield from spec.kind.wrong(spec.options)
    if spec.kind.formats and (other := [name for name in spec.formats if name not in spec.kind.formats]):
        yield f"spec.formats: a {spec.task} is handed in as {', '.join(spec.kind.formats)} only; take {other[0]} away."
    if spec.kind.trains and spec.training is not None:
        yield "spec.training: the step itself is handed in and counted here. Take `training` away."
    given, known = spec.kind.gives(spec.options), metrics()
    for n, criterion in enumerate(spec.criteria):
        if lacking := [metric for metric in criterion.metrics if metric in known and metric not in given]:
            yield f"criteria[{n}].metric: {lacking[0]} does not come out of this {spec.task}; what does is {', '.join(given)}."


def _wrong(spec: BenchSpec) -> Iterator[str]:
    yield from wrong_input(spec.input)
    for name, (most, words) in LIMITS.items():
        if not 0 < getattr(spec, name) <= most:
            yield f"spec.{name}: give a limit above 0 and at most {words}."
    if not spec.formats:
        yield "spec.formats: name one at least."
    yield from _wrong_task(spec)
    if unknown := set(spec.formats) - set(FORMATS):
        yield f"spec.formats: {', '.join(sorted(unknown))} is not one of {', '.join(FORMATS)}."
    if len({criterion.key for criterion in spec.criteria}) != len(spec.criteria):
        yield "spec.criteria: two criteria have the same key."
