"""The keys `rubric` and `regrades` of an assignment in the course file."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from courseplatform.courses.course_file.reading import Finding, Source
from courseplatform.courses.course_file.words import count, line, listed, mapping, number, slug
from grading.models.assignments import Assignment
from grading.models.grades import GradeEvent, RubricItem
from grading.models.regrades import RegradeRequest
from grading.regrade_rules import CLOSES_DAYS, OPENS_HOURS

MOST_POINTS = 9999
RUBRIC_ITEM = mapping(
    "What a person grades.",
    ("key", "title", "points"),
    key=slug("Its name in the record; never reused for something else."),
    title=line("As it stands beside the points.", 160),
    points=number("The most it gives.", 0.01, MOST_POINTS),
    note=line("What the points are given for.", 400),
)
RUBRIC = listed(RUBRIC_ITEM, "The items that a person grades, in their order.", 100)
REGRADES = mapping(
    "Requests to look at an item again; left out: none are taken.",
    opens_hours=count("Hours after the release; left out: 24.", 0, 720),
    closes_days=count("Days after the release, and after an answer to object to it; left out: 7.", 1, 120),
    limit=count("Requests of each student or team; left out: 3.", 1, 100),
)


def rubric_dump(row: Assignment) -> dict[str, Any]:
    items = [_item_dump(item) for item in row.rubric.all() if not item.is_withdrawn]
    return ({"rubric": items} if items else {}) | ({"regrades": row.regrade_rules} if row.regrade_rules else {})


def _item_dump(item: RubricItem) -> dict[str, Any]:
    points: float | int = int(item.points) if item.points == item.points.to_integral_value() else float(item.points)
    return {"key": item.key, "title": item.title, "points": points} | ({"note": item.note} if item.note else {})


def rubric_load(row: Assignment, items: list[dict[str, Any]]) -> list[str]:
    """Make the rubric of a saved assignment hold these items. Returns sentences about what stays or does not add up."""
    left = {item.key: item for item in RubricItem.objects.filter(assignment=row)}
    for position, fact in enumerate(items):
        item = left.pop(fact["key"], None) or RubricItem(assignment=row, key=fact["key"])
        item.title, item.note = fact["title"], fact.get("note", "")
        item.points, item.position, item.is_withdrawn = Decimal(str(fact["points"])), position, False
        item.save()
    return [said for said in (*map(_without, left.values()), _sum_words(row, items)) if said]


def _without(item: RubricItem) -> str:
    """An item that left the rubric goes, unless somebody was graded by it."""
    if item.is_withdrawn:
        return ""
    if not any(model.objects.filter(item=item).exists() for model in (GradeEvent, RegradeRequest)):
        item.delete()
        return ""
    item.is_withdrawn = True
    item.save(update_fields=["is_withdrawn"])
    return f"{item.assignment.short}: the rubric has {item.title} no longer; it counts no more, and what was graded is kept."


def _sum_words(row: Assignment, items: list[dict[str, Any]]) -> str:
    """A rubric that does not add up is told, and taken: extra credit is one. Criteria of extra credit are outside the sum."""
    criteria = [part for part in row.bench_spec.get("criteria", []) if not part.get("bonus")]
    together = sum((Decimal(str(part.get("points", 0))) for part in (*items, *criteria)), Decimal(0))
    if not items or not row.points or together == row.points:
        return ""
    measured = " and criteria" if criteria else ""
    return f"{row.short}: the items of the rubric{measured} add up to {together.normalize():f}, and points says {row.points.normalize():f}."


def rubric_check(source: Source, n: int, item: dict[str, Any]) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for m, fact in enumerate(item.get("rubric", [])):
        at = source.line("assignments", n, "rubric", m)
        if fact["key"] in seen:
            said = f"{item['short']}: the item {fact['key']} stands twice, first at line {seen[fact['key']]}."
            yield Finding(at, "twice", said)
        seen.setdefault(fact["key"], at)
    rules = item.get("regrades", {})
    if rules and rules.get("opens_hours", OPENS_HOURS) >= 24 * rules.get("closes_days", CLOSES_DAYS):
        said = f"{item['short']}: regrade requests close before they open."
        yield Finding(source.line("assignments", n, "regrades"), "ends_before_it_begins", said)
