"""Boards that somebody has on loan and that have not called in for days."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import FilteredRelation, Q

from courseplatform.courses.models import Course
from grading.book.risks import SILENT_DAYS
from hardware.models import Duty, Runner

Holder = tuple[int | None, int | None]  # person, team


def silent_boards(course: Course, now: datetime) -> Mapping[Holder, Mapping[str, int]]:
    """Who has it -> its name -> days without a word. Of boards with a runner alone: others say nothing by themselves. One query."""
    late = Runner.objects.filter(course=course, is_demo=False, last_seen_at__lt=now - timedelta(days=SILENT_DAYS))
    out = FilteredRelation("item__loan_pieces", condition=Q(item__loan_pieces__back_at=None))
    rows = late.exclude(status__in=(Duty.REVOKED, Duty.QUARANTINED)).annotate(out=out)
    found = defaultdict[Holder, dict[str, int]](dict)
    for name, seen_at, own, person, team in rows.values_list(
        "name", "last_seen_at", "team", "out__loan__person", "out__loan__team"
    ):
        if seen_at is not None and (person or team or own):
            found[person, team or (None if person else own)][name] = (now - seen_at).days
    return found
