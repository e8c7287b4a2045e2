"""What every page of a course reads and hardly anybody writes, kept in the process as long as no such row was changed.

A course's plan (assignments, meetings, office hours, who has an extension) is read by every page and written a few times a day. `kept` reads it
once and hands it out again until a row of a QUIET table changes. Nobody has to say so: each statement that writes a quiet table also adds a
row to PlanChange, in the same transaction, in whichever process. The sum of those rows' random numbers is the stamp: another set of
rows has another sum, so two changes that end in any order are both seen. One short query a request asks for it.

What is kept belongs to nobody in particular: a course's rows, never a person's page. Callers do not change what they get.
"""

import random
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from django.core.signals import request_finished, request_started
from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.utils import timezone

from courseplatform.core.models import PlanChange

MOST_KEPT = 2000  # values, of all courses
OLDEST_S = 60.0  # for a row that was changed by hand in the database, past Django
PRUNED_AFTER = timedelta(days=1)
WRITES = ("INSERT", "UPDATE", "DELETE")
log = structlog.get_logger(__name__)
T = TypeVar("T")
Row = TypeVar("Row", bound=models.Model)

# A sign-in changes a person's row, and nothing that a page of others shows.
NOT_TOLD = ('UPDATE "accounts_user" SET "last_login"', 'UPDATE "accounts_user" SET "tours_seen"')
READ = re.compile(r'(?:FROM|JOIN) "(\w+)"')

quiet_tables: set[str] = set()
strangers: dict[str, set[str]] = {}
_values: OrderedDict[Hashable, tuple[int, float, Any]] = OrderedDict()
_lock = threading.Lock()
_request = threading.local()


def quiet(*rows: type[models.Model]) -> None:
    """Said by an app in ready(): rows of these models are kept, so each change of them is told."""
    quiet_tables.update(one._meta.db_table for one in rows)


def kept(name: str, key: Hashable, make: Callable[[], T]) -> T:
    """What `make` returns, from this process's memory where no quiet row was changed since.

    `make` reads quiet tables only, and nothing of the hour or of who asks: what reads another table is not kept, an error stands in the log, and
    the tests fail (`strangers`). Inside a transaction it is always made anew: what is not committed is nobody else's.
    """
    if transaction.get_connection().in_atomic_block:
        return make()
    stamp, whole, now = stamp_now(), (name, key), time.monotonic()
    with _lock:
        found = _values.get(whole)
        if found is not None and found[0] == stamp and now < found[1]:
            _values.move_to_end(whole)
            value: T = found[2]
            return value
    read: set[str] = set()
    with transaction.get_connection().execute_wrapper(partial(_noted, read)):
        value = make()
    if others := read - quiet_tables:
        strangers[name] = others
        log.error("kept_reads_what_is_not_quiet", name=name, tables=sorted(others))
        return value
    with _lock:
        _values[whole] = (stamp, now + OLDEST_S, value)
        _values.move_to_end(whole)
        while len(_values) > MOST_KEPT:
            _values.popitem(last=False)
    return value


def kept_rows(name: str, key: Hashable, rows: Callable[[], Iterable[Row]]) -> list[Row]:
    """Rows of a quiet table, as new objects each time: what a page writes on them, no other page sees."""
    return [_copy_of(row) for row in kept(name, key, lambda: list(rows()))]


def kept_ids(name: str, key: Hashable, ids: Callable[[], Iterable[Any]]) -> frozenset[Any]:
    """Whom something concerns: whoever is not among them is not asked for further."""
    return kept(name, key, lambda: frozenset(ids()))


def _copy_of(row: Row) -> Row:
    """Far cheaper than copy.copy, which goes through pickle's door. Rows that came along by select_related are shared."""
    copy = object.__new__(type(row))
    copy.__dict__.update(row.__dict__)
    state = object.__new__(type(row._state))
    state.__dict__.update(row._state.__dict__)
    if "fields_cache" in state.__dict__:
        state.fields_cache = dict(state.fields_cache)
    copy._state = state
    return copy


def plan_changes_prune() -> int:
    """Daily. A sum over fewer rows is another sum, so each process reads its rows anew, once."""
    gone, _ = PlanChange.objects.filter(at__lt=timezone.now() - PRUNED_AFTER).delete()
    return gone


def forget_all() -> None:
    with _lock:
        _values.clear()


def stamp_now() -> int:
    """One query a request; outside of requests, one each time. A request asks before it reads any row that it hands to `make`: then nothing that
    is older than its stamp is kept under it."""
    if transaction.get_connection().in_atomic_block:
        return 0  # nothing is kept there
    found: int | None = getattr(_request, "stamp", None)
    if found is not None:
        return found
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT COALESCE(SUM(token), 0) FROM core_planchange")
        stamp = int(cursor.fetchone()[0])
    if getattr(_request, "is_open", False):
        _request.stamp = stamp
    return stamp


def listen() -> None:
    """Once a process, by CoreConfig.ready."""
    request_started.connect(_begin)
    request_finished.connect(_end)
    connection_created.connect(_watch)


def _begin(**_: Any) -> None:
    _request.stamp, _request.is_open = None, True


def _end(**_: Any) -> None:
    _request.stamp, _request.is_open = None, False


def _watch(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Below whatever is wrapped around a request: it may be the first one on this connection, and in its end takes the topmost away."""
    if _told not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, _told)


@contextmanager
def nobody_told(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """For a database that has no table of changes yet: nothing can have been kept of it."""
    connection.ensure_connection()
    connection.execute_wrappers.remove(_told)
    try:
        yield
    finally:
        _watch(connection)


def _noted(read: set[str], execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    read.update(READ.findall(sql))
    return execute(sql, params, many, context)


def _told(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Around every statement of every connection."""
    if not sql.startswith(WRITES) or (table := _table(sql)) not in quiet_tables or sql.startswith(NOT_TOLD):
        return execute(sql, params, many, context)
    connection: BaseDatabaseWrapper = context["connection"]
    _request.stamp = None
    # SQLite commits when its last statement is read to the end: an INSERT whose key nobody has fetched yet takes the next one along.
    is_unread = connection.vendor == "sqlite" and " RETURNING " in sql
    if connection.in_atomic_block or is_unread:
        done = execute(sql, params, many, context)
        _tell(connection, table)
        return done
    with transaction.atomic(using=connection.alias):
        done = execute(sql, params, many, context)
        _tell(connection, table)
    return done


def _table(sql: str) -> str:
    """Django quotes: INSERT INTO "t" …, UPDATE "t" …, DELETE FROM "t" …, INSERT OR IGNORE INTO "t" …"""
    begin = sql.find('"') + 1
    return sql[begin : sql.find('"', begin)]


def _tell(connection: BaseDatabaseWrapper, table: str) -> None:
    """Once a transaction: nobody else sees it before its end. A savepoint that is rolled back takes the row along, and what was put off
    until the commit, which is how a second write knows."""
    if connection.in_atomic_block:
        if any(later[1] is _is_told for later in connection.run_on_commit):
            return
        connection.on_commit(_is_told)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_planchange (token, named, at) VALUES (%s, %s, %s)",
            [random.getrandbits(40), table[:60], connection.ops.adapt_datetimefield_value(timezone.now())],
        )


def _is_told() -> None:
    """Nothing is left to do at the commit."""
