"""Stored matchings: from the snapshot of a run to its result, the same each time. Pure functions."""

from typing import Any

from courseplatform.seminar.matching import Slot, Student, drawn_order, match
from courseplatform.seminar.pareto import improvement


def compute(snapshot: dict[str, Any], seed: str) -> dict[str, Any]:
    """The matching of a stored snapshot: {"result", "counts"} as MatchingRun keeps them. The same input gives the same again."""
    students, slots = parts_of(snapshot)
    found = match(students, slots, drawn_order([student.key for student in students], seed))
    if improvement(students, slots, found.places) is not None:
        raise AssertionError("A matching that can be improved; this cannot happen.")
    return {
        "result": {
            "places": [[student, found.places[student]] for student in sorted(found.places)],
            "unplaced": list(found.unplaced), "short": [[slot, missing] for slot, missing in sorted(found.short.items())],
        },
        "counts": {str(rank): count for rank, count in found.counts.items()},
    }  # fmt: skip


def parts_of(snapshot: dict[str, Any]) -> tuple[list[Student], list[Slot]]:
    students = [Student(row["key"], tuple(row["order"]), frozenset(row["forbidden"])) for row in snapshot["students"]]
    return students, [Slot(row["key"], row["most"], row["least"]) for row in snapshot["slots"]]
