"""Telling everybody to whom grades were released, in batches. `ReleasedTo.is_due` says to whom it is still to be told.

A batch and its marks are one transaction, so a worker that is killed leaves either both or nothing; the sweep goes on with the rest. The
notification has a key of its own besides, so that the same release never tells anybody twice.
"""

import time
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseplatform.notices.services.notifications import notification_send
from grading.models.grades import GradeRelease, ReleasedTo, grade_path
from grading.releases.choice import release_title

BATCH = 50
LONGEST_S = 15.0  # the worker has other duties


def release_news_send(*, now: datetime | None = None) -> tuple[int, bool]:
    """Tell who is still to be told, for a while. Returns how many were told, and whether some are left."""
    end, told = time.monotonic() + LONGEST_S, 0
    while (
        release := ReleasedTo.objects.filter(is_due=True).order_by("release").values_list("release", flat=True).first()
    ) is not None:
        if time.monotonic() > end:
            return told, True
        told += _batch(release, now or timezone.now())
    return told, False


@transaction.atomic
def _batch(pk: int, now: datetime) -> int:
    """One of two workers waits here for the other, and then finds the rows marked."""
    due = ReleasedTo.objects.select_for_update(of=("self",)).filter(release=pk, is_due=True).order_by("pk")
    rows = list(due.select_related("person")[:BATCH])
    if rows:
        release = GradeRelease.objects.select_related("assignment__course").get(pk=pk)
        assignment = release.assignment
        notification_send(
            course=assignment.course, people=[row.person for row in rows], kind="grade", key=release_key(release),
            title=release_title(assignment.short), text=release.words, path=grade_path(assignment), by_mail=release.is_mailed,
        )  # fmt: skip
        ReleasedTo.objects.filter(pk__in=[row.pk for row in rows]).update(is_due=False, told_at=now)
    return len(rows)


def release_key(release: GradeRelease) -> str:
    return f"grades-released-{release.pk}"
