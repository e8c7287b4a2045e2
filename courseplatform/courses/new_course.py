"""What a new course can begin from, and what it would be: read before anything is made."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import NotHere
from courseplatform.courses.course_file.reading import FileError, read
from courseplatform.courses.course_file.service import Plan, export_text
from courseplatform.courses.course_file.shifting import holiday_note
from courseplatform.courses.models import Course, Role
from courseplatform.courses.models.schedule import NO_SESSION

FILE = "file"
NOT_COPIED = (
    "People: students, TAs and other instructors. You alone are enrolled, as its instructor.",
    "Everything that was handed in, measured, graded or granted: attempts, grades, late days, extensions, teams.",
    "Announcements, notifications, surveys and notes.",
)


@dataclass(frozen=True)
class Source:
    """Something to begin from. key: how the address of the page names it. starts_on: its first day, where it has one."""

    key: str
    name: str
    says: str
    title: str = ""
    term: str = ""
    starts_on: date | None = None
    slug: str = ""


def templates() -> list[Source]:
    """The course files that ship."""
    return [_of_file(path, path.stat().st_mtime_ns) for path in sorted(_folder().glob("*.yaml"))]


def own_courses(person: User) -> list[Source]:
    """The courses that this person is an instructor of."""
    return [_of_course(course) for course in _instructed(person)]


def source_of(person: User, key: str, content: bytes = b"") -> tuple[Source, bytes]:
    """What the address names, and its course file; `file`: the one that was sent.

    Raises NotHere, also for a course of others; FileError where the sent file is none.
    """
    kind, _, name = key.partition(":")
    if key == FILE:
        return _of_tree(FILE, "The file that you sent", read(content).tree), content
    if kind == "template":
        path = next((path for path in _folder().glob("*.yaml") if path.stem == name), None)
        if path is not None:
            return _of_file(path, path.stat().st_mtime_ns), path.read_bytes()
    course = _instructed(person).filter(slug=name).first() if kind == "course" else None
    if course is None:
        raise NotHere("There is no such template, and no such course of yours. Choose again what to begin from.")
    return _of_course(course), export_text(course).encode()


def suggested_day(source: Source) -> date | None:
    """The first day of the source, moved by years of 52 weeks until it is not over: a day to begin with, which the person sees."""
    day = source.starts_on
    while day is not None and day < timezone.localdate():
        day += timedelta(weeks=52)
    return day


@dataclass(frozen=True)
class Outlook:
    """What would be made, in figures: the page shows them before anything is."""

    plan: Plan
    sessions: int
    no_class: list[tuple[str, date]]
    assignments: int
    measured: int
    first: date | None
    last: date | None
    weeks_later: int
    weeks_earlier: int
    notes: list[str]
    staff: list[str]
    not_copied: list[str]


def outlook(plan: Plan, source: Source) -> Outlook:
    tree = plan.tree
    sessions, work, about = tree.get("sessions", []), tree.get("assignments", []), tree["course"]
    first = _day(about.get("starts_on"))
    moved = (first - source.starts_on).days // 7 if first and source.starts_on else 0
    off = [item for item in sessions if not item.get("class", True) and item["title"] != NO_SESSION and "date" in item]
    no_class = [(item["title"], date.fromisoformat(item["date"])) for item in off]
    told = {holiday_note(title, day) for title, day in no_class}  # the page has a table for them
    return Outlook(
        plan=plan,
        sessions=len(sessions),
        no_class=no_class,
        assignments=len(work),
        measured=sum("bench" in item for item in work),
        first=first,
        last=_day(about.get("ends_on")),
        weeks_later=max(moved, 0),
        weeks_earlier=max(-moved, 0),
        notes=[note for note in plan.notes if note not in told],
        staff=[item["name"] for item in tree.get("staff", []) if "name" in item],
        not_copied=[*NOT_COPIED, *_hidden_sets(work)],
    )


def _hidden_sets(work: list[dict[str, Any]]) -> Iterator[str]:
    """The course file names the sets, so a new course measures on the very ones of its source."""
    measured = [item for item in work if "bench" in item]
    if named := sorted({item["hidden_set"] for item in measured if "hidden_set" in item}):
        yield f"Hidden test sets: models are measured on the same ones as before, {', '.join(named)}. Choose another where students may know it by now."
    if without := [item["short"] for item in measured if "hidden_set" not in item]:
        needs = "needs one before it measures" if len(without) == 1 else "need one before they measure"
        yield f"Hidden test sets: {', '.join(without)} {needs} any model."


def _instructed(person: User) -> Any:
    return Course.objects.filter(
        enrolments__person=person, enrolments__is_active=True, enrolments__role=Role.INSTRUCTOR
    ).distinct()


def _folder() -> Path:
    return Path(settings.BASE_DIR) / "courses"


@lru_cache(maxsize=64)
def _of_file(path: Path, _changed_at: int) -> Source:
    """Read again only when the file has changed."""
    key = f"template:{path.stem}"
    try:
        return _of_tree(key, path.name, read(path.read_bytes()).tree)
    except FileError as error:
        return Source(key, path.name, f"cannot be read: {error.findings[0].sentence}")


def _of_course(course: Course) -> Source:
    says = course.meets or course.source
    return Source(f"course:{course.slug}", str(course), says, course.title, course.term, course.starts_on)


def _of_tree(key: str, name: str, tree: dict[str, Any]) -> Source:
    """As far as the file can be read: what is wrong in it is said by the preview, with lines."""
    about = tree.get("course")
    found = about if isinstance(about, dict) else {}
    title, term, first = (found.get(name) for name in ("title", "term", "starts_on"))
    number = f"{found['number']} " if "number" in found else ""
    called = f"{number}{title}" if title else name
    return Source(
        key,
        f"{called}, {term}" if term else called,
        str(found.get("source") or (name if key != FILE else "")),
        str(title or ""),
        str(term or ""),
        first if isinstance(first, date) else None,
        str(found.get("slug", "")),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
