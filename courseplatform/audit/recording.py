"""The two ways to a row: what a service did, in its transaction; and what somebody of the staff looked at, in one query."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.audit import here
from courseplatform.audit.models import Act, AuditRow
from courseplatform.audit.registry import Read, audit
from courseplatform.courses.models import Course

ONE_LOOK = timedelta(minutes=10)  # the same person at the same page within so long is one row


def audit_record(
    *, course: Course | None, person: User, act: Act, what: str, path: str = "", about: User | None = None, now: datetime | None = None
) -> AuditRow:  # fmt: skip
    """One insert, in the transaction of what it tells of: rolled back with it, and never there without it."""
    return AuditRow.objects.create(
        at=now or timezone.now(), course=course, actor=person.email, actor_person=person, act=act, what=what[:200], path=path[:300],
        about=about, network=here.network(), request_id=here.request_id(),
    )  # fmt: skip


@dataclass(frozen=True)
class Looked:
    """A page that was shown: `parts` is what stands in its address beside the course."""

    read: Read
    person: User
    course: Course | None
    path: str
    parts: Mapping[str, Any]

    @property
    def what(self) -> str:
        return self.read.what.format_map({name: str(value) for name, value in self.parts.items()})[:200]

    @property
    def key(self) -> str:
        """The same for the same person at the same page, whatever stands behind its question mark."""
        return hashlib.sha256(f"{self.person.pk} {self.read.route} {self.path}".encode()).hexdigest()[:32]


def look_record(looked: Looked, now: datetime | None = None) -> None:
    """Write that somebody looked, unless that was written within ten minutes. One query; none where the cache knows of that row.

    Each export is a row: what it held may be other data. Two looks in one moment meet in a unique constraint.
    """
    now = now or timezone.now()
    key = looked.key if looked.read.act == Act.SAW else ""
    if key and cache.get(f"look-{key}"):
        return
    if _insert(looked, key, now) and key:
        cache.set(f"look-{key}", 1, ONE_LOOK.total_seconds())


def _insert(looked: Looked, key: str, now: datetime) -> bool:
    """INSERT ... SELECT ... WHERE NOT EXISTS: the look, whose data it was, and the ten minutes in one statement. Whether it wrote a row."""
    whose, whose_params = _whose(audit.whose_data(looked.parts))
    fields: dict[str, Any] = {
        "at": now, "course_id": looked.course.pk if looked.course else None, "actor": looked.person.email,
        "actor_person_id": looked.person.pk, "act": looked.read.act.value, "what": looked.what, "path": looked.path[:300],
        "network": here.network(), "request_id": here.request_id(), "look": key,
        "span": int(now.timestamp() // ONE_LOOK.total_seconds()) if key else 0,
    }  # fmt: skip
    table, columns = connection.ops.quote_name(AuditRow._meta.db_table), ", ".join([*fields, "about_id"])
    sql = (
        f"INSERT INTO {table} ({columns}) SELECT {', '.join(['%s'] * len(fields))}, {whose} "  # noqa: S608 names of ours; values are parameters  # nosec B608
        f"WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE look = %s AND look <> '' AND at > %s) ON CONFLICT DO NOTHING"
    )
    adapt = connection.ops.adapt_datetimefield_value
    values = [adapt(value) if isinstance(value, datetime) else value for value in fields.values()]
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, *whose_params, key, adapt(now - ONE_LOOK)])
        return bool(cursor.rowcount == 1)


def _whose(found: "QuerySet[Any, Any] | None") -> tuple[str, tuple[Any, ...]]:
    if found is None:
        return "NULL", ()
    sql, params = found.order_by()[:1].query.sql_with_params()
    return f"({sql})", params
