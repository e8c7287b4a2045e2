"""What a page that reads along is told of a sheet: a few facts, every few seconds."""

from datetime import datetime
from typing import Any

from courseplatform.courses.access import Visit
from grading.models.desk import GradingSheet


def live_part(visit: Visit, sheet: GradingSheet, now: datetime) -> dict[str, Any]:
    """No query. `is_free`: whoever reads along may claim it."""
    holder = sheet.held_by(now)
    return {
        "revision": sheet.revision, "ticks": sheet.ticks, "comment": sheet.comment, "is_done": sheet.done_at is not None,
        "by": holder.name if holder else "", "is_mine": holder is not None and holder.pk == visit.person.pk,
        "is_free": holder is None and sheet.done_at is None,
    }  # fmt: skip
