"""Sections of the course home. Each app registers its own when it is ready; `courses` owns the order and knows none of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from courseplatform.courses.access import Visit

Column = Literal["main", "side"]


@dataclass(frozen=True)
class Section:
    """One block of the course home: a template and what fills it. `build` may return None: nothing to show."""

    name: str
    order: int
    column: Column
    template: str
    build: Callable[[Visit, datetime], dict[str, Any] | None]


@dataclass(frozen=True)
class DueMark:
    """Something due, as every page of the course needs it: on the time rule, on the schedule, in the title of the home."""

    label: str
    title: str
    due_at: datetime
    url: str
    state: Any = None
    detail: str = ""


@dataclass
class Registry:
    sections: list[Section] = field(default_factory=list)
    due_sources: list[Callable[[Visit, datetime], list[DueMark]]] = field(default_factory=list)

    def add_section(self, section: Section) -> None:
        self.sections = sorted([s for s in self.sections if s.name != section.name] + [section], key=lambda s: s.order)

    def add_due_source(self, source: Callable[[Visit, datetime], list[DueMark]]) -> None:
        if source not in self.due_sources:
            self.due_sources.append(source)


registry = Registry()


def due_marks(visit: Visit, now: datetime) -> list[DueMark]:
    """Everything due in the course, earliest first, of all apps."""
    return sorted((m for source in registry.due_sources for m in source(visit, now)), key=lambda m: m.due_at)


def built_sections(visit: Visit, now: datetime) -> dict[Column, list[dict[str, Any]]]:
    """The sections that have something to show, each with its template and context, by column."""
    columns: dict[Column, list[dict[str, Any]]] = {"main": [], "side": []}
    for section in registry.sections:
        context = section.build(visit, now)
        if context is not None:
            columns[section.column].append({"name": section.name, "template": section.template, **context})
    return columns
