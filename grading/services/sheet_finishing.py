"""A sheet that is done becomes grade events; a sample becomes a number to compare. By question, it is done when its last item is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import AppError, BadInput, Conflict
from courseplatform.courses.access import Visit
from grading.desk.marks import Marks, marks_of
from grading.grade_facts import items_of, sees_grade, somebody_of
from grading.models.desk import GradingSheet
from grading.rubric import Item
from grading.services.grade_writing import check_points
from grading.services.grades import grade_give
from grading.services.sheets import sheet_check, sheet_release, sheet_save


def sheet_finish(
    *, visit: Visit, sheet: GradingSheet, revision: int, ticks: dict[str, Any], comment: str, seen: int,
    now: datetime | None = None,
) -> GradingSheet:  # fmt: skip
    """Save, give the marks, and let it go. seen: the newest grade event that the page showed.

    What was ticked is saved also where the end is refused. Raises what `sheet_save` and `grade_give` raise, and BadInput `no_mark`,
    Conflict `nobody_left`.
    """
    now = now or timezone.now()
    saved = sheet_save(visit=visit, sheet=sheet, revision=revision, ticks=ticks, comment=comment, now=now)
    try:
        return _finished(visit, saved, seen, now)
    except AppError as error:
        error.details = error.details | {"saved_revision": saved.revision}  # the page goes on from what is saved
        raise


def _finished(visit: Visit, saved: GradingSheet, seen: int, now: datetime) -> GradingSheet:
    marks = marks_of(items_of(saved.assignment), saved.ticks)
    if marks.lacking:
        raise _no_mark(marks.lacking)
    with transaction.atomic():
        found = sheet_check(visit, saved, saved.revision)
        if found.is_blind:
            _check_typed(saved, marks)
        else:
            _give(visit, found, marks, seen)
        found.done_at, found.done_by, found.claimed_by, found.claimed_at = now, visit.person, None, None
        found.points, found.noted = marks.total, found.comment
        found.save(update_fields=["done_at", "done_by", "claimed_by", "claimed_at", "points", "noted"])
    return found


def _check_typed(sheet: GradingSheet, marks: Marks) -> None:
    """What `grade_give` asks of points, for a sample, which gives none. Raises BadInput (`points_out_of_range`, `too_many_decimals`)."""
    most = {item.key: item.of for item in items_of(sheet.assignment)}
    for key, points in marks.points.items():
        check_points(points, most[key], f"points-{key}")


def _give(visit: Visit, sheet: GradingSheet, marks: Marks, seen: int) -> None:
    person = somebody_of(sheet.submission)
    if person is None:
        said = f"Nobody's grade rests on {sheet} any more: its people handed in with another team since."
        raise Conflict(said, code="nobody_left")
    note = sheet.comment.strip() if sheet.comment.strip() != sheet.noted.strip() else ""
    reason = sheet.comment if sees_grade(sheet.assignment, person) else ""
    try:
        grade_give(
            visit=visit, assignment=sheet.assignment, person=person, seen=seen, marks=marks.points, ticks=marks.ticks,
            reason=reason, note="" if reason else note,
        )  # fmt: skip
    except BadInput as error:
        if error.code != "nothing_changed":  # the same marks as before: it is done all the same
            raise


def _no_mark(lacking: Sequence[Item]) -> BadInput:
    first = lacking[0]
    others = f" So do {', '.join(item.title for item in lacking[1:])}." if lacking[1:] else ""
    how = (
        "Type its points."
        if not first.is_ticked
        else "Choose one."
        if first.is_one_of
        else "Tick what holds, or press 0 where nothing does."
    )
    said = f"{first.title} lacks a mark. {how}{others}"
    return BadInput(said, code="no_mark", details={"field": first.key, "lacking": [item.key for item in lacking]})


def sheet_item_finish(
    *, visit: Visit, sheet: GradingSheet, item: str, revision: int, ticks: dict[str, Any], comment: str, seen: int,
    now: datetime | None = None,
) -> GradingSheet:  # fmt: skip
    """By question: this item has its mark, and the sheet is free for the others. With its last item the sheet is done.

    Raises as `sheet_finish`; `no_mark` only for this item.
    """
    saved = sheet_save(visit=visit, sheet=sheet, revision=revision, ticks=ticks, comment=comment, now=now)
    lacking = marks_of(items_of(sheet.assignment), saved.ticks).lacking
    if mine := [one for one in lacking if one.key == item]:
        error = _no_mark(mine)
        error.details |= {"saved_revision": saved.revision}
        raise error
    if not lacking:
        content = {"ticks": saved.ticks, "comment": saved.comment}
        return sheet_finish(visit=visit, sheet=saved, revision=saved.revision, seen=seen, now=now, **content)
    sheet_release(visit=visit, sheet=saved, now=now)
    return saved
