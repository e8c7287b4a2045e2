"""Carry out a plan: cool down, idle, reference, the steps, reference, idle; and say in what state the machine was.

What a model did wrong is a result like any other. What the machine could not do raises Failed.
"""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hardware.ondevice import stats
from hardware.ondevice.runner import feeding, power, thermal
from hardware.ondevice.runner.group import MemoryGroup
from hardware.ondevice.runner.job import Plan, Step
from hardware.ondevice.runner.progress import TOO_LONG, Progress, Stopped
from hardware.ondevice.runner.spool import full_is_said
from hardware.ondevice.runner.state import Machine
from hardware.ondevice.sandbox.request import Limits, Sandbox, SandboxError, SandboxRequest, SandboxResult

LEASE_VARIABLE = "MILLIAMP_LEASE"
# The kernel's bound lies above the watcher's, which tells a model that is too large apart from one that was killed.
GROUP_SHARE = 1.1
METERED = (
    "hardware.ondevice.harness",
    "hardware.ondevice.training",
)  # these go on for some seconds where they are asked to
LOAD_S = 5.0


class Failed(Exception):
    """This machine could not do it. The sentence is for staff."""


@dataclass(frozen=True)
class Bench:
    """What a board measures with."""

    sandbox: Sandbox
    machine: Machine
    group: MemoryGroup | None = None
    sensor: power.Sensor | None = None
    look_s: float = thermal.LOOK_S


@dataclass
class Run:
    """One carrying out of a plan. ``given`` says where a file of the job lies; ``facts`` go into the report."""

    plan: Plan
    bench: Bench
    progress: Progress
    given: Callable[[str], Path]
    facts: Mapping[str, Any]
    lease: str
    wall_s: float
    log: Callable[[str], None]
    results: list[dict[str, Any]] = field(default_factory=list)
    loaded: list[power.Window] = field(default_factory=list)
    idle: list[power.Window] = field(default_factory=list)
    bracket: list[float] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    preflight: dict[str, Any] = field(default_factory=dict)
    cooled_s: float = 0.0
    _ends: float = 0.0

    def __post_init__(self) -> None:
        self.meter = power.Meter(self.bench.sensor)
        self.sampler = thermal.Sampler(self.bench.machine, self.meter.newest, self.bench.look_s)

    def carry_out(self) -> None:
        """Raises Stopped, and Failed."""
        self._ends = time.monotonic() + self.wall_s
        self.progress.to("cooling")
        self.cooled_s = thermal.cool_down(
            self.bench.machine, self.plan.cool_below_c, self.plan.cool_wait_s, self.progress.wait
        )
        if self.cooled_s >= 1:
            self.log(f"waited {self.cooled_s:.0f} s for the processor to cool down")
        self.progress.check()
        self.before, self.preflight = self.bench.machine.state("running"), self.bench.machine.preflight()
        with self.meter, self.sampler:
            self._idle()
            self._reference()
            self._steps()
            self._reference()
            self._idle()

    def _steps(self) -> None:
        """All of them; where one is to be fed with what another did not answer, those before it are what there is to say."""
        frames: dict[str, Sequence[feeding.Frame]] = {}
        sources = {step.feed.source for step in self.plan.steps if step.feed}
        for number, step in enumerate(self.plan.steps):
            self.progress.to(f"step {step.name}")
            fed = {}
            if step.feed is not None:
                fed = {step.feed.name: self.given(f"fed-{number}.npy")}
                try:
                    with full_is_said():
                        feeding.write_fed(step.feed, frames.get(step.feed.source, ()), fed[step.feed.name])
                except feeding.NotFed as why:
                    self.log(f"{step.name} is not run: {why}")
                    return
            result, windows = self._step(step, fed)
            for path in fed.values():
                path.unlink()
            self.loaded += windows
            self.results.append(_as_json(step.name, result))
            if step.name in sources and result.ended == "ok":
                frames[step.name] = result.frames

    def _idle(self) -> None:
        if self.bench.sensor is None:
            return
        self.progress.to("idle")
        started = time.monotonic()
        self.progress.idle(self.plan.idle_s)
        self.idle += power.window_of(self.meter.points, started, time.monotonic())

    def _reference(self) -> None:
        if self.plan.reference is None:
            return
        self.progress.to("reference")
        result, _ = self._step(self.plan.reference)
        samples = [body["samples_ms"] for kind, body in result.frames if kind == "latency"]
        if result.ended != "ok" or not samples or not samples[0]:
            raise Failed(f"The reference model did not run here: {result.message or 'it gave no time.'}")
        self.bracket.append(round(stats.percentile(samples[0], 50), 6))

    def _step(
        self, step: Step, fed: Mapping[str, Path] = MappingProxyType({})
    ) -> tuple[SandboxResult, list[power.Window]]:
        clock = _Clock(self.progress, step.name)
        metered = self.bench.sensor is not None and step is not self.plan.reference
        args = _args(step, metered=metered)
        limits = step.limits if args == step.args else _with_load(step.limits)
        request = SandboxRequest(
            entry=step.entry,
            args=args,
            readonly_files={inside: self.given(name) for inside, name in step.files.items()} | dict(fed),
            limits=limits,
            env={LEASE_VARIABLE: self.lease},
        )
        group = self.bench.group
        killed = 0
        if group is not None:
            group.limit(int(step.limits.memory_bytes * GROUP_SHARE))
            killed = group.kills()
        try:
            result = self.bench.sandbox.run(request, clock.frame, self._tick)
        except SandboxError as error:
            raise Failed(str(error)) from error
        if group is not None and group.kills() > killed and result.ended != "out_of_memory":
            result = _out_of_memory(result, step)
        if result.ended == "infrastructure":
            raise Failed(result.message)
        self.log(f"{step.name}: {result.ended} after {result.wall_s:.1f} s")
        return result, clock.windows

    def _tick(self, _: float) -> None:
        self.progress.check()
        if time.monotonic() > self._ends:
            raise Stopped(TOO_LONG)

    @property
    def held_back(self) -> bool:
        """Whether the machine was slowed down while it measured."""
        return self.sampler.verdict == "throttled"

    def results_document(self) -> dict[str, Any]:
        """What results.json holds."""
        return {"steps": self.results}

    def environment(self) -> dict[str, Any]:
        """ENV of the protocol, of whatever has been done so far."""
        machine, sensor = self.bench.machine, self.bench.sensor
        used = power.energy(sensor, self.meter.points, self.idle, self.loaded) if sensor else None
        bracket = None
        if len(self.bracket) == 2:
            bracket = {"before_p50_ms": self.bracket[0], "after_p50_ms": self.bracket[1]}
        return {
            "facts": dict(self.facts),
            "before": self.before or machine.state("running"),
            "after": machine.state("running"),
            "preflight": self.preflight or machine.preflight(),
            "samples": self.sampler.thinned,
            "governor": machine.governor() or "",
            "swap_bytes": machine.swap_bytes(),
            "cooled_s": round(self.cooled_s, 1),
            "energy": used,
            "bracket": bracket,
            "thermal": self.sampler.verdict,
        }


class _Clock:
    """Sees the frames of a run: hands on how far it is, and notes when nothing but inferences ran."""

    def __init__(self, progress: Progress, step: str) -> None:
        self._progress, self._step = progress, step
        self._begun: float | None = None
        self.windows: list[power.Window] = []

    def frame(self, kind: str, body: dict[str, Any]) -> None:
        """See ``Sandbox.run``. Numbers of a model are not believed further than a bar on a page."""
        done, total, count = body.get("done"), body.get("total"), body.get("inferences")
        if kind == "progress" and type(done) is int and type(total) is int:
            self._progress.done, self._progress.total = done, total
        elif kind == "load_begins":
            self._begun = time.monotonic()
            self._progress.load_begins()
        elif kind == "load" and self._begun is not None and type(count) is int and count > 0:
            self.windows.append(power.Window(self._begun, time.monotonic(), count, self._step))
            self._begun = None


def _args(step: Step, *, metered: bool) -> tuple[str, ...]:
    """Where power is read, a timed step runs on for some seconds: most models are done between two readings."""
    if not metered or step.entry not in METERED or {"--no-timing", "--load-s"} & set(step.args):
        return step.args
    return (*step.args, "--load-s", f"{LOAD_S:g}")


def _with_load(limits: Limits) -> Limits:
    """The seconds for the meter are ours: a model that takes all that it may must not run out of time for them."""
    seconds = math.ceil(2 * LOAD_S)
    return dataclasses.replace(
        limits, wall_s=limits.wall_s + seconds, cpu_s=limits.cpu_s + seconds * (os.cpu_count() or 1)
    )


def _out_of_memory(result: SandboxResult, step: Step) -> SandboxResult:
    """The kernel was faster than the watcher."""
    allowed = step.limits.memory_bytes >> 20
    message = f"The model needed more than the {allowed} MiB of memory allowed here."
    return dataclasses.replace(result, ended="out_of_memory", code="out_of_memory", message=message)


def _as_json(name: str, result: SandboxResult) -> dict[str, Any]:
    said = {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
    frames = [[kind, body] for kind, body in result.frames]
    return {"name": name, **said, "frames": frames, "nonce_ok": result.code != "forged_result"}
