"""What no schema says about the stages of a project: days in order, names that stand once, assignments that are there."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from courseplatform.courses.course_file.reading import Finding, Source


def stages_check(source: Source) -> Iterator[Finding]:
    """Findings at their lines: `twice`, `missing_key`, `ends_before_it_begins`, `stages_overlap`, `no_such_assignment`."""
    stages = [
        (n, item)
        for n, item in enumerate(source.tree.get("project", {}).get("stages", []))
        if isinstance(item, dict)  # a name alone says nothing that could be wrong
    ]
    seen: dict[str, int] = {}
    for n, item in stages:
        at = source.line("project", "stages", n)
        if item["key"] in seen:
            yield Finding(at, "twice", f"The stage {item['key']} stands twice, first at line {seen[item['key']]}.")
        seen.setdefault(item["key"], at)
        yield from _days(source, n, item)
        yield from _assignment(source, n, item)
    yield from _order(source, stages)


def _days(source: Source, n: int, item: dict[str, Any]) -> Iterator[Finding]:
    if ("from" in item) != ("until" in item):
        yield Finding(
            source.line("project", "stages", n), "missing_key", f"{item['title']}: from and until go together."
        )
    elif "from" in item and item["from"] > item["until"]:
        said = f"{item['title']} ends on {item['until']}, before it begins on {item['from']}."
        yield Finding(source.line("project", "stages", n, "until"), "ends_before_it_begins", said)
    elif "from" in item and "zone" not in source.tree["course"]:
        said = f"{item['title']} has days, so the course needs course.zone."
        yield Finding(source.line("project", "stages", n), "missing_key", said)


def _assignment(source: Source, n: int, item: dict[str, Any]) -> Iterator[Finding]:
    known = [found["slug"] for found in source.tree.get("assignments", [])]
    if "assignment" in item and item["assignment"] not in known:
        has = f"It has {', '.join(known[:12])}." if known else "The course has none."
        said = f"{item['title']} ends with {item['assignment']}, which is no assignment of the course. {has}"
        yield Finding(source.line("project", "stages", n, "assignment"), "no_such_assignment", said)


def _order(source: Source, stages: list[tuple[int, dict[str, Any]]]) -> Iterator[Finding]:
    """Each stage after the one before it: a reading belongs to one stage, by its time."""
    dated = [(n, item) for n, item in stages if "from" in item and "until" in item]
    for (_, before), (n, item) in pairwise(dated):
        if item["from"] <= before["until"]:
            said = f"{item['title']} begins on {item['from']}, and {before['title']} lasts until {before['until']}. One ends before the next begins."
            yield Finding(source.line("project", "stages", n, "from"), "stages_overlap", said)
