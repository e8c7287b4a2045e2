"""A query that PostgreSQL reads and plans once a connection; after that it gets its values alone.

Reading and planning a query with five joins takes PostgreSQL longer than answering it. psycopg2 has no prepared statements of its own, so these
are SQL's (PREPARE, EXECUTE), made when a connection first asks, outside of any transaction: a statement that PostgreSQL cannot prepare ends
none. What does not vary stands in the statement as it is, since a partial index is found by constants. A lost connection takes its statements
along, and the next one is told them anew. `DATABASE_PREPARE=0` turns it off, for a pooler that lends a connection for one transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DataError, NotSupportedError, ProgrammingError
from django.db.backends.base.base import BaseDatabaseWrapper

# What psycopg2 says of a value's type when it writes it into a query; of words it says nothing.
CASTS = {int: "::bigint", datetime: "::timestamptz", UUID: "::uuid"}
log = structlog.get_logger(__name__)
_numbers = count(1)


class Statement:
    """sql, params: as a compiler gives them. places: the params whose values change from call to call, by where they stand."""

    def __init__(self, sql: str, params: Sequence[Any], places: Mapping[int, str]) -> None:
        self.sql, self.params, self.places = sql, list(params), dict(places)
        self.name, self.is_refused = f"milliamp_{next(_numbers)}", False

    def asked_on(self, connection: BaseDatabaseWrapper, values: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
        """What to send: (sql, params)."""
        if connection.vendor == "postgresql" and settings.DATABASE_PREPARE and self._is_on(connection):
            told = ", ".join(["%s"] * len(self.places))
            return f"EXECUTE {self.name} ({told})" if told else f"EXECUTE {self.name}", tuple(
                values[name] for name in self.places.values()
            )
        filled = list(self.params)
        for place, name in self.places.items():
            filled[place] = values[name]
        return self.sql, tuple(filled)

    def _is_on(self, connection: BaseDatabaseWrapper) -> bool:
        """Whether this connection knows it; it is told now if nothing can come of that."""
        connection.close_if_health_check_failed()  # as a cursor would begin: one that was cut off since the last request goes now, not after this
        connection.ensure_connection()
        theirs: Any = connection
        known: tuple[Any, set[str]] | None = getattr(theirs, "milliamp_statements", None)
        if known is None or known[0] is not connection.connection:  # another one under the same roof
            known = theirs.milliamp_statements = (connection.connection, set())
        if self.name in known[1]:
            return True
        if self.is_refused or connection.in_atomic_block:
            return False
        if is_there := self._prepare(connection, connection.connection):
            known[1].add(self.name)
        return is_there

    def _prepare(self, connection: BaseDatabaseWrapper, raw: Any) -> bool:
        """Past Django's cursor: this is no query of the page's. raw: psycopg2's connection, in autocommit. Raises OperationalError where the
        database is away, as the query itself would."""
        from psycopg2.extensions import AsIs  # type: ignore[import-untyped]

        filled = list(self.params)
        for number, place in enumerate(self.places, 1):
            filled[place] = AsIs(f"${number}{CASTS.get(type(filled[place]), '')}")
        try:
            with connection.wrap_database_errors, raw.cursor() as cursor:
                said = cursor.mogrify(self.sql, tuple(filled)).decode()
                cursor.execute(f"PREPARE {self.name} AS {said}")
        except (ProgrammingError, DataError, NotSupportedError) as error:  # a type that cannot be told from the query
            self.is_refused = True
            log.info("not_prepared", why=str(error).strip(), sql=self.sql[:200])
        return not self.is_refused
