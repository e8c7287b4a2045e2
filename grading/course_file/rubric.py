"""The keys `rubric` and `regrades` of an assignment in the course file."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from courseplatform.courses.course_file.reading import Finding, Source
from courseplatform.courses.course_file.words import count, flag, line, listed, mapping, number, slug
from grading.grade_facts import item_of
from grading.models.assignments import Assignment
from grading.models.grades import GradeEvent, RubricItem, RubricOption
from grading.models.regrades import RegradeRequest
from grading.regrade_rules import CLOSES_DAYS, OPENS_HOURS
from grading.rubric import Item, Option

MOST_POINTS = 9999
CENT = Decimal("0.01")
RUBRIC_OPTION = mapping(
    "What a grader can tick in an item.",
    ("key", "title", "points"),
    key=slug("Its name in the record; never reused for something else."),
    title=line("As it stands beside the points.", 240),
    points=number("What it gives, or takes: -0.25.", -MOST_POINTS, MOST_POINTS),
)
RUBRIC_ITEM = mapping(
    "What a person grades.",
    ("key", "title", "points"),
    key=slug("Its name in the record; never reused for something else."),
    title=line("As it stands beside the points.", 160),
    points=number("The most it gives.", 0.01, MOST_POINTS),
    note=line("What the points are given for.", 400),
    options=listed(RUBRIC_OPTION, "What can be ticked in it; their sum counts, from 0 to what the item gives.", 40),
    exactly_one=flag("Exactly one of its options is ticked.", default=False),
    extra=flag("Extra credit, beyond what the assignment is worth.", default=False),
)
RUBRIC = listed(RUBRIC_ITEM, "The items that a person grades, in their order.", 100)
REGRADES = mapping(
    "Requests to look at an item again; left out: none are taken.",
    opens_hours=count("Hours after the release; left out: 24.", 0, 720),
    closes_days=count("Days after the release, and after an answer to object to it; left out: 7.", 1, 120),
    limit=count("Requests of each student or team; left out: 3.", 1, 100),
)


def rubric_dump(row: Assignment) -> dict[str, Any]:
    items = entries_of([item_of(item) for item in row.rubric.all()])
    return ({"rubric": items} if items else {}) | ({"regrades": row.regrade_rules} if row.regrade_rules else {})


def entries_of(items: Sequence[Item]) -> list[dict[str, Any]]:
    """As the file says them; what was withdrawn is left out."""
    return [entry_of(item) for item in items if not item.is_withdrawn]


def entry_of(item: Item) -> dict[str, Any]:
    said: dict[str, Any] = {"key": item.key, "title": item.title, "points": _plain(item.of)}
    said |= {"note": item.note} if item.note else {}
    options = [option_entry(option) for option in item.offered]
    said |= {"options": options} if options else {}
    return said | ({"exactly_one": True} if item.is_one_of else {}) | ({"extra": True} if item.is_extra else {})


def option_entry(option: Option) -> dict[str, Any]:
    return {"key": option.key, "title": option.title, "points": _plain(option.points)}


def _plain(points: Decimal) -> float | int:
    return int(points) if points == points.to_integral_value() else float(points)


def items_said(old: Sequence[Item], rubric: Sequence[dict[str, Any]]) -> list[Item]:
    """The items that these entries say, after the rubric `old`: what they leave out stands at the end, withdrawn."""
    before = {item.key: item for item in old}
    found = [_item_said(before.get(fact["key"]), fact) for fact in rubric]
    said = {item.key for item in found}
    return found + [replace(item, is_withdrawn=True) for item in old if item.key not in said]


def _item_said(old: Item | None, fact: dict[str, Any]) -> Item:
    options = [Option(one["key"], one["title"], cents(one["points"])) for one in fact.get("options", [])]
    said = {option.key for option in options}
    left = [replace(one, is_withdrawn=True) for one in (old.options if old else ()) if one.key not in said]
    return Item(
        fact["key"], fact["title"], cents(fact["points"]), fact.get("note", ""), False, (*options, *left),
        fact.get("exactly_one", False), fact.get("extra", False),
    )  # fmt: skip


def cents(points: float) -> Decimal:
    return Decimal(str(points)).quantize(CENT)


def rubric_load(row: Assignment, items: list[dict[str, Any]]) -> list[str]:
    """Make the rows of a saved assignment's rubric hold these items; grades follow in services/rubric_writing.py.

    Returns sentences about what stays or does not add up.
    """
    left = {item.key: item for item in RubricItem.objects.filter(assignment=row)}
    for position, fact in enumerate(items):
        item = left.pop(fact["key"], None) or RubricItem(assignment=row, key=fact["key"])
        item.title, item.note = fact["title"], fact.get("note", "")
        item.points, item.position, item.is_withdrawn = Decimal(str(fact["points"])), position, False
        item.is_one_of, item.is_extra = fact.get("exactly_one", False), fact.get("extra", False)
        item.save()
        _options_load(item, fact.get("options", []))
    return [said for said in (*map(_without, left.values()), _sum_words(row, items)) if said]


def _options_load(item: RubricItem, options: list[dict[str, Any]]) -> None:
    """An option that left goes, unless somebody was graded by it."""
    left = {option.key: option for option in RubricOption.objects.filter(item=item)}
    for position, fact in enumerate(options):
        option = left.pop(fact["key"], None) or RubricOption(item=item, key=fact["key"])
        option.title, option.points = fact["title"], Decimal(str(fact["points"]))
        option.position, option.is_withdrawn = position, False
        option.save()
    used = {key for keys in GradeEvent.objects.filter(item=item).values_list("options", flat=True) for key in keys}
    for option in left.values():
        if option.key not in used:
            option.delete()
        elif not option.is_withdrawn:
            option.is_withdrawn = True
            option.save(update_fields=["is_withdrawn"])


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
    core = [fact for fact in items if not fact.get("extra")]
    together = sum((Decimal(str(part.get("points", 0))) for part in (*core, *criteria)), Decimal(0))
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
        yield from _options_check(source, n, m, item["short"], fact)
        yield from _cents_check(source, n, m, item["short"], fact)
    rules = item.get("regrades", {})
    if rules and rules.get("opens_hours", OPENS_HOURS) >= 24 * rules.get("closes_days", CLOSES_DAYS):
        said = f"{item['short']}: regrade requests close before they open."
        yield Finding(source.line("assignments", n, "regrades"), "ends_before_it_begins", said)


def _cents_check(source: Source, n: int, m: int, short: str, fact: dict[str, Any]) -> Iterator[Finding]:
    """Points of grades have two decimals; they are not rounded in silence."""
    here: tuple[str | int, ...] = ("assignments", n, "rubric", m)
    given = [((*here, "points"), fact["points"])]
    given += [((*here, "options", k, "points"), one["points"]) for k, one in enumerate(fact.get("options", []))]
    for path, points in given:
        if cents(points) != Decimal(str(points)):
            said = f"{short}: {points} has more than two decimals; give points like 2.25."
            yield Finding(source.line(*path), "too_many_decimals", said)


def _options_check(source: Source, n: int, m: int, short: str, fact: dict[str, Any]) -> Iterator[Finding]:
    at = source.line("assignments", n, "rubric", m)
    options, most = fact.get("options", []), Decimal(str(fact["points"]))
    if fact.get("exactly_one") and not options:
        yield Finding(at, "one_of_nothing", f"{short}: {fact['title']} takes exactly one of its options, and has none.")
    keys = [option["key"] for option in options]
    for key in dict.fromkeys(key for key in keys if keys.count(key) > 1):
        yield Finding(at, "twice", f"{short}: {fact['title']} has the option {key} twice.")
    given = [Decimal(str(option["points"])) for option in options]
    best = max(given, default=most) if fact.get("exactly_one") else sum(filter(lambda one: one > 0, given), Decimal(0))
    if options and best < most:
        said = f"{short}: the options of {fact['title']} give at most {best} of its {most} points."
        yield Finding(at, "never_full", said)
