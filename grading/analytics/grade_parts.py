"""A grade taken apart: what each criterion, each item of the rubric and lateness gave, so that they add up to the whole. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from grading.analytics.points_facts import Part
from grading.grade import Grade
from grading.rubric import ZERO, Item
from grading.spec import Criterion

Row = Mapping[str, Any]
BY_STAFF, WHOLE, LATE, HAND = "measured:staff", "measured:whole", "late", "hand"


def parts_of(criteria: Iterable[Criterion], items: Iterable[Item], stored: Iterable[Row]) -> list[Part]:
    """Every part that a grade may have, in the order of the page: criteria, what the staff gave of the measured part, the rubric, lateness, and
    what setting by hand changes. stored: lines of results, for criteria that the lab had before."""
    found = {one.key: Part(f"measured:{one.key}", one.title, Decimal(str(one.points)), one.bonus) for one in criteria}
    for line in stored:
        if line["key"] not in found:
            found[line["key"]] = Part(f"measured:{line['key']}", f"{line['title']}, no longer asked for", None)
    plain = [part for part in found.values() if not part.is_extra]
    extra = [part for part in found.values() if part.is_extra]
    by_hand = [
        Part(f"item:{item.key}", item.title, item.of, item.is_extra, "by hand")
        for item in items
        if not item.is_withdrawn
    ]
    return [
        *plain, Part(BY_STAFF, "Measured, given by the staff", None), Part(WHOLE, "Measured", None), *by_hand, *extra,
        Part(LATE, "Lateness", None), Part(HAND, "Set by hand", None),
    ]  # fmt: skip


def taken_apart(grade: Grade, lines: Sequence[Row] | None) -> dict[str, Fraction]:
    """Key of a part -> its points, which add up to those of the grade. lines: of the result that the measured part rests on; None: nobody kept
    them, then the measured part is one."""
    found = dict[str, Fraction]()
    total = ZERO
    for line in grade.lines:
        if line.points is None:
            continue
        if line.kind == "benchmark":
            found |= _measured(line.points, lines)
        elif line.kind == "rubric":
            found[f"item:{line.key}"] = Fraction(line.points)
        elif line.kind == "late":
            found[LATE] = Fraction(line.points)
        else:
            found[HAND] = Fraction(line.points) - Fraction(total)
            continue
        total += line.points
    return found


def _measured(points: Decimal, lines: Sequence[Row] | None) -> dict[str, Fraction]:
    if lines is None:
        return {WHOLE: Fraction(points)}
    found = {
        f"measured:{line['key']}": Fraction() if line.get("left_open") else Fraction(Decimal(line["earned"]))
        for line in lines
    }
    rest = Fraction(points) - sum(found.values(), Fraction())
    return found | ({BY_STAFF: rest} if rest else {})


def only_measured(parts: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """What a machine gave, where nothing else is there yet."""
    return {key: points for key, points in parts.items() if key.startswith("measured:")}
