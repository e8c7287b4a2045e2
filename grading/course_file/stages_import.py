"""What another choice of stages does to readings that are there: said before a course file, or the page Stages, changes anything."""

from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

from courseplatform.courses.models import Course
from courseplatform.courses.stages import CHARGE_MAH, Stage, stage_at, stages_said
from grading.models.power import PowerReading


def moved_readings(course: Course, held: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Sentences about the readings that would count in another stage, or in none. No query where stages and zone stay."""
    before, after = _stages(held), _stages(wanted)
    if before == after:
        return []
    moves: Counter[tuple[str, str]] = Counter()
    for at in PowerReading.objects.standing().filter(team__course=course).values_list("at", flat=True):
        was, will = stage_at(before, at), stage_at(after, at)
        if (was.key if was else "") != (will.key if will else ""):
            moves[was.title if was else "", will.title if will else ""] += 1
    return [_sentence(count, was, will) for (was, will), count in moves.items()]


def _stages(tree: dict[str, Any]) -> list[Stage]:
    tz = ZoneInfo(tree["course"].get("zone") or "UTC")
    return list(stages_said(tree.get("project", {}).get("stages", []), CHARGE_MAH, tz))


def _sentence(count: int, was: str, will: str) -> str:
    readings = f"{count} power reading{'s' if count != 1 else ''}"
    verb = "counts" if count == 1 else "count"
    where = f"in {will}" if will else "in no stage"
    return f"{readings} {verb} {where} then{f', no longer in {was}' if was else ''}."
