"""Deleting a course: nothing of it remains but the accounts of its people and a line of the audit of the site.

Rows go in small batches, each in a transaction of its own, table after table, so that no key ever leads nowhere. `CourseDeletion.begun_at` says
that this goes on: killed at any time, whoever comes next carries on where it was.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import structlog
from django.db import IntegrityError, transaction
from django.db.models import ForeignKey
from django.utils import timezone

from courseplatform.audit.models import Act, AuditRow
from courseplatform.core.errors import Conflict
from courseplatform.core.file_places import places
from courseplatform.core.leaving import file_leaves
from courseplatform.core.models import GoneFile
from courseplatform.courses.belongings import (
    KNOWN_BY,
    Kind,
    all_tables,
    course_tables,
    end_before,
    in_order,
    keys_of,
    parents_of,
    rows_of,
)
from courseplatform.courses.closing import unfinished_of
from courseplatform.courses.models import Course, Enrolment
from courseplatform.keeping.models import CourseDeletion

AT_ONCE, TRIES = 500, 5
log = structlog.get_logger(__name__)


@dataclass
class Gone:
    """What went in this call."""

    rows: int = 0
    files: int = 0
    is_over: bool = False


@transaction.atomic
def deletion_begin(*, course: Course, by: str, now: datetime | None = None) -> CourseDeletion:
    """From here on there is no way back, and nobody sees the course any more. Said twice it is one.

    Raises Conflict: `not_closed`, `things_lent`, `runs_in_progress`.
    """
    row = Course.objects.select_for_update().get(pk=course.pk)
    found = CourseDeletion.objects.filter(course=row, taken_back_at=None).first()
    if found is not None and found.begun_at is not None:
        return found
    check_may_go(row)
    now = now or timezone.now()
    found = found or CourseDeletion(course=row, asked_at=now, asked_by=by, due_at=now)
    found.begun_at = now
    found.save()
    row.is_published, row.is_public = False, False
    row.save(update_fields=["is_published", "is_public"])
    Enrolment.objects.filter(course=row, is_active=True).update(is_active=False, left_at=now)
    said = f"Began to delete the course {row.slug}: {row.name}"[:200]
    AuditRow.objects.create(course=None, actor=by, act=Act.CHANGED, what=said, at=now)
    return found


def check_may_go(course: Course) -> None:
    """Raises Conflict: `not_closed`, `things_lent`, `runs_in_progress`."""
    if not course.is_closed:
        raise Conflict("Close the course first: what is deleted must not change meanwhile.", code="not_closed")
    left = {one.title: one.count for one in unfinished_of(course) if one.blocks or one.keeps}
    if left:
        said = ", ".join(f"{title.lower()}: {count}" for title, count in left.items())
        raise Conflict(f"Not while this course has something out: {said}.", code="things_lent", details=left)


def course_delete(*, course: Course, batches: int | None = None) -> Gone:
    """Carry on with a deletion that has begun; batches: at most so many, or all. Two at once wait for each other at each batch.

    Raises Conflict (`deletion_not_begun`).
    """
    gone = Gone()
    end_before(course)
    for again in range(TRIES):
        try:
            if _pass(course, batches, gone):
                _end(course, gone)
            return gone
        except IntegrityError as error:  # a board or a worker has written a row behind us: from the beginning
            log.warning("course_deletion_again", course=course.slug, why=str(error).strip()[:200])
            if again + 1 == TRIES:
                raise
    return gone


def _pass(course: Course, batches: int | None, gone: Gone) -> bool:
    """Whether nothing is left."""
    left = batches
    for model in in_order():
        if model is CourseDeletion:  # says until the end that this goes on
            continue
        while _batch(course, model, gone):
            left = None if left is None else left - 1
            if left == 0:
                return False
    return True


@transaction.atomic
def _batch(course: Course, model: Kind, gone: Gone) -> int:
    _locked(course)
    keys = list(rows_of(course, model).order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
    if not keys:
        return 0
    own = [kind for kind in course_tables() if KNOWN_BY.get(kind._meta.label) == model._meta.label]
    known = [(kind, list(rows_of(course, kind).values_list("pk", flat=True))) for kind in own]
    _go(model, keys, gone)
    for kind, others in known:
        _go(kind, others, gone)
    return len(keys)


def _locked(course: Course) -> None:
    row = Course.objects.select_for_update().filter(pk=course.pk).first()
    if (
        row is not None
        and not CourseDeletion.objects.filter(course=row, taken_back_at=None).exclude(begun_at=None).exists()
    ):
        raise Conflict("Nobody has begun to delete this course.", code="deletion_not_begun")


def _go(model: Kind, keys: list[Any], gone: Gone) -> None:
    """Rows with what hangs on them: their files, the mention of them elsewhere, the rows that they extend."""
    for first in range(0, len(keys), AT_ONCE):
        some = keys[first : first + AT_ONCE]
        _files_leave(model, some, gone)
        _forget(model, some)
        gone.rows += _raw_delete(model, some)
        for parent in parents_of(model):
            _parent_goes(parent, some, gone)


def _parent_goes(parent: Kind, keys: list[Any], gone: Gone) -> None:
    """What rows extended, with what hangs on it; not what another row extends as well: a job that was asked for becomes a run."""
    children = [one for one in all_tables() if parent in parents_of(one)]
    still = {key for one in children for key in one._base_manager.filter(pk__in=keys).values_list("pk", flat=True)}
    going = [key for key in keys if key not in still]
    for other, key in _leading_to(parent):
        if not key.null and other not in children:
            _go(
                other, list(other._base_manager.filter(**{f"{key.name}__in": going}).values_list("pk", flat=True)), gone
            )
    _go(parent, going, gone)


def _files_leave(model: Kind, keys: list[Any], gone: Gone) -> None:
    for place in places():
        for owner, column in place.columns():
            if owner is model:
                found = model._base_manager.filter(pk__in=keys).exclude(**{column: ""}).values_list(column, flat=True)
                for name in sorted({str(one) for one in found}):
                    file_leaves(name, place=place.key)
                    gone.files += 1
    GoneFile.objects.filter(model=model._meta.label, key__in=[str(key) for key in keys]).delete()


def _forget(model: Kind, keys: list[Any]) -> None:
    """Keys of other rows that may be empty, and lead here, are emptied."""
    for other, key in _leading_to(model):
        if key.null:
            other._base_manager.filter(**{f"{key.name}__in": keys}).update(**{key.name: None})


@cache
def _leading_to(model: Kind) -> list[tuple[Kind, "ForeignKey[Any, Any]"]]:
    return [(other, key) for other in all_tables() for key in keys_of(other) if key.related_model is model]


def _raw_delete(model: Kind, keys: list[Any]) -> int:
    """Past what guards rows that are only added, and without asking each relation again."""
    found = model._base_manager.filter(pk__in=keys)
    return int(found._raw_delete(found.db))


@transaction.atomic
def _end(course: Course, gone: Gone) -> None:
    """The course itself, with the row that said that it goes."""
    row = Course.objects.select_for_update().filter(pk=course.pk).first()
    gone.is_over = True
    if row is None:
        return  # another one was faster
    begun = CourseDeletion.objects.filter(course=row, taken_back_at=None).exclude(begun_at=None).get()
    _go(CourseDeletion, list(CourseDeletion.objects.filter(course=row).values_list("pk", flat=True)), gone)
    _go(Course, [row.pk], gone)
    AuditRow.objects.create(
        course=None, actor=begun.asked_by, act=Act.CHANGED, what=f"Deleted the course {row.slug}: {row.name}"[:200]
    )
    log.warning("course_deleted", course=row.slug, by=begun.asked_by)
