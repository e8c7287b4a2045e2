"""The worker's part of a calibration: fits what waits. Needs numpy; safe to run twice, and at once."""

import json
from datetime import UTC, datetime
from typing import Any

import structlog

from grading.bench.cost.refit_rules import refusal
from grading.bench.cost.refitting import refit as fitted
from grading.bench.cost.sweep import networks
from grading.calibrating.rows import as_published
from grading.calibrating.standing import standing_for
from grading.models.refits import Refit, RefitStatus
from grading.services.refits import refit_record

log = structlog.get_logger(__name__)
MOST_AT_ONCE = 5


def refit_waiting(worker: str) -> int:
    """Fit what waits, a few at once: one takes about a second. Returns how many."""
    waiting = Refit.objects.filter(status=RefitStatus.WAITING).select_related(
        "calibration__runner", "calibration__course", "course"
    )
    return sum(_fit(row, worker) for row in waiting.order_by("pk")[:MOST_AT_ONCE])


def _fit(row: Refit, worker: str) -> bool:
    calibration = row.calibration
    rows, standing = as_published(calibration, calibration.rows.all()), standing_for(calibration)
    told: dict[str, Any] = {"refit": row, "standing": standing.words, "by": worker}
    if sum(networks()[one.model].is_whole for one in rows) < 2:
        said = "No whole network was measured, so nothing can judge a fit. Calibrate the board again."
        return refit_record(**told, coefficients={}, judged={}, points=[], refusal=said)
    try:
        found = fitted(rows, standing.coefficients)
        judged = found.judgement.to_json()
        coefficients = found.coefficients.to_json() | {"date": datetime.now(UTC).date().isoformat()}
        points = [vars(point) | {} for point in found.points]
        json.dumps([judged, coefficients, points], allow_nan=False)
    except (
        ValueError,
        ArithmeticError,
    ) as error:  # LinAlgError is a ValueError, and a NaN, which no database takes, is one to json
        log.warning("refit_failed", refit=row.pk, why=str(error))
        said = "The fit does not come to an end: the times contradict each other too much. Calibrate the board again."
        return refit_record(**told, coefficients={}, judged={}, points=[], refusal=said)
    why = refusal(judged, standing=standing.words, is_own=standing.is_own)
    return refit_record(**told, coefficients=coefficients, judged=judged, points=points, refusal=why)
