"""A board as one row: what it does now in a word, for how long, how warm it is, and its last day. In a fixed number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from courseplatform.core.badges import Badge
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from hardware.course_devices import profiles_of
from hardware.models import BoardJob, BoardLease, Duty, Ended, Health, HealthCheck, Purpose, Runner
from hardware.runners.health import farthest
from hardware.runners.matching import Board, boards_of, is_here
from hardware.runners.spells import kind_of, spells_between

DAY, CHECKS_COUNT_FOR = timedelta(hours=24), timedelta(days=14)
NEAR = 0.25  # hundredths of a strip: two parts that are closer are drawn as one
BADGES = {
    "revoked": Badge("neutral", "close", "revoked"), "new": Badge("warn", "clock", "waits for its code"), "away": Badge("bad", "octagon", "not answering"),
    "quarantined": Badge("bad", "triangle", "in quarantine"), "bad": Badge("bad", "triangle", "not well"), "paused": Badge("neutral", "dot", "paused"),
    "draining": Badge("warn", "clock", "ends its last run"), "cooling": Badge("warn", "triangle", "cooling"), "checking": Badge("neutral", "clock", "checking"),
    "running": Badge("good", "clock", "running"), "unfit": Badge("warn", "lock", "out of service"), "idle": Badge("neutral", "dot", "idle"),
}  # fmt: skip
SICK = frozenset({"away", "quarantined", "bad"})


@dataclass(frozen=True)
class Row:
    """One board of the fleet. state: a key of BADGES. says: what it works on, or why it does nothing. since: of what it does now.

    off_percent: its newest golden model beside its baseline, None before there is one. busy: parts of the last 24 hours, in hundredths of
    them. busy_share: how much of them it worked or was checked.
    """

    board: Board
    device: str
    state: str
    says: str
    since: datetime | None
    temperature_c: float | None
    is_hot: bool
    off_percent: float | None
    busy: list[dict[str, Any]] = field(default_factory=list)
    busy_share: float = 0.0
    runs: int = 0

    @property
    def runner(self) -> Runner:
        return self.board.runner

    @property
    def badge(self) -> Badge:
        return BADGES[self.state]

    @property
    def off_words(self) -> str:
        """+0.8, −0.5; "" where it is not known."""
        return "" if self.off_percent is None else f"{self.off_percent:+.1f}".replace("-", "−")

    @property
    def is_off(self) -> bool:
        """Whether its golden model is beyond what the board may be off."""
        return self.off_percent is not None and abs(self.off_percent) > (farthest() - 1) * 100


def runners_of(visit: Visit) -> "QuerySet[Runner]":
    return Runner.objects.filter(course=visit.course).select_related("team", "item__product", "course").order_by("name")


def runner_get(visit: Visit, pk: Any) -> Runner:
    """Also one that was revoked. Raises NotHere."""
    found = runners_of(visit).filter(pk=pk).first()
    if found is None:
        raise NotHere("There is no such runner in this course.")
    return found


def fleet_rows(visit: Visit, now: datetime) -> list[Row]:
    """All boards but revoked ones, by name; the same few queries for one and for fifty."""
    return rows_of(visit, boards_of(visit.course), now)


def rows_of(visit: Visit, boards: Sequence[Board], now: datetime) -> list[Row]:
    if not boards:
        return []
    runners = [one.runner for one in boards]
    names = {slug: profile.name for slug, profile in profiles_of(visit.course).items()}
    checks, spells = _newest_checks(runners, now), _spells(runners, now)
    states = {one.runner.pk: state_of(one, now) for one in boards}
    cooling = [one.held.pk for one in boards if one.held is not None and states[one.runner.pk] == "cooling"]
    below: dict[Any, Any] = (
        dict(BoardJob.objects.filter(pk__in=cooling).values_list("pk", "plan__cool_below_c")) if cooling else {}
    )
    went = _went_to([spells[pk][-1] for pk, state in states.items() if state == "away" and spells.get(pk)])
    return [
        _row(
            one, _device_words(one.runner, names), states[one.runner.pk], checks.get(one.runner.pk), spells.get(one.runner.pk, []),
            below.get(one.held.pk if one.held else None) or went.get(one.runner.pk, ""), now,
        )
        for one in boards
    ]  # fmt: skip


def _row(board: Board, device: str, state: str, ratio: float | None, spells: list[BoardLease], more: Any, now: datetime) -> Row:  # fmt: skip
    runner = board.runner
    is_away = state == "away"
    parts = strip_of(spells, now - DAY, now)
    if is_away and runner.last_seen_at is not None:
        gone = max((runner.last_seen_at - (now - DAY)) / DAY * 100, 0.0)
        parts.append({"at": gone, "width": 100 - gone, "kind": "away"})
    return Row(
        board=board, device=device, state=state, says=_says(board, state, more), since=_since(board, state, spells),
        temperature_c=None if is_away else runner.state.get("temperature_c"), is_hot=bool(runner.state.get("throttled")) or state == "cooling",
        off_percent=None if is_away or ratio is None else (ratio - 1) * 100, busy=parts,
        busy_share=min(sum(part["width"] for part in parts if part["kind"] != "away"), 100.0), runs=len(spells),
    )  # fmt: skip


def _device_words(runner: Runner, names: Mapping[str, str]) -> str:
    """What a board is, as its label in the stock says it, else as its profile does."""
    return runner.item.product.name if runner.item is not None else names.get(runner.device, runner.device)


def _newest_checks(runners: list[Runner], now: datetime) -> dict[Any, float | None]:
    """By runner: the ratio of its newest golden model."""
    found = HealthCheck.objects.filter(runner__in=runners, at__gt=now - CHECKS_COUNT_FOR).order_by("at", "pk")
    return dict(found.values_list("runner", "ratio"))


def _spells(runners: list[Runner], now: datetime) -> dict[Any, list[BoardLease]]:
    found: dict[Any, list[BoardLease]] = {}
    for spell in spells_between(runners, now - DAY, now):
        found.setdefault(spell.runner_id, []).append(spell)
    return found


def _went_to(spells: list[BoardLease]) -> dict[Any, str]:
    """By runner: what became of the run that it failed last."""
    failed = [spell for spell in spells if spell.how == Ended.FAILED]
    jobs = (
        BoardJob.objects.filter(pk__in=[spell.job_id for spell in failed]).select_related("taken_by") if failed else ()
    )
    now_at = {job.pk: job for job in jobs}
    return {spell.runner_id: _whereabouts(now_at[spell.job_id], spell) for spell in failed if spell.job_id in now_at}


def _whereabouts(job: BoardJob, spell: BoardLease) -> str:
    if job.taken_by is not None and job.attempt > spell.attempt:
        return f"its run went to {job.taken_by.name}"
    return "its run is in the line again" if job.is_open else "its run is measured elsewhere"


def state_of(board: Board, now: datetime) -> str:
    """One word for what a board is doing: a key of BADGES."""
    runner, job = board.runner, board.held
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
        if phase_of(runner, job) == "cooling":
            return "cooling"
        return "checking" if job.purpose == Purpose.HEALTH else "running"
    if runner.health == Health.BAD:
        return "bad"
    if runner.status != Duty.ACTIVE:
        return {Duty.PAUSED: "paused", Duty.DRAINING: "draining"}[Duty(runner.status)]
    return "unfit" if board.unfit else "idle"


def phase_of(runner: Runner, job: BoardJob) -> str:
    """What the agent said last that it does with the job; before its first beat what it said when it asked."""
    return job.phase or str(runner.state.get("phase") or "")


def title_of(job: BoardJob) -> str:
    """Lab 3, attempt 6, team Wren."""
    return f"{job.title}, team {job.team.name}" if job.team is not None else job.title


def _says(board: Board, state: str, more: Any) -> str:
    runner, job = board.runner, board.held
    if state == "cooling":
        return f"starts again under {more:g} °C" if isinstance(more, int | float) else "waits until it is cool"
    if job is not None and state != "away":
        return title_of(job)
    if state == "away":
        return "its run goes back into the line" if job is not None else f"out of service{f'; {more}' if more else ''}"
    return {
        "new": "its machine enrols with the code", "bad": runner.health_why or "its golden model failed",
        "quarantined": "given nothing until somebody has looked", "paused": "given nothing", "draining": "has nothing left to end",
        "unfit": board.unfit, "revoked": "its token opens nothing",
    }.get(state, "waiting for work" if runner.health == Health.GOOD else "measures its golden model first")  # fmt: skip


def _since(board: Board, state: str, spells: list[BoardLease]) -> datetime | None:
    runner, job = board.runner, board.held
    if state == "away":
        return runner.last_seen_at
    if job is not None:
        return job.phase_started_at if state == "cooling" else job.leased_at
    if state == "bad":
        return runner.health_at
    if state != "idle":
        return None
    known = [runner.enrolled_at, runner.checked_at, spells[-1].ended_at if spells else None]
    return max((moment for moment in known if moment is not None), default=None)


def strip_of(spells: Sequence[BoardLease], begun: datetime, ended: datetime) -> list[dict[str, Any]]:
    """Spells as parts of a strip: {at, width} in hundredths, kind: worked, checked or failed. Neighbours of one kind are one part."""
    parts: list[dict[str, Any]] = []
    for spell in spells:
        at = max((spell.at - begun) / (ended - begun), 0.0) * 100
        end = min(((spell.ended_at or ended) - begun) / (ended - begun), 1.0) * 100
        width, kind = max(end - at, 0.3), kind_of(spell)
        if parts and parts[-1]["kind"] == kind and at - (parts[-1]["at"] + parts[-1]["width"]) < NEAR:
            parts[-1]["width"] = max(end - parts[-1]["at"], parts[-1]["width"])
        else:
            parts.append({"at": at, "width": min(width, 100 - at), "kind": kind})
    return parts
