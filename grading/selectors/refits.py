"""What the staff read of the calibrations of their boards: the list, one with its errors, and its rows as a table that leaves."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count
from django.urls import reverse

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.badges import Badge
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from grading.calibrating.rows import HEADS, csv_rows
from grading.figures.calibration import calibration_figure
from grading.models.refits import Refit, RefitStatus
from hardware.course_devices import profiles_of
from hardware.models import BoardCalibration, CalibrationStatus

SHOWN = 100
BADGES = {
    RefitStatus.WAITING: Badge("neutral", "clock", "being fitted"), RefitStatus.DRAFT: Badge("warn", "clock", "to be decided"),
    RefitStatus.REFUSED: Badge("bad", "triangle", "not usable"), RefitStatus.ADOPTED: Badge("good", "check", "in use"),
    RefitStatus.REPLACED: Badge("neutral", "info", "replaced"), RefitStatus.WITHDRAWN: Badge("neutral", "info", "taken back"),
    RefitStatus.DISCARDED: Badge("neutral", "info", "discarded"),
}  # fmt: skip
SWEEP_BADGES = {
    CalibrationStatus.MEASURING: Badge("neutral", "clock", "being measured"), CalibrationStatus.MEASURED: Badge("neutral", "clock", "being fitted"),
    CalibrationStatus.FAILED: Badge("bad", "triangle", "nothing measured"), CalibrationStatus.CANCELLED: Badge("neutral", "info", "cancelled"),
}  # fmt: skip
FITTED = frozenset(RefitStatus) - {RefitStatus.WAITING}
MAY_ADOPT = frozenset({RefitStatus.DRAFT, RefitStatus.REPLACED, RefitStatus.WITHDRAWN})


def refit_get(visit: Visit, pk: int) -> Refit:
    """Raises NotHere."""
    found = Refit.objects.visible_to(visit).select_related("calibration__runner__team", "course").filter(pk=pk).first()
    if found is None:
        raise NotHere("There is no such calibration in this course.")
    return found


def calibrations_page(visit: Visit) -> dict[str, Any]:
    """All of the course, the newest first, those too that are being measured. A fixed number of queries."""
    found = BoardCalibration.objects.filter(course=visit.course).select_related("runner", "refit__course")
    rows = [_row(visit, one) for one in found.annotate(done=Count("rows"))[:SHOWN]]
    used = sum(row["is_used"] for row in rows)
    return {"rows": rows, "title": _title(used)}


def _title(used: int) -> str:
    if not used:
        return "The course models with what was published"
    return f"The course models with {used} calibration{'' if used == 1 else 's'} of its own"


def _row(visit: Visit, one: BoardCalibration) -> dict[str, Any]:
    refit = getattr(one, "refit", None)
    judged = refit.judged if refit is not None else {}
    return {
        "calibration": one, "refit": refit, "badge": BADGES[RefitStatus(refit.status)] if refit else SWEEP_BADGES[CalibrationStatus(one.status)],
        "done": getattr(one, "done", 0), "setting": one.setting, "is_used": refit is not None and refit.status == RefitStatus.ADOPTED,
        "error": _share(judged.get("family_out_median")), "before": _share(judged.get("standing_median")),
    }  # fmt: skip


def refit_page(visit: Visit, refit: Refit) -> dict[str, Any]:
    one, profiles = refit.calibration, profiles_of(visit.course, with_retired=True)
    board = profiles[one.device].name if one.device in profiles else one.device
    is_instructor = visit.role == Role.INSTRUCTOR
    return {
        "refit": refit, "calibration": one, "board": board, "setting": one.setting, "badge": BADGES[RefitStatus(refit.status)],
        "title": _verdict(refit), "facts": _facts(refit), "figure": calibration_figure(refit.points, refit.judged) if refit.points else None,
        "versions": sorted(set(one.rows.values_list("runtime_version", flat=True))),
        **_history(refit),
        "may_adopt": is_instructor and refit.status in MAY_ADOPT, "may_withdraw": is_instructor and refit.status == RefitStatus.ADOPTED,
        "may_discard": is_instructor and refit.status == RefitStatus.DRAFT, "is_instructor": is_instructor,
    }  # fmt: skip


def _history(refit: Refit) -> dict[str, Any]:
    """The steps, with the names of who took them. The record has addresses, which outlive accounts: of whom there is none now, it stays."""
    moves = list(refit.moves.all())
    found = User.objects.filter(email__in={move.by for move in moves} | {refit.decided_by})
    names = dict(found.values_list("email", "name"))
    return {
        "moves": [(move, RefitStatus(move.moved_to).label, names.get(move.by, move.by)) for move in moves],
        "decided_by": names.get(refit.decided_by, refit.decided_by),
    }


def _verdict(refit: Refit) -> str:
    if not refit.judged:
        return "A worker fits it now" if refit.status == RefitStatus.WAITING else "It cannot be used"
    error, before = refit.judged["family_out_median"], refit.judged["standing_median"]
    said = f"{numbers.share(error)} off on families that it has not seen"
    return said if before is None else f"{said}; {numbers.share(before)} before"


def _facts(refit: Refit) -> list[tuple[str, str, str]]:
    """(what, value, what it means)."""
    judged = refit.judged
    if not judged:
        return []
    worst = f"{judged['worst_family']}, {_share(judged['worst_family_median'])}" if judged["worst_family"] else "–"
    return [
        ("Measured", f"{judged['rows']} networks", f"{judged['wholes']} whole ones of {judged['families']} families, the rest single operators"),
        ("A family left out", _share(judged["family_out_median"]), f"median; nine of ten within {_share(judged['family_out_p90'])}"),
        ("The worst family", worst, "of those that are not flagged as extrapolated"),
        ("A size left out", _share(judged["size_out_median"]), "median of whole networks, each left out alone"),
        ("An operator left out", _share(judged["operators_out_median"]), "median of single operators, each left out alone"),
        ("What it was fitted to", _share(judged["in_sample_median"]), "median; says how far the form reaches, and not how well it predicts"),
        ("Inside the interval", _share(judged["covered"]), "of whole networks, predicted without their family; wanted: 90 %"),
        ("Flagged", _share(judged["flagged"]), "of whole networks: an operator that no other family has, or heavier than what the fit holds for"),
        ("What stood before", _share(judged["standing_median"]), refit.standing or "nothing was known of this board with this runtime"),
    ]  # fmt: skip


def _share(value: float | None) -> str:
    return "–" if value is None else numbers.share(value)


def table_of(refit: Refit) -> tuple[list[str], list[list[object]]]:
    """Columns and rows as `manage.py calibrate --from` reads them."""
    return list(HEADS), csv_rows(refit.calibration, refit.calibration.rows.all())


def figure_of(refit: Refit) -> dict[str, Any]:
    """Raises NotHere: nothing was fitted."""
    if not refit.points:
        raise NotHere("Nothing was fitted, so there is no figure.")
    plot: dict[str, Any] = calibration_figure(refit.points, refit.judged).plot or {}
    return plot


def refit_outcomes(rows: Iterable[BoardCalibration]) -> dict[int, tuple[str, str]]:
    """What became of calibrations, for the page of their runner: key -> (words, address)."""
    found = Refit.objects.filter(calibration__in=list(rows)).select_related("course")
    said = {}
    for refit in found:
        url = reverse("grading:calibration", kwargs={"course": refit.course.slug, "calibration": refit.pk})
        error = refit.judged.get("family_out_median")
        off = f", {numbers.share(error)} off" if error is not None else ""
        said[refit.calibration_id] = (f"{refit.get_status_display()}{off}", url)
    return said
