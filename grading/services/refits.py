"""From a calibration that a board has measured to coefficients that the course uses. Nobody's grade changes by any of it."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.core.markdown import quoted
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from courseplatform.notices.services.notifications import notification_send
from grading.calibrating.rows import speaks_for
from grading.models.refits import REASON_LETTERS, REFIT_MOVES, Refit, RefitMove, RefitStatus
from grading.queue.wake import wake_refits
from grading.services.course_log import change_log
from hardware.models import BoardCalibration, CalibrationStatus

S = RefitStatus


def refit_begin(calibration: BoardCalibration) -> None:
    """A board has measured all that it was asked for: a worker fits it next. In the transaction in which the calibration ends."""
    if calibration.status == CalibrationStatus.MEASURED:
        Refit.objects.get_or_create(
            calibration=calibration,
            defaults={"course": calibration.course, "speaks_for": speaks_for(calibration), "made_at": timezone.now()},
        )
        transaction.on_commit(wake_refits)


def refit_record(
    *, refit: Refit, coefficients: dict[str, Any], judged: dict[str, Any], points: list[dict[str, Any]], standing: str, refusal: str,
    by: str, now: datetime | None = None,
) -> bool:  # fmt: skip
    """What the worker found. Returns False where another worker was faster; then nothing is changed."""
    changed = Refit.objects.filter(pk=refit.pk, status=S.WAITING)
    with transaction.atomic():
        if not changed.select_for_update().exists():
            return False
        move(
            refit, moves=REFIT_MOVES, to=S.REFUSED if refusal else S.DRAFT, by=by, why=refusal, history=RefitMove, coefficients=coefficients,
            judged=judged, points=points, standing=standing[:200], said=refusal[:400], fitted_at=now or timezone.now(),
        )  # fmt: skip
        _tell_instructors(refit)
    return True


def _tell_instructors(refit: Refit) -> None:
    """A draft waits for one of them. What came to nothing is told too: somebody gave the board half an hour for it."""
    course, runner, error = refit.course, refit.calibration.runner, refit.judged.get("family_out_median")
    instructors = Enrolment.objects.filter(course=course, role=Role.INSTRUCTOR, is_active=True).select_related("person")
    title, text = f"A calibration of {runner.name} cannot be used", quoted(refit.said)
    if refit.status == S.DRAFT:
        off = f": {numbers.share(error)} off on families that it has not seen" if error is not None else ""
        title = f"A calibration of {runner.name} waits for your decision{off}"
        text = "Look at its errors, and decide whether the course models with it."
    notification_send(
        course=course, people=[one.person for one in instructors], kind="hardware", key=f"refit-{refit.pk}", title=title, text=text,
        path=refit.get_absolute_url(),
    )  # fmt: skip


def refit_adopt(*, visit: Visit, refit: Refit, reason: str, now: datetime | None = None) -> Refit:
    """The course uses it from now on; what it used before for the same board, runtime, precision and threads is replaced.

    Results keep what they were modelled with. Which of them would come out otherwise a re-run of the lab shows.

    Raises:
        BadInput: code `no_reason`. IllegalMove: code `illegal_move` or `lost_race`. Conflict: code `lost_race`.
    """
    said, now = _reason(reason), now or timezone.now()
    try:
        with transaction.atomic():
            before = (
                Refit.objects.select_for_update().filter(course=visit.course, speaks_for=refit.speaks_for).adopted()
            )
            for other in before.exclude(pk=refit.pk):
                move(
                    other,
                    moves=REFIT_MOVES,
                    to=S.REPLACED,
                    by=visit.by,
                    why=f"{refit.name} is used instead",
                    history=RefitMove,
                )
            decided: Any = {"decided_by": visit.by, "decided_at": now, "reason": said}
            move(refit, moves=REFIT_MOVES, to=S.ADOPTED, by=visit.by, why=said, history=RefitMove, **decided)
            _log(visit, refit, "is used from now on")
    except IntegrityError as error:
        raise Conflict("Somebody else adopted another calibration of this board just now.", code="lost_race") from error
    return refit


def refit_withdraw(*, visit: Visit, refit: Refit, reason: str) -> Refit:
    """The course uses it no more; what is published of the board speaks again. Raises BadInput (`no_reason`), IllegalMove."""
    said = _reason(reason)
    with transaction.atomic():
        move(refit, moves=REFIT_MOVES, to=S.WITHDRAWN, by=visit.by, why=said, history=RefitMove)
        _log(visit, refit, "is used no more")
    return refit


def refit_discard(*, visit: Visit, refit: Refit) -> Refit:
    """Raises IllegalMove."""
    decided: Any = {"decided_by": visit.by, "decided_at": timezone.now()}
    return move(refit, moves=REFIT_MOVES, to=S.DISCARDED, by=visit.by, history=RefitMove, **decided)


def _reason(reason: str) -> str:
    said = " ".join(reason.replace("\x00", "").split())
    least, most = REASON_LETTERS
    if not least <= len(said) <= most:
        raise BadInput(
            f"Say why, in {least} to {most} letters: it stands in the history, where the next person reads it.",
            code="no_reason",
        )
    return said


def _log(visit: Visit, refit: Refit, what: str) -> None:
    """In the record of the course that members are not told of: no date and no grade changes."""
    change_log(
        visit=visit, sentence=f"Calibration {refit.pk} of {refit.calibration.runner.name} {what}.", is_told=False
    )
