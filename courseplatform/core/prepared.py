"""A query whose SQL Django builds once in a process; each time after that only its values are put in.

Building the SQL of a page's queries takes longer than the database does to answer them. `Prepared` keeps all that a QuerySet is, rows with their
relations, annotations and prefetches, and spares the building:

    standing = Prepared(lambda person, course: Attempt.objects.filter(person=person, course=course), person=int, course=int)
    rows = standing(person=3, course=7)

    theirs = Prepared(lambda people: Attempt.objects.filter(person__in=people), people=list)
    rows = theirs(people=[3, 4, 9])

The shape of the query must not depend on the values: no None. A list holds keys of rows (`list[UUID]` where these are no numbers), and is filled
up to a length that is a power of two with what changes no `IN`: the SQL is built once for each such length. PostgreSQL, too, reads it once a
connection (on_server.py).
"""

import copy
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any, Generic, TypeVar, get_origin
from uuid import UUID

from django.db import connections
from django.db.models import Model, QuerySet

from courseplatform.core.on_server import Statement

Row = TypeVar("Row", bound=Model)
Kind = type[int] | type[str] | type[datetime] | type[UUID] | type[list[int]] | type[list[UUID]]
Built = tuple[Any, Any, Any, Statement]
NOBODY = 0  # the key of no row


class Prepared(Generic[Row]):
    """kinds: of what type each value is. A value of another type raises TypeError; a value that the SQL does not hold raises ValueError when it is built."""

    def __init__(self, build: Callable[..., QuerySet[Row]], **kinds: Kind) -> None:
        self._build, self._kinds, self._lock = build, kinds, threading.Lock()
        self._built: dict[tuple[str, tuple[int, ...]], Built] = {}

    def __call__(self, **values: Any) -> QuerySet[Row]:
        """The rows, read when they are asked for, as of any QuerySet. To be read, not to be filtered further."""
        for name, kind in self._kinds.items():
            if type(values[name]) is not (get_origin(kind) or kind):
                raise TypeError(f"{name} is a {type(values[name]).__name__}, and was said to be a {kind.__name__}")
        values = {
            name: _filled_up(values[name], UUID(int=NOBODY) if kind == list[UUID] else NOBODY)
            if isinstance(values[name], list)
            else values[name]
            for name, kind in self._kinds.items()
        }
        using = self._alias()
        rows, compiled, converters, statement = self._of(using, _lengths(values))
        connection = connections[using]
        given = {name: _adapted(connection, value) for name, value in _flat(values).items()}
        found: QuerySet[Row] = rows._clone()
        compiler = copy.copy(compiled)
        compiler.connection = connection
        compiler.as_sql = lambda *_, **__: statement.asked_on(connection, given)
        compiler.get_converters = lambda _: converters
        found.query.get_compiler = lambda *_, **__: compiler  # type: ignore[method-assign]
        return found

    def _alias(self) -> str:
        return next((using for using, _ in self._built), None) or str(self._build(**_marks(self._kinds, ())).db)

    def _of(self, using: str, lengths: tuple[int, ...]) -> Built:
        with self._lock:
            if (using, lengths) not in self._built:
                self._built[using, lengths] = self._compile(using, lengths)
            return self._built[using, lengths]

    def _compile(self, using: str, lengths: tuple[int, ...]) -> Built:
        marks = _marks(self._kinds, lengths)
        rows = self._build(**marks)
        compiled = rows.query.get_compiler(using=using)
        sql, params = compiled.as_sql()
        flat = _flat(marks)
        names = {_adapted(connections[using], mark): name for name, mark in flat.items()}
        places = {place: names[value] for place, value in enumerate(params) if _is_plain(value) and value in names}
        if lacking := set(flat) - set(places.values()):
            raise ValueError(f"the query holds no value for {', '.join(sorted(lacking))}")
        # How values of the database become those of the fields: asked of each column of the rows, and the same ones each time.
        converters = compiled.get_converters([column for column, *_ in compiled.select[: compiled.col_count]])
        return rows, compiled, converters, Statement(sql, params, places)


def _marks(kinds: dict[str, Kind], lengths: tuple[int, ...]) -> dict[str, Any]:
    """Values that no query has of its own."""
    first, number, left = datetime(7919, 1, 1, tzinfo=UTC), count(2_091_740_381, -1), iter(lengths)
    marks: dict[str, Any] = {}
    for n, (name, kind) in enumerate(kinds.items()):
        if kind is list:
            marks[name] = list(islice(number, next(left, 1)))
        elif kind == list[UUID]:
            marks[name] = [UUID(int=key) for key in islice(number, next(left, 1))]
        elif kind is str:
            marks[name] = f"\x01mark {n}\x01"
        elif kind is datetime:
            marks[name] = first + timedelta(days=n)
        else:
            marks[name] = UUID(int=next(number)) if kind is UUID else next(number)
    return marks


def _filled_up(keys: list[Any], nobody: int | UUID) -> list[Any]:
    length = 1 << max(len(keys) - 1, 0).bit_length()
    return keys + [keys[-1] if keys else nobody] * (length - len(keys))


def _lengths(values: dict[str, Any]) -> tuple[int, ...]:
    return tuple(len(value) for value in values.values() if isinstance(value, list))


def _flat(values: dict[str, Any]) -> dict[str, Any]:
    """Each key of a list under a name of its own."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= {f"{name} {n}": key for n, key in enumerate(value)} if isinstance(value, list) else {name: value}
    return flat


def _adapted(connection: Any, value: Any) -> Any:
    if isinstance(value, UUID):
        return value if connection.features.has_native_uuid_field else value.hex
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def _is_plain(value: Any) -> bool:
    return isinstance(value, int | str | datetime | UUID)
