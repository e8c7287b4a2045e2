"""The demo's fleet is made, with five weeks behind it: checks, hours, samples and the runs of the last day. See demo_runners.py."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Role
from courseplatform.teams.models import Team
from hardware import demo_runners, leases
from hardware.demo_runners import DAY, FLEET, HOUR, MINUTE, WAITING, Fact, phase_at, state_of, take, work_add
from hardware.leases import Lease
from hardware.models import (
    BoardEnd,
    BoardJob,
    BoardLease,
    Ended,
    Happened,
    Health,
    HealthCheck,
    HealthMove,
    Item,
    JobMove,
    Outcome,
    Runner,
    RunnerEvent,
    RunnerHour,
    RunnerSample,
)
from hardware.ondevice.runner.version import version
from hardware.runners.duty import lease_of
from hardware.runners.enrolling import runner_add, runner_enrol
from hardware.runners.files import log_add
from hardware.runners.hours import floor

WEEKS, CHECK_AT = 5, 4  # o'clock, UTC
AWAY_SINCE, SHORT_MINUTES = timedelta(minutes=98), 40
# board, so many days ago: what was wrong, how much slower, who cleared it after how many hours, and why
BAD_DAYS = {"pi4-02": (23, 1.24, 5, "the fan had come loose; fixed and checked again")}
BOOTS = {
    "pi4-01": (31, 12),
    "pi4-02": (23, 9),
    "nano-01": (33,),
    "nano-02": (30, 6),
    "zero-01": (17,),
    "coral-01": (28, 3),
}
SYSTEMS = {"pi4-01": (12, "6.6.51 to 6.12.20"), "coral-01": (28, "5.4.1 to 6.1.21")}
# From so many hours ago, so many minutes long: the runs of the last day.
RUNS = {
    "pi4-01": ((23.9, 85), (22, 50), (20.4, 190), (15.8, 170), (12.1, 80), (9.3, 70), (7.2, 110), (4.6, 130), (1.9, 60)),
    "pi4-02": ((23.8, 12), (22.6, 10), (19.8, 400), (10.9, 30), (8.4, 90), (6.1, 14), (4.9, 8), (3.2, 180)),
    "nano-01": ((22.8, 230), (15.2, 320), (8.7, 100), (5.2, 130), (2.2, 60)),
    "nano-02": ((23.9, 390), (15.5, 20), (12.4, 130), (8.6, 260), (3.1, 60)),
    "zero-01": ((23.9, 20), (21.9, 90), (19.1, 30), (16.6, 170), (11.9, 60), (9.2, 120), (5.4, 130), (1.9, 62)),
    "coral-01": ((23.9, 70), (21.8, 130), (19.1, 10), (17.3, 150), (13.8, 20), (12, 190), (7.4, 30), (6, 20), (3.4, 95), (1.5, 30)),
}  # fmt: skip


def load(*, course: Course, people: Mapping[str, User], now: datetime) -> None:
    """Once on a fresh course, behind its stock. Nothing where the demo's instructor is not there, or a board's kind is not in the stock."""
    boss = next((person for address, person in people.items() if address.startswith("helen.castell@")), None)
    if boss is None or Runner.objects.filter(course=course).exists():
        return
    visit, teams = Visit(boss, course, Role.INSTRUCTOR), list(Team.objects.filter(course=course).order_by("slug")[:3])
    runners = {fact.name: _enrolled(visit, fact, now) for fact in FLEET}
    for fact in FLEET:
        _past(runners[fact.name], fact, now)
        _runs(runners[fact.name], fact, teams, now)
    _lost(runners["nano-02"], runners["nano-01"], teams, now)
    _late(runners["zero-01"], now)
    _now(runners, teams, now)


def _enrolled(visit: Visit, fact: Fact, now: datetime) -> Runner:
    """By its code, as a machine comes; then dated back, and marked as one of the demo."""
    item = Item.objects.filter(
        stockroom__courses__course=visit.course, product__device=fact.device, status=Item.Status.IN_SERVICE
    )
    free = item.exclude(loan_pieces__back_at=None, loan_pieces__isnull=False).exclude(
        cases__closed_at=None, cases__isnull=False
    )
    row, code = runner_add(
        visit=visit,
        name=fact.name,
        device=fact.device,
        tags=fact.tags,
        item=free.filter(runner=None).order_by("-tag").first(),
    )
    began = now - timedelta(weeks=WEEKS)
    runner_enrol(code=code, facts=_facts(fact), address=None, now=began)
    check = now - timedelta(hours=(now.hour - CHECK_AT) % 24, minutes=now.minute)
    changes: dict[str, Any] = {
        "is_demo": True, "made_at": began - HOUR, "health": Health.GOOD, "health_why": "", "health_at": began + 3 * MINUTE, "checked_at": check,
        "last_seen_at": now, "summed_until": floor(now), "state": {}, "clock_skew_s": round(fact.dice("skew").uniform(-0.4, 0.4), 1), "jobs_since_check": 4,
    }  # fmt: skip
    if fact.does == "away":
        changes |= {"last_seen_at": now - AWAY_SINCE}
    Runner.objects.filter(pk=row.pk).update(**changes)
    return Runner.objects.select_related("course").get(pk=row.pk)


def _facts(fact: Fact) -> dict[str, Any]:
    digits = f"{fact.dice('install').getrandbits(128):032x}"
    runtimes = {"tflite": "1.4.0"} if fact.device == "rpi-zero-w" else {"onnx": "1.22.1", "tflite": "1.4.0"}
    return {
        "install_id": digits, "boot_id": f"{digits[:8]}-demo", "agent": version(), "python": "3.11.2", "machine": fact.machine, "os": "Debian GNU/Linux 12",
        "kernel": "6.12.20", "model": fact.model, "serial": digits[:16], "cores": 4, "memory_bytes": fact.memory_gib << 30, "runtimes": runtimes,
        "isolation": {"name": "bubblewrap", "memory_limit": True, "why": ""},
        "sensors": [{"name": fact.sensor, "kind": "hwmon", "rail": "whole board"}] if fact.sensor else [],
    }  # fmt: skip


def _past(runner: Runner, fact: Fact, now: datetime) -> None:
    """Checks, changes, hours and the samples of the last day, in bulk."""
    began = runner.enrolled_at or now
    seen = runner.last_seen_at or now
    dice, bad = fact.dice("checks"), BAD_DAYS.get(fact.name)
    model = f"golden-1.{'tflite' if fact.device == 'rpi-zero-w' else 'onnx'}, {'tflite 1.4.0' if fact.device == 'rpi-zero-w' else 'onnx 1.22.1'}"
    times = [began + 3 * MINUTE, *(began.replace(hour=CHECK_AT, minute=0) + n * DAY for n in range(1, WEEKS * 7 + 1))]
    checks: list[HealthCheck] = []
    for at in (one for one in times if one <= seen):
        is_bad = bad is not None and (now - at).days == bad[0]
        ratio = bad[1] if is_bad and bad is not None else dice.gauss(1.002, 0.004)
        way = f"{abs(ratio - 1) * 100:.0f} % {'slower' if ratio > 1 else 'faster'}"
        said = f"{fact.golden_ms * ratio:.2f} ms, {way} than its baseline of {fact.golden_ms:.2f} ms"
        baseline = fact.golden_ms if checks else None
        checks.append(HealthCheck(runner=runner, at=at, model=model, p50_ms=fact.golden_ms * ratio, baseline_ms=baseline, ratio=ratio if checks else None,
                                  is_well=not is_bad, said=said))  # fmt: skip
    HealthCheck.objects.bulk_create(checks)
    events = [
        RunnerEvent(runner=runner, at=now - days * DAY - 5 * HOUR, what=Happened.BOOT) for days in BOOTS[fact.name]
    ]
    if fact.name in SYSTEMS:
        days, said = SYSTEMS[fact.name]
        events.append(RunnerEvent(runner=runner, at=now - days * DAY - 5 * HOUR, what=Happened.SYSTEM, said=said))
    RunnerEvent.objects.bulk_create(events)
    _health_moves(runner, next((check for check in checks if not check.is_well), None), bad)
    _hours(runner, fact, now)
    _samples(runner, fact, now)


def _health_moves(runner: Runner, failed: HealthCheck | None, bad: tuple[int, float, int, str] | None) -> None:
    began = runner.enrolled_at
    moves = [(began, Health.UNKNOWN, Health.GOOD, runner.by, "")]
    if failed is not None and bad is not None:
        cleared = failed.at + bad[2] * HOUR
        moves += [(failed.at, Health.GOOD, Health.BAD, runner.by, failed.said), (cleared, Health.BAD, Health.UNKNOWN, "amit.rosen@example.edu", bad[3]),
                  (cleared + 2 * MINUTE, Health.UNKNOWN, Health.GOOD, runner.by, "")]  # fmt: skip
    for at, before, after, by, why in moves:
        row = HealthMove.objects.create(subject=runner, moved_from=before, moved_to=after, by=by, why=why)
        HealthMove._base_manager.filter(pk=row.pk).update(at=at)


def _hours(runner: Runner, fact: Fact, now: datetime) -> None:
    """Busier in the evening and before a lab is due; the last day as its runs say."""
    dice, rows, at = fact.dice("hours"), [], floor(runner.enrolled_at or now)
    last = runner.last_seen_at or now
    while at < floor(now):
        ago = (now - at) / HOUR
        weekday, evening = at.weekday() in (1, 2, 3), at.hour in range(15, 24) or at.hour < 4
        share = min(max(dice.gauss(0.25 + 0.3 * evening + 0.15 * weekday, 0.15), 0.0), 0.95)
        if ago < 24:
            share = sum(_overlap(ago, begun, minutes) for begun, minutes in RUNS[fact.name])
        gone = min(max((at + HOUR - last).total_seconds(), 0.0), 3600.0) or (
            2400.0 if fact.name == "nano-02" and 300 < ago < 306 else 0.0
        )
        heat = fact.warm_c + (fact.hot_c - fact.warm_c) * share
        here = gone < 3600
        rows.append(
            RunnerHour(
                runner=runner, at=at, samples=round(120 * (1 - gone / 3600)), temperature_c=heat if here else None,
                hottest_c=(fact.hot_c + dice.uniform(-1, 1) if share else heat) if here else None, clock_mhz=fact.clock_mhz if here else None,
                slowest_mhz=fact.clock_mhz * 0.4 if here else None, worked_s=min(3600 * share, 3600 - gone), checked_s=150.0 if at.hour == CHECK_AT else 0.0,
                failed_s=240.0 if dice.random() < 0.004 else 0.0, away_s=gone,
            )
        )  # fmt: skip
        at += HOUR
    RunnerHour.objects.bulk_create(rows)


def _overlap(ago_h: float, begun_h: float, minutes: float) -> float:
    """Which share of the hour that began `ago_h` hours ago lies in a run that began `begun_h` hours ago."""
    return max(min(ago_h, begun_h) - max(ago_h - 1, begun_h - minutes / 60), 0.0)


def _samples(runner: Runner, fact: Fact, now: datetime) -> None:
    """Of the last day every five minutes, of the hour that runs every one."""
    last, rows, at = runner.last_seen_at or now, [], now - DAY
    while at < last:
        ago = (now - at) / HOUR
        runs = any(begun >= ago > begun - minutes / 60 for begun, minutes in RUNS[fact.name])
        state = state_of(fact, "step window" if runs else "", at)
        known = {name: state[name] for name in ("temperature_c", "clock_mhz", "power_w")}
        rows.append(RunnerSample(runner=runner, at=at, is_throttled=False, **known))
        at += 5 * MINUTE if at < floor(now) - 5 * MINUTE else MINUTE
    RunnerSample.objects.bulk_create(rows)


def _runs(runner: Runner, fact: Fact, teams: list[Team], now: datetime) -> None:
    """The runs of the last day, by the calls that an agent's words lead to."""
    for number, (hours, minutes) in enumerate(_pieces(fact)):
        begun = now - hours * HOUR
        job = work_add(
            runner,
            number + len(fact.name),
            now=begun - 4 * MINUTE,
            team=teams[number % len(teams)] if teams else None,
        )
        take(runner, job, begun)
        leases.lease_finish(lease_of(job, runner), outcome=Outcome.MEASURED, result={}, now=begun + minutes * MINUTE)
        _dated(job, [begun - 4 * MINUTE, begun, begun, begun + minutes * MINUTE])


def _pieces(fact: Fact) -> list[tuple[float, float]]:
    """The runs of a board for which others wait are shorter, so that there is a forecast to be made."""
    if fact.name != "nano-01":
        return list(RUNS[fact.name])
    found = []
    for hours, minutes in RUNS[fact.name]:
        count = -(-minutes // SHORT_MINUTES)
        found += [(hours - n * minutes / count / 60, minutes / count) for n in range(count)]
    return found


def _dated(job: BoardJob, moments: list[datetime]) -> None:
    """Moves are stamped when they are written; these happened earlier."""
    for move, at in zip(JobMove.objects.filter(subject=job.pk).order_by("pk"), moments[1:], strict=False):
        JobMove._base_manager.filter(pk=move.pk).update(at=at)


def _lost(silent: Runner, other: Runner, teams: list[Team], now: datetime) -> None:
    """The run that was on a board when it fell silent, and went to another one."""
    begun = now - AWAY_SINCE - 4 * MINUTE
    job = work_add(silent, 2, now=begun - 9 * MINUTE, team=teams[0] if teams else None)
    take(silent, job, begun)
    log_add(job=job, attempt=1, offset=0, data=b"downloading: 3 files\nwindow 1: 48.6 ms\nwindow 2: 48.9 ms\n")
    gone = now - AWAY_SINCE + 75 * timedelta(seconds=1)
    leases.lease_release(Lease(job.pk, job.kind, 1, silent.by), why=f"no sign of life from {silent.by}", now=gone)
    job.refresh_from_db()
    take(other, job, gone + MINUTE)
    leases.lease_finish(lease_of(job, other), outcome=Outcome.MEASURED, result={}, now=gone + 11 * MINUTE)
    _dated(job, [begun, begun, begun, gone, gone + MINUTE, gone + MINUTE, gone + 11 * MINUTE])


def _late(runner: Runner, now: datetime) -> None:
    """An answer that came when the run had been given to somebody else."""
    spell = BoardLease.objects.filter(runner=runner, how=Ended.MEASURED).order_by("at").first()
    if spell is not None:
        said: dict[str, Any] = {
            "outcome": "done",
            "why": "its network was away for seven minutes",
            "results": None,
            "environment": {},
        }
        BoardEnd.objects.create(
            job=spell.job,
            runner=runner,
            attempt=spell.attempt,
            digest="0" * 64,
            said=said,
            counted=False,
            at=now - 20 * HOUR,
        )


def _now(runners: Mapping[str, Runner], teams: list[Team], now: datetime) -> None:
    """Two boards measure, one cools down first, and four runs wait."""
    for name, minutes in (("pi4-01", 1.2), ("nano-01", 3.7), ("coral-01", 2.0)):
        runner, fact = runners[name], demo_runners.BY_NAME[name]
        begun = now - minutes * MINUTE
        job = work_add(runner, 4 if name == "pi4-01" else 2, now=begun - 6 * MINUTE, team=teams[-1] if teams else None)
        take(runner, job, begun)
        _dated(job, [begun, begun, begun])
        job.refresh_from_db()
        phase, done, total = phase_at(fact, job, now)
        leases.lease_beat(lease_of(job, runner), phase=phase or "cooling", done=done, total=total, now=now)
        log_add(
            job=job,
            attempt=1,
            offset=0,
            data=b"downloading: 3 files, 1.2 MiB\nwaits until the processor is below 60 C\n",
        )
    for fact in FLEET:
        runner = runners[fact.name]
        if fact.does != "away":
            held = BoardJob.objects.filter(taken_by=runner, finished_at=None).first()
            Runner.objects.filter(pk=runner.pk).update(
                state=state_of(fact, held.phase if held else "", now) | {"throttled": []}
            )
    for number in range(WAITING):
        work_add(
            runners["nano-01"],
            number * 3,
            now=now - (9 + 11 * number) * MINUTE,
            team=teams[number % len(teams)] if teams else None,
        )
