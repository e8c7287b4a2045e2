"""Build the demo course: the facts of 11-767 Fall 2023 from courses/, what is invented from overlay.yaml, labelled as such.

The dates move by whole weeks, so that weekdays stay and today lies in week 10. Hand-ins go through the same service that the browser
uses. Nothing is done when the course exists; no other course is touched.
"""

import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
from courseplatform.courses.access import visit_of
from courseplatform.courses.course_file.reading import read
from courseplatform.courses.course_file.service import course_import, plan_import
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.notices import demo as notices_demo
from courseplatform.participation import demo as participation_demo
from courseplatform.roster import demo as roster_demo
from courseplatform.scribe import demo as scribe_demo
from courseplatform.seminar import demo as seminar_demo
from courseplatform.status import demo as status_demo
from courseplatform.teams import demo as teams_demo
from grading.course_file.rubric import entries_of, rubric_load
from grading.demo import board, desk, ends, energy, grades, late
from grading.demo.by_heart import write_by_heart
from grading.demo.digits import hidden_split, write_hidden
from grading.grade_facts import items_of
from grading.handing_in.hand_in_rules import owner_of
from grading.handing_in.piece_reading import Sent, read_file, read_text
from grading.hidden_sets.facts import hidden_facts
from grading.hidden_sets.kept import hidden_folder, hidden_move_to_store
from grading.labs.installing import hidden_sets_make
from grading.models.assignments import Assignment, HiddenSet
from grading.models.owners import Owner
from grading.models.runs import Run
from grading.services.handing_in import part_arrived
from grading.services.nicknames import nickname_choose
from grading.services.pieces import piece_put
from grading.services.submissions import submission_create
from grading.spec import BenchSpec
from hardware import demo as hardware_demo

HERE = Path(__file__).parent
COURSE_FILE = "cmu-11-767-f23.yaml"
OPEN_COURSES = (
    "cmu-11-767-f21.yaml",
    "mit-6-s965-f22.yaml",
    "on-device-intelligence-workshop.yaml",
)  # to read, as they were
SLUG, TODAY_IN_WEEK = "demo", 10
COMPRESSED = 50_000  # times: a day is under two seconds
BY_HEART = "digits-by-heart.onnx"  # made when it is handed in
STARTS = date(2023, 8, 29)  # the term in which overlay.yaml names its days
# What the rooms below add to the course, in this order: each has load(course, people, now).
DEMO_PARTS = (
    roster_demo,
    notices_demo,
    teams_demo,
    participation_demo,
    scribe_demo,
    seminar_demo,
    hardware_demo,
    status_demo,
)
Facts = Mapping[str, Any]


def load_demo(*, now: datetime | None = None) -> bool:
    """Returns False when the demo course is there already. Raises ValueError for a broken course file."""
    if Course.objects.filter(slug=SLUG).exists():
        return False
    now = now or timezone.now()
    overlay = read_overlay()
    with transaction.atomic():
        course = _course(overlay, now)
        people = _people(course, overlay["people"])
        assignments = _assignments(course, overlay)
        desk.put_reports(facts=overlay["desk"], people=people, now=now)
        for family in overlay.get("families", []):
            _family(family, people, assignments, now)
        for hand_in in overlay["hand_ins"]:
            _hand_in(hand_in, people, assignments, now)
        for nickname in overlay.get("nicknames", []):
            person = people[nickname["person"]]
            nickname_choose(visit=visit_of(person, SLUG), owner=Owner(person), text=nickname["name"])
        for part in DEMO_PARTS:
            part.load(course=course, people=people, now=now)
        for fact in overlay.get("team_work", []):
            _team_work(fact, people, assignments, now)
        late.load(course=course, people=people, overlay=overlay, now=now)
        grades.load_reports(course=course, people=people, facts=overlay["report_marks"])
        grades.load(course=course, people=people, now=now)
        desk.snippets(course=course, people=people, facts=overlay["desk"])
        desk.notes(people=people, facts=overlay["desk"])
        board.load(course=course, people=people, now=now)
        energy.load(course=course, people=people, overlay=overlay, moved=(course.starts_on or STARTS) - STARTS)
        for name in OPEN_COURSES:
            _open_course(Path(settings.BASE_DIR) / "courses" / name)
    hidden_sets_make()  # so that labs that are copied or imported can measure at once
    return True


def _open_course(path: Path) -> None:
    """A real course as it stands in its file, for visitors to read. One that is there already is left alone."""
    plan = plan_import(path.read_bytes())
    if plan.is_new:
        course_import(plan=plan)


def read_overlay() -> dict[str, Any]:
    return _read(HERE / "overlay.yaml")


def _read(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError(f"{path.name}: expected a mapping at the top.")  # noqa: TRY004
    return found


def _course(overlay: Facts, now: datetime) -> Course:
    """The real course file, moved by whole weeks so that today lies in week 10; it keeps the name of its term."""
    content = (Path(settings.BASE_DIR) / "courses" / COURSE_FILE).read_bytes()
    about = read(content).tree["course"]
    plan = plan_import(
        content, shift_to=first_day(about["starts_on"], timezone.localdate(now, ZoneInfo(about["zone"]))), slug=SLUG
    )
    course, _ = course_import(plan=plan)
    course.term, course.overlay_note, course.late_rule, course.is_demo = (
        about["term"],
        overlay["note"],
        overlay["late_rule"],
        True,
    )
    course.save()
    return course


def first_day(of_file: date, today: date) -> date:
    """The first day of the course, on its own weekday, so that today lies in week 10. A weekend counts to the week that it leads to: the lab
    that is due that Friday is then still to be handed in, whatever day the demo is made on."""
    ahead = today + timedelta(days=2)
    monday = ahead - timedelta(days=ahead.weekday() + 7 * (TODAY_IN_WEEK - 1))
    return monday + timedelta(days=of_file.weekday())


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


def _assignments(course: Course, overlay: Facts) -> dict[str, Assignment]:
    """The work of the course file with the invented specs laid over it, and the invented reports beside it."""
    moved = course.starts_on - STARTS if course.starts_on else timedelta()
    position = course.assignments.count()
    for fact in overlay.get("extra_assignments", []):
        row = Assignment(
            course=course, slug=fact["slug"], kind=fact["kind"], short=fact["short"], title=fact.get("title", ""), summary=fact.get("summary", ""),
            is_individual=fact.get("individual", True), points=fact.get("points", 0), is_demo=True, position=position,
            parts=fact.get("parts", []), needs_statement=fact.get("statement", False),
        )  # fmt: skip
        row.set_dates(released=_moved(fact.get("released", ""), moved), due=_moved(fact["due"], moved))
        row.save()
        position += 1
    found = {row.slug: row for row in course.assignments.all()}
    for slug, more in overlay.get("assignments", {}).items():
        row, bench = found[slug], more.get("bench", {})
        row.points, row.summary, row.bench_spec = (
            more.get("points", row.points),
            more.get("summary", row.summary),
            bench,
        )
        row.is_individual = more.get("individual", row.is_individual)
        row.leaderboard = more.get("leaderboard", row.leaderboard)
        row.parts = more.get("parts", row.parts)
        row.parts, row.needs_statement = more.get("parts", row.parts), more.get("statement", row.needs_statement)
        if bench:
            row.hidden_set = _hidden_set()
        row.save()
        if bench:
            _without_measured(row, BenchSpec.parse(bench))
    return found


def _without_measured(row: Assignment, spec: BenchSpec) -> None:
    """Items of the course's rubric that a machine measures here: the criteria of a group of that name."""
    groups = {one.group for one in spec.criteria}
    rubric = entries_of([item for item in items_of(row) if item.title not in groups])
    rubric_load(row, rubric)


def _moved(wall: str, by: timedelta) -> str:
    return f"{datetime.fromisoformat(wall) + by:%Y-%m-%d %H:%M}" if wall else ""


def _hidden_set() -> HiddenSet:
    """The hidden digits, written once into DATA_DIR/hidden, readable by the worker only."""
    existing = HiddenSet.objects.filter(slug="demo-digits").first()
    if existing is not None:
        return existing
    folder = hidden_folder()
    inputs, labels = folder / "demo-digits-inputs.npy", folder / "demo-digits-labels.npy"
    count = write_hidden(hidden_split(), inputs, labels)
    if settings.S3:
        hidden_move_to_store()
    return HiddenSet.objects.create(
        slug="demo-digits", title="Recognise handwritten digits", inputs_file=inputs.name, labels_file=labels.name, count=count,
        inputs_sha256=sha256(inputs.read_bytes()).hexdigest(), labels_sha256=sha256(labels.read_bytes()).hexdigest(),
        facts=hidden_facts(inputs, labels),
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
    person, assignment = people[fact["person"]], assignments[fact["assignment"]]
    at = _moment(fact["at"], assignment.due_at or now, now)
    with tempfile.TemporaryDirectory(prefix="milliamp-demo-") as folder:
        copy = _file(fact["file"], Path(folder))
        upload = LocalUpload(copy.name, copy.stat().st_size, sha256(copy.read_bytes()).hexdigest(), copy)
        made, _ = submission_create(
            person=person, assignment=assignment, upload=upload,
            upload_key=uuid5(NAMESPACE_URL, f"{fact['person']} {fact['assignment']} {fact['file']}"), now=at,
        )  # fmt: skip
    if word := fact.get("ends"):
        ends.run_end(made.runs.get(), word, visit=visit_of(person, SLUG), at=min(at + timedelta(seconds=2), now))
    else:
        # It is measured when the site starts, so it waits from then on and not for weeks; those of before stay before those of after.
        Run.objects.filter(submission=made).update(queued_at=now - (now - at) / COMPRESSED)


def _file(name: str, folder: Path) -> Path:
    if name == BY_HEART:
        write_by_heart(hidden_split(), folder / name)
        return folder / name
    return Path(shutil.copy(HERE / "models" / name, folder))


def _family(fact: Facts, people: Mapping[str, User], assignments: Mapping[str, Assignment], now: datetime) -> None:
    """The variants of a family, put on the desk before the hand-in that they belong to; the worker measures them as anybody's."""
    assignment = assignments[fact["assignment"]]
    at = _moment(fact["at"], assignment.due_at or now, now)
    owner, part = owner_of(person=people[fact["person"]], assignment=assignment, now=at), assignment.family
    if part is None:
        raise ValueError(f"overlay.yaml: {fact['assignment']} asks for no family.")
    for path in sorted((HERE / "models" / fact["folder"]).glob("*.onnx")):
        upload = LocalUpload(path.name, path.stat().st_size, sha256(path.read_bytes()).hexdigest(), path)
        content = read_file(assignment, part, upload)
        key = uuid5(NAMESPACE_URL, f"{fact['person']} {fact['assignment']} {path.name}")
        piece_put(owner=owner, assignment=assignment, part=part, content=content, upload_key=key, now=at)


def _team_work(fact: Facts, people: Mapping[str, User], assignments: Mapping[str, Assignment], now: datetime) -> None:
    """Work of one text, which is handed in as soon as it lies on the desk."""
    assignment = assignments[fact["assignment"]]
    at, (part,) = _moment(fact["at"], assignment.due_at or now, now), assignment.all_parts
    part_arrived(
        person=people[fact["person"]], assignment=assignment, part=part, sent=Sent(read_text(part, fact["text"]), at=at), now=at
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
