"""A job as the site describes it, read strictly: what is not understood is given back and not guessed at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from hardware.ondevice.runner.spool import plain_name
from hardware.ondevice.runner.words import RunnerError
from hardware.ondevice.sandbox.request import Limits

# What may be started in the sandbox: programs of ours that speak in frames.
ENTRIES = frozenset({"hardware.ondevice.harness", "hardware.ondevice.training", "hardware.ondevice.selftest"})
LIMITS = frozenset(field.name for field in fields(Limits)) - {"budget", "cores"}
MOST_FILES, MOST_STEPS = 20, 200


class NotUnderstood(RunnerError):
    """The job asks for something that this agent does not know."""


@dataclass(frozen=True)
class File:
    """Something to download. ``url`` is a path on the site."""

    name: str
    size: int
    sha256: str
    url: str


@dataclass(frozen=True)
class Feed:
    """Inputs that another step answers: ``source`` is its name, ``name`` what they are called in the sandbox of this one.

    ``count`` answers come in the order of ``seed`` (see prediction.py) and are written as float32 of ``shape``.
    """

    source: str
    name: str
    count: int
    seed: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """One run in the sandbox. ``files``: by the name inside, the file of the job."""

    name: str
    entry: str
    args: tuple[str, ...]
    files: Mapping[str, str]
    limits: Limits
    feed: Feed | None = None


@dataclass(frozen=True)
class Plan:
    """What is done, in order. ``reference`` runs before and after; ``idle_s`` counts only where a power sensor is."""

    steps: tuple[Step, ...]
    cool_below_c: float | None = None
    cool_wait_s: float = 180.0
    reference: Step | None = None
    idle_s: float = 10.0
    needs_memory_limit: bool = False


@dataclass(frozen=True)
class Job:
    """A leased job. Times in seconds; none of them is a time of day."""

    lease: str
    attempt: int
    title: str
    plan: Plan
    files: tuple[File, ...]
    wall_s: float
    ttl_s: float
    beat_s: float
    start_within_s: float

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def read(raw: Mapping[str, Any]) -> Job:
    """The job of an answer to `lease`. Raises NotUnderstood."""
    try:
        files = tuple(_file(each) for each in raw["files"])
        plan = _plan(raw["plan"])
        job = Job(
            lease=plain_name(str(raw["lease"])),
            attempt=int(raw["attempt"]),
            title=str(raw.get("title", ""))[:200],
            plan=plan,
            files=files,
            wall_s=float(raw["wall_s"]),
            ttl_s=float(raw.get("ttl_s", 60)),
            beat_s=float(raw.get("beat_s", 15)),
            start_within_s=float(raw.get("start_within_s", 120)),
        )
    except NotUnderstood:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, RunnerError) as error:
        raise NotUnderstood(f"The job cannot be read: {type(error).__name__} {error}") from error
    names = {file.name for file in files}
    steps = [*plan.steps, *([plan.reference] if plan.reference else [])]
    missing = {name for step in steps for name in step.files.values()} - names
    missing |= {step.feed.source for step in steps if step.feed} - {step.name for step in plan.steps}
    if missing or not plan.steps or len(files) > MOST_FILES or len(steps) > MOST_STEPS:
        raise NotUnderstood(f"The job names files that it does not bring, or too much: {sorted(missing)}")
    return job


def _file(raw: Mapping[str, Any]) -> File:
    return File(plain_name(str(raw["name"])), int(raw["bytes"]), str(raw["sha256"]), str(raw["url"]))


def _plan(raw: Mapping[str, Any]) -> Plan:
    cool, reference = raw.get("cool_below_c"), raw.get("reference")
    return Plan(
        steps=tuple(_step(each) for each in raw["steps"]),
        cool_below_c=None if cool is None else float(cool),
        cool_wait_s=float(raw.get("cool_wait_s", 180)),
        reference=None if reference is None else _step(reference),
        idle_s=float(raw.get("idle_s", 10)),
        needs_memory_limit=bool(raw.get("needs_memory_limit", False)),
    )


def _step(raw: Mapping[str, Any]) -> Step:
    entry, limits = str(raw["entry"]), dict(raw.get("limits", {}))
    if entry not in ENTRIES or not set(limits) <= LIMITS:
        raise NotUnderstood(f"This agent does not run {entry} with {', '.join(sorted(limits))}. A newer one may.")
    whole: dict[str, Any] = {name: value if name == "wall_s" else int(value) for name, value in limits.items()}
    return Step(
        name=str(raw["name"]),
        entry=entry,
        args=tuple(map(str, raw["args"])),
        files=_files(raw["files"]),
        limits=Limits(**whole),
        feed=_feed(raw["feed"]) if raw.get("feed") else None,
    )


def _files(raw: Any) -> dict[str, str]:
    """A list of names, or {name inside: file of the job}."""
    pairs = raw.items() if isinstance(raw, Mapping) else [(name, name) for name in raw]
    return {plain_name(str(inside)): plain_name(str(name)) for inside, name in pairs}


def _feed(raw: Mapping[str, Any]) -> Feed:
    shape = tuple(int(size) for size in raw["shape"])
    if not shape or min(shape) < 1:
        raise NotUnderstood("The job feeds a step with inputs of no size.")
    return Feed(str(raw["from"]), plain_name(str(raw["name"])), int(raw["count"]), int(raw["seed"]), shape)
