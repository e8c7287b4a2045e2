"""The scheme of a course grade, as the course file says it at `grading`."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.text import slugify

from courseplatform.courses.models import Course
from grading.gradebook import ALL, ZERO, Component, Condition, Curve, Letter, Scheme

Facts = Mapping[str, Any]
STEPS = ("add", "times", "root")


def scheme_of(course: Course) -> Scheme:
    """An empty scheme where the course file states none: then there are grades of assignments and no course grade. No query."""
    facts: Facts = course.fact("grading", default={}) or {}
    components = tuple(_component(n, part) for n, part in enumerate(facts.get("components", []), 1))
    passing = facts.get("pass")
    return Scheme(
        components,
        (_condition(passing),) if passing and passing.get("of") else (),
        tuple(_curve(step) for step in facts.get("curve", [])),
        tuple(Letter(one["letter"], Decimal(str(one["from"]))) for one in facts.get("letters", [])),
        facts.get("letters_shown", True),
    )


def has_scheme(course: Course) -> bool:
    return bool(course.fact("grading", "components", default=()))


def _component(number: int, part: Facts) -> Component:
    return Component(
        key=part.get("key") or slugify(part["title"])[:60] or f"part{number}",
        title=part["title"],
        percent=_decimal(part.get("percent")) or ZERO,
        group=part.get("group", ""),
        count=part.get("count", 0),
        drop_lowest=part.get("drop_lowest", 0),
        cap=_decimal(part.get("cap_percent")),
        is_bonus=part.get("bonus", False),
        work=_names(part.get("of")),
        sources=_names(part.get("from")),
    )


def _condition(passing: Facts) -> Condition:
    return Condition(passing.get("turned_in", 0), _names(passing["of"]), passing.get("note", ""))


def _curve(step: Facts) -> Curve:
    """Exactly one of the three stands in it; the course file's check says so."""
    kind = next(name for name in STEPS if name in step)
    by = ZERO if kind == "root" else Decimal(str(step[kind]))
    return Curve(kind, by, ALL if (most := _decimal(step.get("most"))) is None else most, step.get("why", ""))


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _names(value: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(value or ())
