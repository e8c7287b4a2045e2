"""The demo's fleet: six boards of which no machine exists, with five weeks behind them. Names, times and temperatures are invented.

They are made by the services, their past in bulk (demo_runners_past.py); `pulse` plays their agents, so that they go on. They take work of
the demo alone (`DEMO_KIND`), which nobody waits for; what students hand in never goes to them, and real boards never take theirs.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sin
from random import Random
from typing import Any
from zlib import crc32

from hardware import leases
from hardware.leases import CancelRequested, LeaseLost
from hardware.models import DEMO_KIND, HELD, BoardJob, BoardLease, Duty, Job, Outcome, Priority, Purpose, Runner, Status
from hardware.runners.duty import lease_of
from hardware.runners.files import log_add, log_committed
from hardware.runners.polling import state_keep

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BEAT = timedelta(seconds=15)
WINDOWS, COOLS = 5, timedelta(minutes=3)
KEPT = timedelta(days=3)  # how long a run of the demo is listed
WAITING, LONGEST_LINE = 4, 12
TITLES = ("Lab 3, attempt {}", "Lab 2, attempt {}", "Project stage 1, attempt {}", "Lab 3, model {} of the family")


@dataclass(frozen=True)
class Fact:
    """One board. does: runs, cools or idles, or is away. warm_c: at rest; hot_c: while it measures. golden_ms: its baseline."""

    name: str
    device: str
    does: str
    model: str
    machine: str
    warm_c: float
    hot_c: float
    clock_mhz: float
    golden_ms: float
    memory_gib: int
    tags: tuple[str, ...] = ()
    sensor: str = ""

    def dice(self, more: str) -> Random:
        """The same numbers each time that the demo is made."""
        return Random(crc32(f"{self.name} {more}".encode()))  # noqa: S311 it guards nothing


FLEET = (
    Fact("pi4-01", "rpi-4-8gb", "runs", "Raspberry Pi 4 Model B Rev 1.5", "aarch64", 44.0, 61.2, 1500, 6.4, 8, ("fan", "camera"), "ina219"),
    Fact("pi4-02", "rpi-4-8gb", "idles", "Raspberry Pi 4 Model B Rev 1.4", "aarch64", 44.8, 62.0, 1500, 6.5, 8, ("fan",)),
    Fact("nano-01", "jetson-nano-4gb", "runs", "NVIDIA Jetson Nano Developer Kit", "aarch64", 41.0, 58.0, 1479, 7.9, 4, (), "ina3221x"),
    Fact("nano-02", "jetson-nano-4gb", "away", "NVIDIA Jetson Nano Developer Kit", "aarch64", 42.0, 59.0, 1479, 8.1, 4, (), "ina3221x"),
    Fact("zero-01", "rpi-zero-w", "idles", "Raspberry Pi Zero 2 W Rev 1.0", "aarch64", 39.1, 52.0, 1000, 21.7, 1),
    Fact("coral-01", "coral-dev-4gb", "cools", "Freescale i.MX8MQ Phanbell", "aarch64", 55.0, 72.4, 1500, 7.2, 4),
)  # fmt: skip
BY_NAME = {fact.name: fact for fact in FLEET}


def ended(job: Job, outcome: Outcome, result: dict[str, Any]) -> None:
    """Nobody waits for work of the demo."""


def work_add(runner: Runner, number: int, *, now: datetime, team: Any = None) -> BoardJob:
    """A run in the line of this kind of board."""
    title = TITLES[number % len(TITLES)].format(1 + number % 6)
    steps = [{"name": f"window {n + 1}"} for n in range(WINDOWS)]
    return leases.job_enqueue(
        BoardJob, kind=DEMO_KIND, owner_key=f"demo:{number % 5}", priority=Priority.LIVE, now=now, purpose=Purpose.MEASURE, title=title, team=team,
        course=runner.course, device=runner.device, runtime="onnx", plan={"steps": steps, "cool_below_c": 60.0}, wall_s=600,
    )  # fmt: skip


def take(runner: Runner, job: BoardJob, now: datetime) -> None:
    """The runner is given this job and begins it."""
    if leases.lease_take(job, worker=runner.by, now=now) is None:
        return
    BoardJob.objects.filter(pk=job.pk).update(taken_by=runner)
    BoardLease.objects.create(runner=runner, job=job, attempt=job.attempt, at=now)
    leases.lease_start(lease_of(job, runner), now=now)


def pulse(now: datetime) -> int:
    """Play the agents of the boards that are there. Returns how many; may run twice and at once, and asks once where there is no demo."""
    alive = [Duty.ACTIVE, Duty.PAUSED, Duty.DRAINING]
    boards = Runner.objects.filter(is_demo=True, status__in=alive, last_seen_at__lt=now - BEAT).select_related("course")
    played = [runner for runner in boards if runner.name in BY_NAME and BY_NAME[runner.name].does != "away"]
    for runner in played:
        _play(runner, BY_NAME[runner.name], now)
    for job in BoardJob.objects.filter(kind=DEMO_KIND, finished_at__lt=now - KEPT)[:50] if played else ():
        job.delete()
    return len(played)


def _play(runner: Runner, fact: Fact, now: datetime) -> None:
    job = BoardJob.objects.filter(taken_by=runner, status__in=HELD).first()
    if job is not None:
        _go_on(runner, fact, job, now)
    elif runner.status == Duty.ACTIVE and fact.does != "idles":
        _take_next(runner, now)
    job = BoardJob.objects.filter(taken_by=runner, status__in=HELD).first()
    phase = "" if job is None else phase_at(fact, job, now)[0]
    state_keep(runner, state_of(fact, phase, now), now)
    runner.save(update_fields=["state", "last_seen_at"])


def _take_next(runner: Runner, now: datetime) -> None:
    """As much comes as is taken, so that a line stays what it is."""
    of_kind = BoardJob.objects.filter(kind=DEMO_KIND, status=Status.QUEUED, course=runner.course, device=runner.device)
    if of_kind.count() < LONGEST_LINE:
        work_add(runner, int(now.timestamp() // 60), now=now)
    first = of_kind.filter(not_before__lte=now).order_by("priority", "turn", "queued_at", "pk").first()
    if first is not None:
        take(runner, first, now)


def _go_on(runner: Runner, fact: Fact, job: BoardJob, now: datetime) -> None:
    phase, done, total = phase_at(fact, job, now)
    lease = lease_of(job, runner)
    try:
        if not phase:
            leases.lease_finish(lease, outcome=Outcome.MEASURED, result={}, now=now)
            return
        if phase != job.phase:
            said = f"{now:%H:%M:%S} {phase.removeprefix('step ')} begins at {state_of(fact, phase, now)['temperature_c']} C\n"
            log_add(job=job, attempt=job.attempt, offset=log_committed(job, job.attempt), data=said.encode())
        leases.lease_beat(lease, phase=phase, done=done, total=total, now=now)
    except CancelRequested:
        leases.lease_finish(lease, outcome=Outcome.CANCELLED, result={}, now=now)
    except LeaseLost:
        return  # somebody took it away at this very moment


def phase_at(fact: Fact, job: BoardJob, now: datetime) -> tuple[str, int, int]:
    """(phase, done, total) of a run, by how long the board has had it; "": it has ended."""
    cools = COOLS if fact.does == "cools" else timedelta(seconds=10)
    lasts = timedelta(minutes=4 + job.pk.int % 9)
    spent = now - (job.leased_at or now)
    if spent < cools:
        return "cooling", 0, 0
    share = (spent - cools) / lasts
    if share >= 1:
        return "", 0, 0
    return f"step window {int(share * WINDOWS) + 1}", int(share * WINDOWS % 1 * 300), 300


def state_of(fact: Fact, phase: str, now: datetime) -> dict[str, Any]:
    """STATE of docs/runner-protocol.md, as such a board would say it."""
    wave = sin(now.timestamp() / 97 + crc32(fact.name.encode()) % 7)
    power_w = round(2.1 + 2.6 * bool(phase) + 0.1 * wave, 2) if fact.sensor else None
    return {
        "temperature_c": round((fact.hot_c if phase else fact.warm_c) + 0.8 * wave, 1),
        "clock_mhz": fact.clock_mhz if phase.startswith("step") else round(fact.clock_mhz * 0.4), "governor": "performance",
        "throttled": {"now": [], "since_boot": []}, "power_w": power_w, "disk_free_bytes": 11 << 30, "phase": phase,
    }  # fmt: skip
