"""Which rows of which tables belong to a course: followed along foreign keys, so that no table can be forgotten. Asked by the archive of a
course and by its deletion.

A row belongs to a course by the shortest chain of keys that are always set; where there is none, by any chain. A row that
another one extends (a job, which a run extends) belongs where that one does. What no key tells, rooms say here.
"""

from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import ForeignKey, Model, Q, QuerySet

from courseplatform.courses.models import Course

Kind = type[Model]
Where = Callable[[Course], Q]
# What keys do not tell: label of a model -> which of its rows are of a course.
_said: dict[str, Where] = {}
# Label of a model -> label of the table by whose rows one knows which of its rows are of a course: the two go in one moment.
KNOWN_BY: dict[str, str] = {}
_FIRST = set[str]()
# What ends before the first row of a course goes.
_before: dict[str, Callable[[Course], None]] = {}


def belongs(label: str, where: Where, *, known_by: str = "", goes_first: bool = False) -> None:
    """label: of the model, `uploads.Upload`. Rows of other models whose keys lead there belong with it. goes_first: with other rows gone, nobody
    would know whose these are."""
    _said[label] = where
    if goes_first:
        _FIRST.add(label)
    if known_by:
        KNOWN_BY[label] = known_by
    course_tables.cache_clear()
    in_order.cache_clear()


def before_course_goes(name: str, act: Callable[[Course], None]) -> None:
    """act: may be called more than once."""
    _before[name] = act


def end_before(course: Course) -> None:
    for name in sorted(_before):
        _before[name](course)


def keys_of(model: Kind) -> list[ForeignKey[Any, Any]]:
    """Foreign keys in the model's own table, without the one that makes it an extension of another."""
    found = [one for one in model._meta.local_concrete_fields if isinstance(one, ForeignKey)]
    return [one for one in found if not (one.remote_field.parent_link and one.primary_key)]


def parents_of(model: Kind) -> list[Kind]:
    """The tables that this one extends."""
    return [parent for parent, link in model._meta.parents.items() if link is not None]


def all_tables() -> list[Kind]:
    found = apps.get_models(include_auto_created=True)
    return [one for one in found if one._meta.managed and not one._meta.proxy]


@cache
def course_tables() -> dict[Kind, Where]:
    """Every table that holds rows of courses, the course's own left out, by label."""
    found: dict[Kind, Where] = {}
    _follow(found, [Course], set())
    of_courses: set[Kind] = {Course, *found}
    said = {apps.get_model(label): where for label, where in _said.items()}
    found |= said
    _follow(found, list(said), of_courses)
    _rest(found)
    for parent in {parent for model in found for parent in parents_of(model)}:
        found.setdefault(parent, _of_children(parent, [one for one in found if parent in parents_of(one)], found))
    _rest(found)
    return dict(sorted(found.items(), key=lambda pair: pair[0]._meta.label))


def rows_of(course: Course, model: Kind) -> QuerySet[Any]:
    """Through the base manager, which may delete what is only added."""
    return model._base_manager.filter(course_tables()[model](course))


def _follow(found: dict[Kind, Where], roots: list[Kind], besides: set[Kind]) -> None:
    """Along keys that are always set, breadth first, so that chains are short. Tables that lead to `besides`, too, wait for the rest."""
    waiting = deque[Kind](roots)
    while waiting:
        target = waiting.popleft()
        for model in all_tables():
            sure = [one for one in keys_of(model) if one.related_model is target and not one.null]
            if (
                not sure
                or model in found
                or model is Course
                or any(one.related_model in besides for one in keys_of(model))
            ):
                continue
            found[model] = _along(sure[:1], found)
            waiting.append(model)


def _rest(found: dict[Kind, Where]) -> None:
    """Along any keys, and a row belongs where one of them leads to a course; as far as they lead."""
    while True:
        new = dict[Kind, Where]()
        for model in all_tables():
            keys = [one for one in keys_of(model) if one.related_model is Course or one.related_model in found]
            if keys and model not in found and model is not Course:
                new[model] = _along(keys, found)
        if not new:
            return
        found |= new


def _along(keys: list[ForeignKey[Any, Any]], found: dict[Kind, Where]) -> Where:
    """Rows whose keys lead to rows of the course."""

    def where(course: Course) -> Q:
        said = Q()
        for key in keys:
            target: Kind = key.related_model
            if target is Course:
                said |= Q(**{key.name: course.pk})
            else:
                said |= Q(**{f"{key.name}__in": target._base_manager.filter(found[target](course)).values("pk")})
        return said

    return where


def _of_children(parent: Kind, children: list[Kind], found: dict[Kind, Where]) -> Where:
    def where(course: Course) -> Q:
        said = Q()
        for child in children:
            said |= Q(pk__in=child._base_manager.filter(found[child](course)).values("pk"))
        return said

    return where


@cache
def in_order() -> tuple[Kind, ...]:
    """The tables of courses, each before those that its keys lead to; where keys go round, the empty ones of them wait behind."""
    left, order = dict.fromkeys(course_tables()), list[Kind]()
    while left:
        order.append(next(_ready(left, is_strict=True), None) or next(_ready(left, is_strict=False)))
        del left[order[-1]]
    for label, known_by in KNOWN_BY.items():  # nothing but the course is led to by these links
        link = apps.get_model(known_by)
        order.remove(link)
        order.insert(order.index(apps.get_model(label)), link)
    first = [
        model
        for model in order
        if _FIRST & {model._meta.label, *(one.related_model._meta.label for one in keys_of(model))}
    ]
    return (*first, *(model for model in order if model not in first))


def _ready(left: dict[Kind, None], *, is_strict: bool) -> Any:
    """Tables to which no other one that is left leads; not strict: by a key that is always set."""
    for model in left:
        others = (one for other in left if other is not model for one in _leads(other))
        if not any(target is model and (is_strict or not may_be_empty) for target, may_be_empty in others):
            yield model


def _leads(model: Kind) -> list[tuple[Any, bool]]:
    return [(one.related_model, one.null) for one in keys_of(model)] + [(one, False) for one in parents_of(model)]
