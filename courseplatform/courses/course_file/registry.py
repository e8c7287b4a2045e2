"""The parts a course file is made of. Each app registers its own when it is ready; nobody here knows them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from courseplatform.courses.course_file.reading import Finding, Source
from courseplatform.courses.course_file.words import Schema
from courseplatform.courses.models import Course


@dataclass(frozen=True)
class Edited:
    """Who changed an entry of a part on a page last: an address, or the name of a command."""

    by: str
    at: datetime


@dataclass(frozen=True)
class FilePart:
    """One key at the top of the file.

    dump: what the database holds now, plain values (dates as ISO text), or None for nothing; leaves out what equals a default.
    load: makes the database hold `value` (None: nothing). Returns sentences about what it kept although the file has it no longer;
    work of students is never deleted. check: what a schema cannot say, with lines. edited: who changed which entry on a page after a
    moment (None: ever), by the name that `difference.named` gives the entry (empty: of a part that is no list); left out where nothing is kept of it.
    """

    key: str
    order: int
    schema: Schema
    dump: Callable[[Course], Any]
    load: Callable[[Course, Any], list[str]]
    check: Callable[[Source], Iterator[Finding]] | None = None
    edited: Callable[[Course, datetime | None], Mapping[str, Edited]] | None = None


@dataclass
class FileParts:
    """used_by: asked whether a course holds work that people handed in; then its dates are not moved under it.

    effects: asked what an import would do besides what the file says, with the course, what it holds and what it would hold; sentences
    for the notes of the plan. They write nothing.
    """

    parts: list[FilePart] = field(default_factory=list)
    used_by: list[Callable[[Course], bool]] = field(default_factory=list)
    effects: list[Callable[[Course, dict[str, Any], dict[str, Any]], list[str]]] = field(default_factory=list)

    def add(self, *parts: FilePart) -> None:
        keys = {part.key for part in parts}
        self.parts = sorted([p for p in self.parts if p.key not in keys] + list(parts), key=lambda p: p.order)
        self.__dict__.pop("schema", None)

    def is_in_use(self, course: Course) -> bool:
        return any(is_used(course) for is_used in self.used_by)

    @cached_property
    def schema(self) -> Schema:
        """The JSON Schema of the whole file, 2020-12."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "urn:milliamp:course-file",
            "title": "Milliamp course file",
            "description": "One course, whole. docs/course-file.md explains it.",
            "type": "object",
            "required": ["course"],
            "additionalProperties": False,
            "properties": {part.key: part.schema for part in self.parts},
        }


file_parts = FileParts()


def fact_part(
    key: str, order: int, schema: Schema, check: Callable[[Source], Iterator[Finding]] | None = None
) -> FilePart:
    """A part that is kept as it is, in Course.facts."""

    def load(course: Course, value: Any) -> list[str]:
        facts = {k: v for k, v in course.facts.items() if k != key}
        course.facts = facts if value is None else {**facts, key: value}
        return []

    return FilePart(key, order, schema, lambda course: course.facts.get(key), load, check)
