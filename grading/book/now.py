"""From a grade to its narrow row. Pure."""

from decimal import Decimal
from typing import Any

from grading.grade import Grade


def now_of(grade: Grade) -> dict[str, Any] | None:
    """The values of GradeNow; None where nothing has happened to the grade."""
    if not grade.timeline:
        return None
    parts = {line.kind: line for line in grade.lines}
    measured, late = parts.get("benchmark"), parts.get("late")
    return {
        "points": grade.points, "of": Decimal(grade.of), "measured": measured.points if measured else None,
        "is_complete": grade.is_complete, "is_set_by_hand": grade.is_set_by_hand, "late": late.title[:200] if late else "",
        "seen": grade.seen, "last_event": max(step.event.id for step in grade.timeline),
    }  # fmt: skip
