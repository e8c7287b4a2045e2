"""Spells: which board had which job from when to when, and how that ended. Leases tell of each end (hardware/registration.py)."""

from collections.abc import Iterable
from datetime import datetime

from hardware.models import BoardLease, Ended, Job, Outcome, Purpose, Runner

OUTCOMES = {Outcome.CANCELLED: Ended.CANCELLED, Outcome.INFRASTRUCTURE: Ended.FAILED}


def spell_ended(job: Job, fault: bool, why: str, now: datetime) -> None:
    """Called inside the transaction that ends the lease. A job of no board has no such row, one that only waited none that is open."""
    how = (
        OUTCOMES.get(Outcome(job.outcome), Ended.MEASURED)
        if job.outcome
        else Ended.FAILED
        if fault
        else Ended.GIVEN_BACK
    )
    said = "" if how == Ended.MEASURED else why[:300]
    BoardLease.objects.filter(job_id=job.pk, attempt=job.attempt, ended_at=None).update(ended_at=now, how=how, why=said)


def spells_between(runners: Iterable[Runner], begun: datetime, ended: datetime) -> list[BoardLease]:
    """Those that reach into this time, the earliest first, with the purpose of their jobs; of what is held now the end is open."""
    found = BoardLease.objects.filter(runner__in=list(runners), at__lt=ended).exclude(ended_at__lte=begun)
    return list(found.select_related("job").only("runner_id", "attempt", "at", "ended_at", "how", "job__purpose").order_by("at", "pk"))  # fmt: skip


def seconds_in(spell: BoardLease, begun: datetime, ended: datetime) -> float:
    """How much of the spell lies in this time."""
    return max((min(spell.ended_at or ended, ended) - max(spell.at, begun)).total_seconds(), 0.0)


def kind_of(spell: BoardLease) -> str:
    """What the time was spent on: failed, checked or worked."""
    if spell.how == Ended.FAILED:
        return "failed"
    return "checked" if spell.job.purpose == Purpose.HEALTH else "worked"
