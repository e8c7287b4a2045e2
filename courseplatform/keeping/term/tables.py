"""Every row of a course as JSON, one table a file: what no other file of the archive says is here."""

import json
import zlib
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from courseplatform.accounts.models import User
from courseplatform.core.file_places import places
from courseplatform.courses.access import Visit
from courseplatform.courses.archive_parts import ArchivePart, Entry, Made, Stored, Text
from courseplatform.courses.belongings import Kind, course_tables, rows_of
from courseplatform.courses.models import Course

# What is in no archive, and why.
LEFT_OUT = {
    "hardware.RunnerToken": "keys of boards",
    "hardware.EnrolCode": "keys of boards",
    "roster.Invitation": "secret links",
    "roster.InvitationMove": "secret links",
    "notices.Answer": "surveys are anonymous: what was answered is in surveys/, added up",
    "notices.Completion": "surveys are anonymous",
    "keeping.CourseArchive": "archives themselves",
    "keeping.ArchiveMove": "archives themselves",
    "keeping.CourseDeletion": "what is planned with the course",
    "uploads.Upload": "files on their way",
    "uploads.UploadMove": "files on their way",
    "hardware.RunnerSample": "temperatures of boards, every few seconds",
}
# What goes on in a closed course by itself: it says nothing about whether an archive is of now.
GOES_ON = {
    "audit.AuditRow", "audit.StudentView", "notices.Notification", "hardware.Runner", "hardware.RunnerHour", "hardware.RunnerAlert",
    "hardware.RunnerEvent", "hardware.HealthCheck", "hardware.HealthMove", "hardware.RunnerMove", "keeping.Leaving", "grading.PassbackScore",
    "grading.PassbackTry", "grading.LateStale",
}  # fmt: skip
FOLDER, FILES = "tables", "files"
PIECE = 2000


def archived_tables() -> list[Kind]:
    found: list[Kind] = [Course, *course_tables()]
    return [one for one in found if one._meta.label not in LEFT_OUT]


def table_path(model: Kind) -> str:
    return f"{FOLDER}/{model._meta.label}.jsonl"


def table_lines(course: Course, model: Kind) -> Iterator[bytes]:
    """A line a row, in the order of the keys; every column under its name in the database."""
    columns = [one.attname for one in model._meta.concrete_fields]
    for row in table_rows(course, model).order_by("pk").values(*columns).iterator(PIECE):
        yield _line(row)


def table_rows(course: Course, model: Kind) -> Any:
    return Course.objects.filter(pk=course.pk) if model is Course else rows_of(course, model)


def _line(row: dict[str, Any]) -> bytes:
    plain = {name: _text(value) if isinstance(value, bytes | memoryview) else value for name, value in row.items()}
    return f"{json.dumps(plain, cls=DjangoJSONEncoder, ensure_ascii=False)}\n".encode()


def _text(value: bytes | memoryview) -> str:
    """What a column of bytes holds: a text, mostly packed by zlib; in base64 where it is none."""
    data = bytes(value)
    with suppress(zlib.error):
        data = zlib.decompress(data)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return f"base64:{b64encode(data).decode()}"


def people_data(course: Course) -> bytes:
    """Everybody whom a row of the course names by number: the key to these numbers."""
    keys = set[int]()
    for model in archived_tables():
        if model is Course:
            continue
        for one in model._meta.local_concrete_fields:
            if one.related_model is User:
                keys.update(
                    rows_of(course, model).exclude(**{one.name: None}).values_list(one.attname, flat=True).distinct()
                )
    people = User.objects.filter(pk__in=keys).order_by("pk").values("id", "name", "email")
    return b"".join(_line(dict(row)) for row in people)


def files_of(course: Course) -> Iterator[tuple[str, str]]:
    """(place, name) of every stored file that a row of the course names, in the order of tables and names."""
    tables = course_tables()
    for place in places():
        for model, column in sorted(place.columns(), key=lambda one: (one[0]._meta.label, one[1])):
            if model in tables and model._meta.label not in LEFT_OUT:
                named = rows_of(course, model).exclude(**{column: ""}).order_by(column).values_list(column, flat=True)
                yield from ((place.key, str(name)) for name in named.distinct())


def _rest(visit: Visit) -> Iterable[Entry]:
    for place, name in files_of(visit.course):
        yield Stored(f"{FILES}/{place}/{name}", name, place, is_rest=True)


def _build(visit: Visit) -> Iterable[Entry]:
    yield Text("people/accounts.jsonl", people_data(visit.course))
    for model in archived_tables():
        if table_rows(visit.course, model).exists():
            yield Made(table_path(model), partial(table_lines, visit.course, model))


PART = ArchivePart(
    "tables", 900,
    {
        "people/accounts.jsonl": "the people whom tables name by number: id, name, e-mail address",
        f"{FOLDER}/": "every row of the course, one table a file, one row a line of JSON. `*_id` is the number of a row of another table",
    },
    _build,
)  # fmt: skip
REST = ArchivePart(
    "files",
    890,
    {
        f"{FILES}/": "every other file that a row of the course names: photos, papers, pictures in notes, what went to boards"
    },
    _rest,
)
