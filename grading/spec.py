"""The benchmark spec of an assignment: how a model is checked, measured and turned into points.

It is stored as JSON and written by people, so parsing is strict: an unknown key, a wrong type or a rule that cannot be computed is a
SpecError that names the place. No database, no Django.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from math import prod
from typing import Any

from hardware.profiles import today_slug

METRICS: dict[str, tuple[str, str]] = {
    # metric: (unit on the page, basis: how the number is got)
    "accuracy": ("share", "measured"),
    "model_bytes": ("bytes", "counted"),
    "params": ("count", "counted"),
    "macs": ("macs", "counted"),
    "peak_activation_bytes": ("bytes", "counted"),
    "sparsity": ("share", "counted"),
    "weight_bits_mean": ("bits", "counted"),
    # Of the lab's first device, by the cost model (grading/modelled.py).
    "latency_ms": ("ms", "modelled"),
    "energy_mj": ("mj", "modelled"),
}
MODELLED = frozenset(name for name, (_, basis) in METRICS.items() if basis == "modelled")
KINDS = {"pass": (), "ramp": ("from", "to"), "steps": ("steps",), "at_least": ("value",)}
MOST, MOST_POINTS, MOST_DEVICES = 1 << 50, 9999, 20
FORMATS = ("onnx", "tflite", "torchscript", "torch_export")
RUN_ON = ("process", "container", "board")
FALLBACKS = ("emulation", "wait", "staff")
WAIT_UNITS = {"minutes": 1, "hours": 60, "days": 24 * 60}
# Above these a limit is a slip of the pen: nothing here keeps it.
LIMITS = {"max_bytes": (1 << 40, "1 TiB"), "wall_s": (86_400, "86400 s, a day"), "memory_bytes": (1 << 40, "1 TiB")}
USUAL_WAIT, MOST_WAIT = timedelta(days=1), timedelta(days=60)


class SpecError(ValueError):
    """The spec cannot be used. Each of `sentences` names its place: `criteria[2].rule.from`."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


@dataclass(frozen=True)
class Rule:
    """From a metric to points.

    pass: all points once the model was measured. ramp: none at `start`, all at `end`, straight line between (either direction).
    steps: `steps` = ((limit, share of the points), ...): the first limit that the value does not exceed gives its share, else none.
    at_least: all points from `value` up.
    """

    kind: str
    start: float = 0.0
    end: float = 0.0
    value: float = 0.0
    steps: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Criterion:
    key: str
    title: str
    points: float
    rule: Rule
    metric: str = ""
    group: str = ""
    note: str = ""


@dataclass(frozen=True)
class InputSpec:
    """`shapes`: layout name -> shape with batch, all layouts of the same picture. Values are float32 in `low` to `high`."""

    shapes: Mapping[str, tuple[int, ...]]
    low: float
    high: float
    note: str = ""


@dataclass(frozen=True)
class BenchSpec:
    """devices: slugs of what the lab is about, the first is the one that a model has to fit.

    run_on: process, container, board; "" for what the site has. board_wait, fallback: how long a run waits for a board, and what
    then (emulation, wait, staff); see grading/where_to_run.py.
    """

    task: str
    input: InputSpec
    classes: tuple[str, ...]
    criteria: tuple[Criterion, ...]
    formats: tuple[str, ...] = FORMATS
    max_bytes: int = 1 << 20
    devices: tuple[str, ...] = ()
    wall_s: int = 60
    memory_bytes: int = 1 << 30
    run_on: str = ""
    board_wait: timedelta = USUAL_WAIT
    fallback: str = "staff"

    @property
    def device(self) -> str:
        """What a model has to fit; "" where the lab names none."""
        return self.devices[0] if self.devices else ""

    @property
    def points(self) -> float:
        return sum(criterion.points for criterion in self.criteria)

    @classmethod
    def parse(cls, raw: Any) -> "BenchSpec":
        """Raises SpecError."""
        top = _Reader(raw, "spec")
        source = top.sub("input")
        shapes = {str(name): source.sub("shapes").whole_numbers(str(name)) for name in source.sub("shapes").raw}
        spec = cls(
            task=top.choice("task", ("classification",)),
            input=InputSpec(shapes, source.number("low", 0.0), source.number("high", 1.0), source.text("note", "")),
            classes=tuple(str(name) for name in top.take_list("classes")),
            criteria=tuple(_criterion(item, f"criteria[{i}]") for i, item in enumerate(top.take_list("criteria"))),
            formats=tuple(str(name) for name in top.take_list("formats", list(FORMATS))),
            max_bytes=int(top.number("max_bytes", 1 << 20)),
            devices=_devices(top),
            wall_s=int(top.number("wall_s", 60)),
            memory_bytes=int(top.number("memory_bytes", 1 << 30)),
            run_on=top.choice("run_on", RUN_ON, ""),
            board_wait=_board_wait(top),
            fallback=top.choice("fallback", FALLBACKS, "staff"),
        )
        source.done("shapes")
        top.done("input", "board_wait")
        if wrong := [*_wrong(spec), *_wrong_place(spec, top)]:
            raise SpecError(*wrong)
        return spec


def _devices(top: "_Reader") -> tuple[str, ...]:
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


def _board_wait(top: "_Reader") -> timedelta:
    return wait_of(top.raw["board_wait"]) if "board_wait" in top.raw else USUAL_WAIT


def wait_of(raw: Any) -> timedelta:
    """{minutes: 90}, {hours: 4} or {days: 2}: one of them. Raises SpecError."""
    reader = _Reader(raw, "spec.board_wait")
    given = [unit for unit in WAIT_UNITS if unit in reader.raw]
    amount = reader.number(given[0], 0.0) if given else 0.0
    reader.done(*WAIT_UNITS)
    most_minutes = MOST_WAIT / timedelta(minutes=1)
    if len(given) != 1 or not 0 < amount * WAIT_UNITS[given[0]] <= most_minutes:
        raise SpecError(
            "spec.board_wait: give one length, up to 60 days, such as {hours: 4}, {minutes: 90} or {days: 2}."
        )
    return timedelta(minutes=amount * WAIT_UNITS[given[0]])


def _wrong_place(spec: BenchSpec, top: "_Reader") -> Iterator[str]:
    for key in ("board_wait", "fallback"):
        if key in top.raw and spec.run_on != "board":
            yield f"spec.{key}: only a lab with `run_on: board` waits for one. Add that, or take {key} away."
    if spec.run_on == "board" and not spec.device:
        yield "spec.run_on: this lab is measured on a board, so name the board first in `devices`."
    for n, criterion in enumerate(spec.criteria):
        if criterion.metric in MODELLED and not spec.device:
            yield f"criteria[{n}].metric: {criterion.metric} is that of the lab's first device, so name it in `devices`."


def _wrong(spec: BenchSpec) -> Iterator[str]:
    if not spec.input.shapes:
        yield "spec.input.shapes: give at least one layout with its shape."
    if len({prod(shape) for shape in spec.input.shapes.values()}) > 1:
        yield "spec.input.shapes: the layouts are of different sizes, so they cannot be of one picture."
    if spec.input.low >= spec.input.high:
        yield "spec.input.high: the highest value must be above the lowest."
    for name, (most, words) in LIMITS.items():
        if not 0 < getattr(spec, name) <= most:
            yield f"spec.{name}: give a limit above 0 and at most {words}."
    if not spec.formats:
        yield "spec.formats: name one at least."
    if len(spec.classes) < 2:
        yield "spec.classes: a classification needs two classes or more."
    if unknown := set(spec.formats) - set(FORMATS):
        yield f"spec.formats: {', '.join(sorted(unknown))} is not one of {', '.join(FORMATS)}."
    if len({criterion.key for criterion in spec.criteria}) != len(spec.criteria):
        yield "spec.criteria: two criteria have the same key."


def _criterion(raw: Any, place: str) -> Criterion:
    reader = _Reader(raw, place)
    rule = _rule(reader.sub("rule"))
    metric = reader.text("metric", "")
    if rule.kind != "pass" and metric not in METRICS:
        raise SpecError(f"{place}.metric: {metric or 'missing'}; known metrics are {', '.join(METRICS)}.")
    criterion = Criterion(
        key=reader.text("key"),
        title=reader.text("title"),
        points=reader.number("points"),
        rule=rule,
        metric=metric,
        group=reader.text("group", ""),
        note=reader.text("note", ""),
    )
    reader.done("rule")
    if not 0 <= criterion.points <= MOST_POINTS:
        raise SpecError(f"{place}.points: {criterion.points:g} is not between 0 and {MOST_POINTS}.")
    return criterion


def _rule(reader: "_Reader") -> Rule:
    kind = reader.choice("kind", tuple(KINDS))
    steps = tuple(_step(step, reader.place) for step in reader.take_list("steps", []))
    rule = Rule(
        kind=kind,
        start=reader.number("from", 0.0),
        end=reader.number("to", 0.0),
        value=reader.number("value", 0.0),
        steps=steps,
    )
    reader.done(*KINDS[kind])
    if kind == "ramp" and rule.start == rule.end:
        raise SpecError(f"{reader.place}: a ramp needs two different ends.")
    if kind == "steps" and (not steps or any(a[0] >= b[0] or a[1] < b[1] for a, b in pairwise(steps))):
        raise SpecError(f"{reader.place}.steps: limits must rise and shares must not.")
    return rule


def _step(step: Any, place: str) -> tuple[float, float]:
    is_pair = isinstance(step, list | tuple) and len(step) == 2 and all(type(one) in (int, float) for one in step)
    if not is_pair or not 0 <= step[1] <= 1:
        raise SpecError(f"{place}.steps: {step!r} is no limit with the share of the points, 0 to 1, that it gives.")
    return float(step[0]), float(step[1])


class _Reader:
    """Reads one mapping, remembers what was read, and refuses the rest."""

    def __init__(self, raw: Any, place: str) -> None:
        if not isinstance(raw, Mapping):
            raise SpecError(f"{place}: expected a mapping, got {type(raw).__name__}.")
        self.raw, self.place, self.read = raw, place, set[str]()

    def _get(self, key: str, default: Any) -> Any:
        self.read.add(key)
        if key in self.raw:
            return self.raw[key]
        if default is None:
            raise SpecError(f"{self.place}.{key}: missing.")
        return default

    def text(self, key: str, default: str | None = None) -> str:
        value = self._get(key, default)
        if not isinstance(value, str):
            raise SpecError(f"{self.place}.{key}: expected text, got {value!r}.")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        value = self._get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SpecError(f"{self.place}.{key}: expected a number, got {value!r}.")
        return float(value)

    def choice(self, key: str, known: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in known and (key in self.raw or value != default):
            raise SpecError(f"{self.place}.{key}: {value} is not one of {', '.join(known)}.")
        return value

    def take_list(self, key: str, default: list[Any] | None = None) -> list[Any]:
        value = self._get(key, default)
        if not isinstance(value, list | tuple):
            raise SpecError(f"{self.place}.{key}: expected a list, got {value!r}.")
        return list(value)

    def whole_numbers(self, key: str) -> tuple[int, ...]:
        value = self.take_list(key)
        if not value or not all(type(n) is int and 0 < n <= MOST for n in value):
            raise SpecError(f"{self.place}.{key}: a shape is made of whole numbers from 1 up, got {value!r}.")
        return tuple(value)

    def sub(self, key: str) -> "_Reader":
        return _Reader(self._get(key, None), f"{self.place}.{key}")

    def done(self, *also: str) -> None:
        if unknown := set(self.raw) - self.read - set(also):
            raise SpecError(f"{self.place}: unknown key {', '.join(sorted(map(str, unknown)))}.")
