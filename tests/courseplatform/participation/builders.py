"""What the tests of participation build: a scheme, many students, exports of Slack and Piazza."""

import json
import zipfile
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from uuid import uuid4

from courseplatform.accounts.models import User
from courseplatform.courses.models import Enrolment, Role, Session
from courseplatform.participation.models import Credit
from courseplatform.participation.services.credits import credit_record
from courseplatform.participation.services.imports import import_create

EACH = {"each_percent": 1, "cap_percent": 15, "what": "novel question or helpful answer"}
BONUS = {
    "bonus": True,
    "cap_percent": 4,
    "parts": [
        {"key": "contributors", "title": "Piazza participation", "percent": 3, "top": 10},
        {"key": "evaluation", "title": "Completing mid-semester evaluation", "percent": 1},
        {"key": "karma", "title": "Karma point", "percent": 1},
    ],
}


def with_scheme(course, scheme=EACH):
    course.facts = {**course.facts, "participation": scheme}
    course.save()
    return course


def session_of(course, **fields):
    facts = {
        "held_on": date.today(),
        "starts_at": time(9, 30),
        "ends_at": time(10, 50),
        "title": "Transformers",
        "column": "lecture",
    }
    return Session.objects.create(course=course, **facts | fields)


def give(cast, person, kind="question", *, by=None, session=None, key=None, times=1, **more):
    visit = cast.visit(by or cast.amit)
    for _ in range(times):
        credit, _ = credit_record(
            visit=visit, person=person, kind=kind, session=session, client_key=key or uuid4(), **more
        )
    return credit


def many_students(course, count):
    people = User.objects.bulk_create(
        [User(email=f"s{n}@example.edu", name=f"Student {n:03}", password="!") for n in range(count)]
    )
    Enrolment.objects.bulk_create([Enrolment(course=course, person=person, role=Role.STUDENT) for person in people])
    return people


def many_credits(course, people, each=3, session=None):
    now = Credit._meta.get_field("at").to_python("2026-01-05T12:00:00Z")
    Credit.objects.bulk_create(
        [Credit(course=course, person=person, kind="question", given_by="Amit", at=now + timedelta(minutes=n), session=session)
         for person in people for n in range(each)]
    )  # fmt: skip


@dataclass
class File:
    """A file on disk, as an upload."""

    path: Path
    name: str = "export.zip"

    @property
    def size(self):
        return self.path.stat().st_size

    def temporary_file_path(self):
        return str(self.path)


def zipped(folder, files, name="export.zip"):
    """files: name -> something for JSON, or bytes as they are."""
    path = Path(folder) / f"{uuid4().hex}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for inside, content in files.items():
            file.writestr(inside, content if isinstance(content, bytes) else json.dumps(content))
    return File(path, name)


def on_disk(folder, content, name):
    path = Path(folder) / f"{uuid4().hex}-{name}"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return File(path, name)


def said(user, ts, text, thread=None, **more):
    return {
        "type": "message",
        "user": user,
        "ts": ts,
        "text": text,
        **({"thread_ts": thread} if thread else {}),
        **more,
    }


USERS = [
    {"id": "U1", "profile": {"real_name": "Ruth", "email": "Ruth@example.edu"}},
    {"id": "U2", "profile": {"real_name": "Daniel", "email": "daniel@example.edu"}},
    {"id": "U3", "profile": {"real_name": "Amit", "email": "amit@example.edu"}},
    {"id": "U4", "profile": {"real_name": "Sofia at home"}},
    {"id": "B1", "is_bot": True, "profile": {"real_name": "Reminder"}},
]


def slack_files(messages, channel="general", **more):
    return {
        "channels.json": [{"id": "C1", "name": channel}],
        "users.json": USERS,
        f"{channel}/2026-01-05.json": messages,
    } | more


THREAD = [
    said("U1", "1767600000.000100", "Why does int8 lose accuracy here?"),
    said("U2", "1767600060.000200", "Because the range of one channel is far wider.", "1767600000.000100"),
]


def slack_import(cast, folder, messages=None, **more):
    batch, _ = import_create(
        visit=cast.visit(cast.amit), upload=zipped(folder, slack_files(messages or THREAD)), **more
    )
    return batch


def post(key="p1", uid="pz1", **more):
    history = [
        {
            "uid": uid,
            "anon": "no",
            "subject": "Lab 2",
            "content": "<p>Which <b>batch</b> size?</p>",
            "created": "2026-01-05T12:00:00Z",
        }
    ]
    return {"id": key, "nr": 7, "type": "question", "status": "active", "history": history, "children": []} | more


PIAZZA_USERS = b'email,user_id,name,role\n"ruth.old@example.com, ruth@example.edu",pz1,Ruth,Student\ndaniel@example.edu,pz2,Daniel,Student\n'
