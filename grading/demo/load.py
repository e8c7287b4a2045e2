"""Build the demo course: the facts of 11-767 Fall 2023 from courses/, what is invented from overlay.yaml, labelled as such.

The dates move by whole weeks, so that weekdays stay and today lies in week 10. Hand-ins go through the same service that the browser
uses. Nothing is done when the course exists; no other course is touched.
"""

import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

import yaml
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course, DatedItem, Enrolment, OfficeHour, Role, Session
from courseplatform.courses.selectors import WEEKDAYS
from grading.demo.digits import hidden_split, write_hidden
from grading.models.assignments import Assignment, HiddenSet
from grading.services.submissions import submission_create
from grading.spec import BenchSpec

HERE = Path(__file__).parent
COURSE_FILE = "cmu-11-767-f23.yaml"
SLUG, TODAY_IN_WEEK = "demo", 10
Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Shift:
    """Moves every date of the file by whole weeks."""

    days: int

    def day(self, value: Any) -> date:
        found = value if isinstance(value, date) else date.fromisoformat(str(value))
        return found + timedelta(days=self.days)

    def moment(self, value: Any, zone: ZoneInfo) -> datetime:
        """A wall-clock time `YYYY-MM-DD HH:MM` of the course; the clock time stays, also over a clock change."""
        wall = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return (wall.replace(tzinfo=None) + timedelta(days=self.days)).replace(tzinfo=zone)


def load_demo(*, now: datetime | None = None) -> bool:
    """Returns False when the demo course is there already. Raises ValueError for a broken course file."""
    if Course.objects.filter(slug=SLUG).exists():
        return False
    now = now or timezone.now()
    facts = _read(Path(settings.BASE_DIR) / "courses" / COURSE_FILE)
    overlay = _read(HERE / "overlay.yaml")
    with transaction.atomic():
        course = _course(facts, overlay, now)
        people = _people(course, overlay["people"])
        assignments = _assignments(course, facts, overlay, _shift(facts, now))
        for hand_in in overlay["hand_ins"]:
            _hand_in(hand_in, people, assignments, now)
    return True


def _read(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{path.name}: expected a mapping at the top.")  # noqa: TRY004
    return found


def _shift(facts: Facts, now: datetime) -> Shift:
    first = facts["course"]["starts_on"]
    today = timezone.localdate(now, ZoneInfo(facts["course"]["zone"]))
    first_monday = first - timedelta(days=first.weekday())
    this_monday = today - timedelta(days=today.weekday())
    return Shift((this_monday - first_monday).days - 7 * (TODAY_IN_WEEK - 1))


def _course(facts: Facts, overlay: Facts, now: datetime) -> Course:
    about, shift = facts["course"], _shift(facts, now)
    course = Course.objects.create(
        slug=SLUG, number=about["number"], title=about["title"], term=about["term"], zone=about["zone"],
        starts_on=shift.day(about["starts_on"]), ends_on=shift.day(about["ends_on"]), meets=about.get("meets", ""),
        summary=about.get("summary", ""), source=str(about.get("source", ""))[:300], overlay_note=overlay["note"],
        late_rule=overlay["late_rule"], is_demo=True,
    )  # fmt: skip
    for item in facts.get("office_hours", []):
        weekday = [name.lower() for name in WEEKDAYS].index(item["weekday"]) if item.get("weekday") else None
        OfficeHour.objects.create(
            course=course, who=item["who"], weekday=weekday, starts_at=_clock(item.get("from")), ends_at=_clock(item.get("to")),
            place=item.get("place") or "",
        )  # fmt: skip
    for position, item in enumerate(facts["sessions"]):
        session = Session.objects.create(
            course=course, held_on=shift.day(item["date"]), column=item["column"], title=item["title"], note=item.get("note") or "",
            is_class=item.get("class", True), releases_lab=item.get("releases_lab", False), starts_at=_clock(item.get("from")),
            ends_at=_clock(item.get("to")), place=item.get("place") or "", position=position,
        )  # fmt: skip
        for dated in item.get("items") or []:
            DatedItem.objects.create(session=session, on=shift.day(dated["date"]), label=dated["label"])
    return course


def _clock(value: Any) -> time | None:
    return time.fromisoformat(str(value)) if value else None


def _people(course: Course, people: list[Facts]) -> dict[str, User]:
    found = {}
    for fact in people:
        person = User.objects.filter(email=fact["email"]).first() or User.objects.create_user(
            email=fact["email"], name=fact["name"], is_demo=True, demo_role={"ta": "TA"}.get(fact["role"], fact["role"]), demo_note=fact.get("note", ""),
            is_operator=fact["role"] == "operator",
        )  # fmt: skip
        if fact["role"] in Role.values:
            Enrolment.objects.create(course=course, person=person, role=fact["role"])
        found[fact["email"]] = person
    return found


def _assignments(course: Course, facts: Facts, overlay: Facts, shift: Shift) -> dict[str, Assignment]:
    found = {}
    invented = overlay.get("extra_assignments", [])
    for position, fact in enumerate([*facts["assignments"], *invented]):
        more = overlay.get("assignments", {}).get(fact["slug"], {})
        bench = more.get("bench", {})
        if bench:
            BenchSpec.parse(bench)
        found[fact["slug"]] = Assignment.objects.create(
            course=course, slug=fact["slug"], kind=fact["kind"], short=fact["short"], title=fact.get("title") or "",
            summary=more.get("summary") or fact.get("summary") or "", is_individual=fact.get("individual", True),
            released_at=shift.moment(fact["released"], course.tz) if fact.get("released") else None,
            due_at=shift.moment(fact["due"], course.tz), points=more.get("points", fact.get("points") or 0),
            is_demo=fact in invented, bench_spec=bench, hidden_set=_hidden_set() if bench else None, position=position,
        )  # fmt: skip
    return found


def _hidden_set() -> HiddenSet:
    """The hidden digits, written once into DATA_DIR/hidden, readable by the worker only."""
    existing = HiddenSet.objects.filter(slug="demo-digits").first()
    if existing is not None:
        return existing
    folder = Path(settings.DATA_DIR) / "hidden"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    inputs, labels = folder / "demo-digits-inputs.npy", folder / "demo-digits-labels.npy"
    count = write_hidden(hidden_split(), inputs, labels)
    return HiddenSet.objects.create(
        slug="demo-digits", title="Recognise handwritten digits", inputs_file=inputs.name, labels_file=labels.name, count=count,
        inputs_sha256=sha256(inputs.read_bytes()).hexdigest(), labels_sha256=sha256(labels.read_bytes()).hexdigest(),
    )  # fmt: skip


@dataclass
class LocalUpload:
    """A file of ours that is handed in like an upload."""

    name: str | None
    size: int
    sha256: str
    path: Path

    def temporary_file_path(self) -> str:
        return str(self.path)


def _hand_in(fact: Facts, people: Mapping[str, User], assignments: Mapping[str, Assignment], now: datetime) -> None:
    source, assignment = HERE / "models" / fact["file"], assignments[fact["assignment"]]
    with tempfile.TemporaryDirectory(prefix="milliamp-demo-") as folder:
        copy = Path(shutil.copy(source, folder))
        upload = LocalUpload(source.name, copy.stat().st_size, sha256(copy.read_bytes()).hexdigest(), copy)
        submission_create(
            person=people[fact["person"]], assignment=assignment, upload=upload,
            upload_key=uuid5(NAMESPACE_URL, f"{fact['person']} {fact['assignment']} {fact['file']}"),
            now=_moment(fact["at"], assignment.due_at or now, now),
        )  # fmt: skip


def _moment(text: str, due: datetime, now: datetime) -> datetime:
    """`due - 2 d 3 h`, `due + 5 h`, `now - 20 min`, `now`: never in the future."""
    match = re.fullmatch(r"(due|now)(?:\s*([+-])\s*(.+))?", text.strip())
    if match is None:
        raise ValueError(f"overlay.yaml: hand_ins.at {text!r} is not like 'due - 2 d 3 h'.")
    base, sign, lengths = match.groups()
    units = {"d": "days", "h": "hours", "min": "minutes", "s": "seconds"}
    parts = {units[unit]: int(n) for n, unit in re.findall(r"(\d+)\s*(d|h|min|s)\b", lengths or "")}
    delta = timedelta(**parts)
    found = (due if base == "due" else now) + (delta if sign == "+" else -delta)
    return min(found, now)
