"""A poll: a runner says what it is and what it holds, and is given the next piece of work. Without its HTTP: docs/runner-protocol.md."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from courseplatform.core.clock import shared_now
from hardware import leases
from hardware.models import (
    HELD,
    BoardJob,
    BoardLease,
    Duty,
    Happened,
    Health,
    Purpose,
    Runner,
    RunnerEvent,
    RunnerSample,
    Status,
)
from hardware.runners import alerts, health
from hardware.runners.duty import duty_move, lease_of
from hardware.runners.enrolling import health_set
from hardware.runners.facts import facts_read, skew_s, state_read
from hardware.runners.files import checks_forget, files_forget
from hardware.runners.matching import cannot_work, waiting_for

POLL_S = 5
SAMPLE_EVERY = timedelta(seconds=30)
BOOTS_KNOWN = 5
OF_MACHINE = (Happened.BOOT, Happened.AGENT, Happened.SYSTEM, Happened.RUNTIMES)


@dataclass
class Poll:
    """The answer to a poll. drop: leases that the runner believes it holds and does not."""

    runner: Runner
    job: BoardJob | None = None
    drop: list[str] = field(default_factory=list)


def runner_poll(
    *,
    runner: Runner,
    facts: Any,
    state: Any,
    held: Iterable[tuple[UUID, int]],
    address: str | None,
    now: datetime | None = None,
) -> Poll:
    """A runner says what it is and what it holds, and is given the next piece of work where there is one for it.

    What a silent board held too long goes back into the line first: whoever asks need not wait for the sweep.
    """
    now = now or shared_now()
    leases.silent_given_back(BoardJob.objects.filter(course=runner.course_id), now=now)
    return _polled(runner, facts, state, dict(held), address, now)


@transaction.atomic
def _polled(
    runner: Runner, facts: Any, state: Any, claimed: dict[UUID, int], address: str | None, now: datetime
) -> Poll:
    row = Runner.objects.select_for_update(of=("self",)).select_related("course", "team", "item").get(pk=runner.pk)
    _seen(row, facts_read(facts), state, address, now)
    row.clock_skew_s = skew_s(facts.get("clock_utc"), now) if isinstance(facts, dict) else None
    row.save()
    poll, mine = Poll(row), _held_by(row)
    poll.drop = [
        str(lease) for lease, attempt in claimed.items() if lease not in mine or mine[lease].attempt != attempt
    ]
    for job in [job for job in mine.values() if claimed.get(job.pk) != job.attempt]:
        if poll.job is None and _was_not_heard(job, row):
            poll.job = job
            continue
        # One board does one thing: what its agent does not know of any more, it will never end. The lease itself fences a late word.
        leases.lease_release(lease_of(job, row), why="the runner does not know of it any more", now=now)
        mine.pop(job.pk)
    if mine or cannot_work(row):
        return poll
    if health.check_where_due(row, now):
        checks_forget(row)
    for job in waiting_for(row, now):
        if leases.lease_take(job, worker=row.by, now=now):
            BoardJob.objects.filter(pk=job.pk).update(taken_by=row)
            BoardLease.objects.create(runner=row, job=job, attempt=job.attempt, at=now)
            files_forget(job)
            poll.job = job
            break
    return poll


def _was_not_heard(job: BoardJob, row: Runner) -> bool:
    """Whether a job that the runner does not name was given to it in an answer that was lost: the same lease is then said again.

    Its time goes on, so a board that never begins does not keep it.
    """
    may_go_on = row.health == Health.GOOD or job.purpose == Purpose.HEALTH
    return job.status == Status.LEASED and not job.cancel_requested and may_go_on and not cannot_work(row)


def _held_by(runner: Runner) -> dict[UUID, BoardJob]:
    return {job.pk: job for job in BoardJob.objects.filter(taken_by=runner, status__in=HELD)}


def _seen(row: Runner, facts: dict[str, Any], state: Any, address: str | None, now: datetime) -> None:
    """Write down what the agent says, and what that means: another machine, another system, a new start."""
    before = row.facts
    boots = [boot for boot in before.get("boots", []) if boot][-BOOTS_KNOWN:]
    if facts["install_id"] != before.get("install_id") or (facts["boot_id"] in boots[:-1]):
        if row.status != Duty.QUARANTINED:
            duty_move(
                row,
                Duty.QUARANTINED,
                by="site",
                why="two machines use its token: enrol it again with a new code",
                now=now,
            )
            row.refresh_from_db(fields=["status"])
            alerts.tell(row, "quarantined", now=now)
        return
    changed = [what for what in OF_MACHINE if before.get(what) not in (None, "", facts[what.value])]
    for what in changed:
        said = "" if what == Happened.BOOT else f"{_words(before[what])} to {_words(facts[what.value])}"[:200]
        RunnerEvent.objects.create(runner=row, at=now, what=what, said=said)
    if changed and row.health == Health.GOOD:
        health_set(row, Health.UNKNOWN, by=row.by, why=", ".join(what.label for what in changed), now=now)
    if facts["boot_id"] and facts["boot_id"] not in boots:
        boots.append(facts["boot_id"])
    row.facts, row.boot_id, row.address = facts | {"boots": boots}, facts["boot_id"], address
    state_keep(row, state, now)


def _words(fact: Any) -> str:
    return ", ".join(f"{name} {version}" for name, version in fact.items()) if isinstance(fact, dict) else str(fact)


def state_keep(row: Runner, state: Any, now: datetime) -> None:
    """The board as it is now, in the row that the caller saves; and every half minute a row of its history, also of one that says
    nothing of itself: it was here."""
    read, row.state = state_read(state)
    row.last_seen_at = now
    if not RunnerSample.objects.filter(runner=row, at__gt=now - SAMPLE_EVERY).exists():
        RunnerSample.objects.create(
            runner=row, at=now, temperature_c=read.temperature_c, clock_mhz=read.clock_mhz, is_throttled=read.is_throttled,
            power_w=read.power_w,
        )  # fmt: skip
