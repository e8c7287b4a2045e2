"""The demo course's participation: ten weeks of questions and answers, who was there, and an export of Slack to choose from."""

import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.access import visit_of
from courseplatform.courses.models import Course, Session
from courseplatform.participation.models import Attendance, Credit
from courseplatform.participation.selectors.sessions import class_sessions
from courseplatform.participation.services.imports import import_create

SCHEME = {
    "each_percent": 1,
    "cap_percent": 15,
    "what": "novel question or helpful answer",
}  # 11-767 Fall 2021, as the demo's grading
TA, INSTRUCTOR = "amit.rosen@example.edu", "helen.castell@example.edu"
# How often each took part in ten weeks, and what was noted with some of it. Invented, as the people are.
COUNTS = {
    "ruth.adeyemi": 10,
    "daniel.park": 8,
    "sofia.lindgren": 2,
    "kenji.mori": 13,
    "ana.silva": 16,
    "tomas.novak": 6,
    "leila.haddad": 4,
}
REASONS = {
    "question": (
        "asked whether int8 activations need a second pass over the calibration set",
        "asked why the first layer is left in float",
        "",
        "asked what the governor does to repeated latency runs",
        "",
    ),
    "answer": (
        "explained per-channel scales with an example of two filters",
        "",
        "helped another team read its power trace",
        "said why depthwise layers are bound by memory",
        "",
    ),
}
# By the number of the session; -1 is the last one.
AWAY = {("leila.haddad", -1): "virtual", ("tomas.novak", -1): "excused", ("ruth.adeyemi", 6): "virtual",
        ("daniel.park", 3): "virtual", ("sofia.lindgren", 2): "absent", ("sofia.lindgren", 5): "absent",
        ("kenji.mori", 4): "virtual",
        ("ana.silva", 6): "excused", ("tomas.novak", 1): "virtual", ("leila.haddad", 7): "excused", ("daniel.park", 8): "virtual"}  # fmt: skip


def load(*, course: Course, people: Mapping[str, User], now: datetime) -> None:
    """Once, on a fresh course."""
    if course.fact("participation") is None:
        course.facts["participation"] = SCHEME
        course.save(update_fields=["facts"])
    today = timezone.localdate(now, course.tz)
    held = [session for session in class_sessions(course) if session.day <= today]
    if not held:
        return
    Credit.objects.bulk_create(_credits(course, people, held, now))
    Attendance.objects.bulk_create(_attendance(course, people, held, now))
    _slack(course, people, now)


def _start(course: Course, session: Session) -> datetime:
    return course.wall(session.day, session.starts_at or time(9, 30))


def _credits(course: Course, people: Mapping[str, User], held: list[Session], now: datetime) -> list[Credit]:
    found = []
    for place, (name, count) in enumerate(COUNTS.items()):
        for n in range(count):
            session = held[-1] if n == count - 1 and place % 2 == 0 else held[(n * len(held)) // count]
            # Today's class is shown as running, whenever the demo is looked at.
            minutes = 8 + 7 * ((place + 3 * n) % 9)
            at = min(_start(course, session) + timedelta(minutes=minutes), now - timedelta(minutes=(60 - minutes) // 4))
            kind = ("question", "answer")[(place + n) % 2]
            found.append(
                Credit(
                    course=course, person=people[f"{name}@example.edu"], session=session, kind=kind, at=at, channel=_channel(name, session, held),
                    reason=REASONS[kind][(place + n) % 5], given_by=people[TA if n % 3 else INSTRUCTOR].name,
                )
            )  # fmt: skip
    taken_back = found[2]
    taken_back.withdrawn_at, taken_back.withdrawn_by = taken_back.at + timedelta(hours=5), people[INSTRUCTOR].name
    taken_back.withdrawn_why = "noted twice: the same question stands on the card of the session before"
    found.append(
        Credit(
            course=course, person=people["ruth.adeyemi@example.edu"], kind="other", channel="other", at=now - timedelta(days=6),
            reason="wrote up how to flash the board from macOS for the whole class", given_by=people[INSTRUCTOR].name,
        )
    )  # fmt: skip
    return found


def _channel(name: str, session: Session, held: list[Session]) -> str:
    return "zoom" if _mode(name, held.index(session), held) == "virtual" else "class"


def _mode(name: str, n: int, held: list[Session]) -> str:
    return AWAY.get((name, n)) or AWAY.get((name, n - len(held))) or "in_person"


def _attendance(course: Course, people: Mapping[str, User], held: list[Session], now: datetime) -> list[Attendance]:
    return [
        Attendance(
            session=session, person=people[f"{name}@example.edu"], mode=_mode(name, n, held), by=people[TA].name,
            at=min(_start(course, session) + timedelta(minutes=5), now),
        )
        for n, session in enumerate(held)
        for name in COUNTS
    ]  # fmt: skip


@dataclass
class _File:
    """A file of ours that is read like an upload."""

    path: Path
    name: str | None = "11-767 Slack export.zip"

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def temporary_file_path(self) -> str:
        return str(self.path)


def _slack(course: Course, people: Mapping[str, User], now: datetime) -> None:
    """A small export, read by the same service that the page calls; its import stays open for staff to choose from."""
    with tempfile.TemporaryDirectory(prefix="milliamp-demo-") as folder:
        path = Path(folder) / "slack.zip"
        with zipfile.ZipFile(path, "w") as file:
            for name, content in _export(people, timezone.localtime(now, course.tz)).items():
                file.writestr(name, json.dumps(content))
        import_create(visit=visit_of(people[TA], course.slug), upload=_File(path), question_channels="lab-help")


def _export(people: Mapping[str, User], now: datetime) -> dict[str, object]:
    keys = {email.split("@")[0].split(".")[0]: f"U{n:05d}" for n, email in enumerate(people)}
    users: list[dict[str, object]] = [
        {"id": f"U{n:05d}", "profile": {"real_name": person.name, "email": email}} for n, (email, person) in enumerate(people.items())
    ]  # fmt: skip
    users.append({"id": "U90001", "profile": {"real_name": "Ruth A. (phone)"}})
    day = now.replace(hour=16, minute=0, second=0, microsecond=0) - timedelta(days=2)

    def said(who: str, minutes: int, text: str, thread: int | None = None) -> dict[str, object]:
        ts = f"{(day + timedelta(minutes=minutes)).timestamp():.6f}"
        start = f"{(day + timedelta(minutes=thread)).timestamp():.6f}" if thread is not None else ts
        return {"type": "message", "user": keys.get(who, who), "text": text, "ts": ts, "thread_ts": start}

    help_ = [
        said("tomas", 0, "The converter refuses my custom op when I quantize. Has anybody replaced a hard swish by hand?"),
        said("ana", 6, "Yes: relu6(x + 3) * x / 6, then it folds into three ops that int8 knows.", 0),
        said("kenji", 11, "It costs two more activations at the peak, mind the SRAM line of Lab 3.", 0),
        said("tomas", 19, "Works, thank you", 0),
        said("leila", 40, "Is the 1 s of warm-up part of the energy figure?"),
        said("amit", 44, "No, it begins after the warm-up.", 40),
        said("ana", 51, "And the idle power is taken off: the page on measurement says how.", 40),
        {"type": "message", "subtype": "channel_join", "user": keys["sofia"], "ts": f"{day.timestamp() + 3500:.6f}", "text": "joined"},
    ]  # fmt: skip
    general = [
        said("helen", 70, "Project sharing is on Thursday. Bring the board and one slide."),
        said("U90001", 75, "May the slide show a plot that is still running?", 70),
        said("daniel", 90, "Does pruning before quantization always win, or only for wide layers?"),
        said("ruth", 97, "In the paper of last week only for wide ones; the table in section 5 has both orders.", 90),
    ]
    name = f"{day:%Y-%m-%d}.json"
    channels = [{"id": "C0001", "name": "lab-help"}, {"id": "C0002", "name": "general"}]
    return {"channels.json": channels, "users.json": users, f"lab-help/{name}": help_, f"general/{name}": general}
