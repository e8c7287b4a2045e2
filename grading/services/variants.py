"""The measurements of the variants of a family: put in line with the file, dropped with it, recorded by the worker side.

Measured is a file, not a piece: whoever puts the same bytes on the desk of the same work again, or names them otherwise, keeps what was
measured. So the measurement of a piece is asked for by its hash (`runs_of`).
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from courseplatform.core.errors import Conflict, TooMany
from courseplatform.core.gone import check_kept
from grading.models.owners import Owner
from grading.models.pieces import Piece
from grading.models.variants import VariantRun
from grading.queue.wake import VARIANT_KIND
from grading.services.late_days import lock_circle
from hardware import leases
from hardware.models import OPEN, Job, Outcome, Priority

KIND = "models"
PER_HOUR, HOUR = 120, timedelta(hours=1)  # measurements of one owner in one piece of work
CHOSEN = "chosen"
AGAIN = frozenset({Outcome.INFRASTRUCTURE, Outcome.CANCELLED})  # what says nothing about the file


def said_of(piece: Piece) -> dict[str, Any]:
    """What its owner calls a variant, without the mark of the chosen one."""
    return {key: value for key, value in piece.data.items() if key != CHOSEN}


def mark_of(piece: Piece | None) -> dict[str, bool]:
    """The mark of the chosen variant, for what takes the place of `piece`."""
    return {CHOSEN: True} if piece is not None and piece.data.get(CHOSEN) else {}


def runs_of(piece: Piece) -> "QuerySet[VariantRun]":
    """The measurements of this file for the same owner and the same work, newest first."""
    theirs = Q(piece__team=piece.team_id) if piece.team_id else Q(piece__team=None, piece__person=piece.person_id)
    return VariantRun.objects.filter(theirs, piece__assignment=piece.assignment_id, piece__sha256=piece.sha256)


def variant_enqueue(*, piece: Piece, now: datetime | None = None) -> VariantRun | None:
    """Put the measurement of a variant in line, in the transaction that puts it on the desk. None: there is nothing to measure.

    Raises FileGone where its file was deleted since; TooMany (`too_many_variants`): files may be put and taken away as often as one likes, so
    something must bound how many are opened, and how often the hidden inputs are asked.
    """
    if piece.kind != KIND or runs_of(piece).exclude(outcome__in=AGAIN).exists():
        return None
    check_kept(piece.file)
    now = now or timezone.now()
    theirs = Q(piece__team=piece.team_id) if piece.team_id else Q(piece__team=None, piece__person=piece.person_id)
    recent = VariantRun.objects.filter(
        theirs, piece__assignment=piece.assignment_id, queued_at__gt=now - HOUR, queued_at__lte=now
    )
    if recent.count() >= PER_HOUR:
        raise TooMany(
            f"{PER_HOUR} models of this family were measured within an hour. Put the next one later; to try models without waiting, run "
            "the same engine on your machine: manage.py bench.",
            code="too_many_variants",
        )
    return leases.job_enqueue(
        VariantRun, kind=VARIANT_KIND, owner_key=piece.owner.key, priority=Priority.BESIDE, now=now, piece=piece
    )


def variant_leave(*, piece: Piece, by: str, now: datetime | None = None) -> None:
    """A variant was taken from the desk: what waits for it is cancelled, unless the same file still stands or was handed in."""
    if piece.kind != KIND:
        return
    for run in runs_of(piece).filter(status__in=OPEN):
        same = Piece.objects.of_owner(piece.owner).filter(assignment=piece.assignment_id, sha256=piece.sha256)
        if not same.filter(Q(removed_at=None) | Q(submissions__isnull=False)).exists():
            leases.job_cancel(Job.objects.get(pk=run.pk), by=by, now=now)


@transaction.atomic
def variant_again(*, owner: Owner, piece: Piece, now: datetime | None = None) -> VariantRun:
    """Measure a variant at which our machine failed once more. Raises Conflict (`already_measured`), TooMany."""
    lock_circle(course=piece.assignment.course, people={owner.person.pk})
    run = variant_enqueue(piece=piece, now=now)
    if run is None:
        raise Conflict("This model is measured already, or in line.", code="already_measured")
    return run


def variant_ended(job: Job, outcome: Outcome, result: dict[str, Any]) -> None:
    """Called by the leases in the transaction that finishes the job: a run is never finished without what it came to."""
    if outcome == Outcome.MEASURED:
        VariantRun.objects.filter(pk=job.pk).update(measured=result)
