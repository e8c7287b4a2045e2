"""What pages say of runners: the fleet as it is now, one board with its history, and what is drawn of a day. Reads alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from courseplatform.core.badges import Badge
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from hardware.course_devices import profiles_of
from hardware.models import (
    DUTY_MOVES,
    HELD,
    BoardJob,
    Duty,
    Health,
    HealthCheck,
    Job,
    Outcome,
    Purpose,
    Runner,
    RunnerSample,
    Status,
)
from hardware.runners.files import log_text
from hardware.runners.matching import cannot_work, is_here, serves_team

DAY = timedelta(hours=24)
CHECKS_SHOWN, JOBS_SHOWN, MOVES_SHOWN = 30, 20, 40
LOG_SHOWN = 20_000  # letters, the newest
BADGES = {
    "revoked": Badge("neutral", "close", "revoked"), "new": Badge("warn", "clock", "waits for its code"), "away": Badge("bad", "octagon", "not answering"),
    "quarantined": Badge("bad", "triangle", "in quarantine"), "bad": Badge("bad", "triangle", "not well"), "paused": Badge("neutral", "dot", "paused"),
    "draining": Badge("warn", "clock", "ends its last run"), "cooling": Badge("warn", "triangle", "cooling"), "checking": Badge("neutral", "clock", "checking"),
    "running": Badge("good", "clock", "running"), "idle": Badge("neutral", "dot", "idle"),
}  # fmt: skip
DUTY_WORDS = {
    Duty.ACTIVE: "Put on duty", Duty.PAUSED: "Pause", Duty.DRAINING: "Let it finish its run", Duty.QUARANTINED: "Quarantine", Duty.REVOKED: "Revoke",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One board of the fleet. since: of what it does now. off_percent: of its golden model, None before there is a baseline. busy: (from,
    width) in hundredths of the last 24 hours."""

    runner: Runner
    board: str
    badge: Badge
    job: str
    since: datetime | None
    temperature_c: float | None
    is_hot: bool
    off_percent: float | None
    busy: list[dict[str, float]]


def runners_of(visit: Visit, *, with_revoked: bool = False) -> "QuerySet[Runner]":
    found = Runner.objects.filter(course=visit.course).select_related("team", "item", "course").order_by("name")
    return found if with_revoked else found.exclude(status=Duty.REVOKED)


def runner_get(visit: Visit, pk: Any) -> Runner:
    """Raises NotHere."""
    found = runners_of(visit, with_revoked=True).filter(pk=pk).first()
    if found is None:
        raise NotHere("There is no such runner in this course.")
    return found


def fleet_page(visit: Visit, now: datetime) -> dict[str, Any]:
    rows = fleet_rows(visit, now)
    return {"rows": rows, "now": now, "headline": _headline(rows), "queue": _queue(visit), "revoked": _revoked(visit)}


def _revoked(visit: Visit) -> list[Runner]:
    return list(Runner.objects.filter(course=visit.course, status=Duty.REVOKED).order_by("name"))


def block(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """The block Runners of the page Hardware; None where the course has none."""
    rows = fleet_rows(visit, now)
    return {"template": "hardware/runners/_block.html", "rows": rows, "queue": _queue(visit)} if rows else None


def fleet_rows(visit: Visit, now: datetime) -> list[Row]:
    """In a fixed number of queries, however many boards there are."""
    runners = list(runners_of(visit))
    if not runners:
        return []
    names = {slug: profile.name for slug, profile in profiles_of(visit.course).items()}
    held = {job.taken_by_id: job for job in BoardJob.objects.filter(taken_by__in=runners, status__in=HELD)}
    checks = _newest_checks(runners)
    days = _busy(runners, now)
    return [
        _row(runner, names, held.get(runner.pk), checks.get(runner.pk), days.get(runner.pk, []), now)
        for runner in runners
    ]


def _newest_checks(runners: list[Runner]) -> dict[Any, HealthCheck]:
    found: dict[Any, HealthCheck] = {}
    since = timezone.now() - timedelta(days=14)
    for check in HealthCheck.objects.filter(runner__in=runners, at__gt=since).order_by("at", "pk"):
        found[check.runner_id] = check
    return found


def _busy(runners: list[Runner], now: datetime) -> dict[Any, list[dict[str, float]]]:
    begun = now - DAY
    jobs = BoardJob.objects.filter(taken_by__in=runners, leased_at__isnull=False).exclude(finished_at__lt=begun)
    found: dict[Any, list[dict[str, float]]] = {}
    for runner, status, outcome, first, last in jobs.values_list(
        "taken_by", "status", "outcome", "leased_at", "finished_at"
    ):
        if first is None or (status == Status.QUEUED):
            continue
        left = max((first - begun) / DAY, 0.0) * 100
        width = max(((last or now) - max(first, begun)) / DAY * 100, 0.4)
        if left < 100:
            found.setdefault(runner, []).append(
                {"at": left, "width": min(width, 100 - left), "bad": float(outcome == Outcome.INFRASTRUCTURE)}
            )
    return found


def _row(
    runner: Runner,
    names: dict[str, str],
    job: BoardJob | None,
    check: HealthCheck | None,
    busy: list[dict[str, float]],
    now: datetime,
) -> Row:
    state = state_of(runner, job, now)
    hot = runner.state.get("throttled")
    return Row(
        runner=runner, board=names.get(runner.device, runner.device), badge=BADGES[state], job=_job_words(runner, state, job),
        since=_since(runner, state, job), temperature_c=runner.state.get("temperature_c") if state != "away" else None, is_hot=bool(hot) or state == "cooling",
        off_percent=(check.ratio - 1) * 100 if check is not None and check.ratio is not None else None, busy=busy,
    )  # fmt: skip


def state_of(runner: Runner, job: BoardJob | None, now: datetime) -> str:
    """One word for what a board is doing: a key of BADGES."""
    if runner.status == Duty.REVOKED:
        return "revoked"
    if runner.enrolled_at is None:
        return "new"
    if runner.status == Duty.QUARANTINED:
        return "quarantined"
    if not is_here(runner, now):
        return "away"
    if job is not None:
        if runner.status == Duty.DRAINING:
            return "draining"
        if runner.state.get("phase") in ("cooling", "cool"):
            return "cooling"
        return "checking" if job.purpose == Purpose.HEALTH else "running"
    if runner.health == Health.BAD:
        return "bad"
    return {Duty.PAUSED: "paused", Duty.DRAINING: "draining"}.get(Duty(runner.status), "idle")


def _job_words(runner: Runner, state: str, job: BoardJob | None) -> str:
    if job is not None and state != "away":
        return job.title
    if state == "new":
        return "enrol its machine with the code"
    if state == "away":
        return "what it held goes back into the line" if job is not None else "nothing was heard of it"
    if state in ("bad", "quarantined"):
        return runner.health_why if state == "bad" else "given nothing until somebody has looked"
    why = cannot_work(runner)
    return why if why and state == "idle" else "waiting for work"


def _since(runner: Runner, state: str, job: BoardJob | None) -> datetime | None:
    if state == "away":
        return runner.last_seen_at
    return job.leased_at if job is not None else runner.health_at if state == "bad" else None


def _headline(rows: list[Row]) -> str:
    if not rows:
        return "No board measures here yet"
    well = [row for row in rows if row.badge.tone != "bad" and row.badge is not BADGES["new"]]
    said = f"{len(well)} of {len(rows)} runner{'' if len(rows) == 1 else 's'} {'is' if len(well) == 1 else 'are'} well"
    away = [row.runner.name for row in rows if row.badge is BADGES["away"]]
    return f"{said}; {', '.join(away[:3])} {'does' if len(away) == 1 else 'do'} not answer" if away else said


def _queue(visit: Visit) -> list[dict[str, Any]]:
    """What waits for a board, by device: [{device, count, oldest}]."""
    names = {slug: profile.name for slug, profile in profiles_of(visit.course).items()}
    waiting = BoardJob.objects.filter(course=visit.course, status=Status.QUEUED, runner=None)
    found = waiting.values("device").annotate(count=Count("pk")).order_by("device")
    return [{"device": names.get(row["device"], row["device"]), "count": row["count"]} for row in found]


def runner_page(visit: Visit, runner: Runner, now: datetime) -> dict[str, Any]:
    job = BoardJob.objects.filter(taken_by=runner, status__in=HELD).first()
    names = {slug: profile.name for slug, profile in profiles_of(visit.course).items()}
    checks = list(runner.checks.order_by("-at", "-pk")[:CHECKS_SHOWN])
    busy = _busy([runner], now).get(runner.pk, [])
    row = _row(runner, names, job, checks[0] if checks else None, busy, now)
    samples = list(RunnerSample.objects.filter(runner=runner, at__gt=now - DAY).order_by("at"))
    return {
        "runner": runner, "row": row, "job": job, "facts": runner.facts, "checks": checks, "drawing": checks_drawn(checks), "team": serves_team(runner),
        "heat": heat_drawn(samples, now), "moves": _moves(runner), "jobs": _jobs(runner), "duties": _duties(runner), "now": now,
        "open_code": runner.codes.filter(used_at=None, expires_at__gt=now).first(),
    }  # fmt: skip


def _duties(runner: Runner) -> list[dict[str, str]]:
    reached = DUTY_MOVES[Duty(runner.status)]
    return [{"to": duty.value, "label": DUTY_WORDS[duty]} for duty in Duty if duty in reached]


def _moves(runner: Runner) -> list[dict[str, Any]]:
    """Duty, health and what people wrote, the newest first."""
    rows = [
        {"at": move.at, "by": move.by, "words": f"{word}: {labels(move.moved_to).label.lower()}", "why": move.why}
        for word, labels, moves in (("duty", Duty, runner.moves), ("health", Health, runner.health_moves))
        for move in moves.order_by("-at", "-pk")[:MOVES_SHOWN]
    ]
    return sorted(rows, key=lambda row: row["at"], reverse=True)[:MOVES_SHOWN]


def _jobs(runner: Runner) -> list[BoardJob]:
    return list(BoardJob.objects.filter(taken_by=runner).order_by("-leased_at")[:JOBS_SHOWN])


def log_page(visit: Visit, runner: Runner, job: Any) -> dict[str, Any]:
    """The log of the newest attempt of a job that this runner had. Raises NotHere."""
    found = BoardJob.objects.filter(pk=job, taken_by=runner).first()
    if found is None:
        raise NotHere("This runner had no such job.")
    text = log_text(found, found.attempt)
    return {
        "runner": runner,
        "job": found,
        "log": text[-LOG_SHOWN:],
        "is_cut": len(text) > LOG_SHOWN,
        "moves": list(Job.objects.get(pk=found.pk).moves.all()),
    }


def checks_drawn(checks: list[HealthCheck]) -> dict[str, Any] | None:
    """Ratios of the golden model to its baseline as points of a drawing 100 wide and 60 high: 1.0 in the middle, a tenth a third of the height."""
    found = [check for check in reversed(checks) if check.ratio is not None]
    if len(found) < 2:
        return None
    step = 100 / (len(found) - 1)
    points = [
        {
            "x": round(n * step, 2),
            "y": round(min(max(30 - ((check.ratio or 1) - 1) * 200, 2), 58), 2),
            "bad": not check.is_well,
        }
        for n, check in enumerate(found)
    ]
    return {"points": points, "line": " ".join(f"{point['x']},{point['y']}" for point in points)}


def heat_drawn(samples: list[RunnerSample], now: datetime) -> dict[str, Any] | None:
    """Temperature of the last 24 hours as a line, 100 wide and 60 high, from 20 to 90 degrees; gaps of ten minutes cut it."""
    known = [(sample.at, sample.temperature_c) for sample in samples if sample.temperature_c is not None]
    if len(known) < 2:
        return None
    lines: list[list[str]] = [[]]
    last = known[0][0]
    for at, heat in known:
        if at - last > timedelta(minutes=10):
            lines.append([])
        last = at
        x, y = (at - (now - DAY)) / DAY * 100, 60 - min(max((heat - 20) / 70, 0), 1) * 60
        lines[-1].append(f"{x:.2f},{y:.2f}")
    heats = [heat for _, heat in known]
    return {"lines": [" ".join(line) for line in lines if line], "least": min(heats), "most": max(heats)}
