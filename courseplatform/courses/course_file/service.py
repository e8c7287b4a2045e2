"""Importing and exporting a course file: one plan, made before anything is written, and carried out in one transaction."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import F

from courseplatform.core.errors import Conflict, NotHere
from courseplatform.courses.closing import check_not_closed
from courseplatform.courses.course_file.checking import advice, checked
from courseplatform.courses.course_file.copies import copy_in, marked, unmarked
from courseplatform.courses.course_file.difference import differences
from courseplatform.courses.course_file.merging import Edit, Merged, merge
from courseplatform.courses.course_file.news import changes_tell, seen_sessions
from courseplatform.courses.course_file.reading import FileError, read
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.course_file.shifting import shifted
from courseplatform.courses.course_file.writing import canonical, dress, revive, to_text
from courseplatform.courses.models import Course, CourseFileImport

COMMAND = "course file"  # who is named where no person took it
HEAD = "# yaml-language-server: $schema=../docs/course-file.schema.json\n"


@dataclass(frozen=True)
class Plan:
    """What an import would do. `changes` is empty where the course is already so.

    said: what the file says. tree: what the course becomes: the same, but for the edits of the pages that are kept. edits: all edits
    that the file would overwrite, kept or not. taken_down: when the file was taken down from the page Course file, if that is what the
    edits are counted from.
    """

    slug: str
    name: str
    is_new: bool
    changes: list[str]
    notes: list[str]
    findings: list[tuple[str, str]]
    tree: dict[str, Any]
    text: str
    text_differs: bool
    said: dict[str, Any]
    edits: list[Edit]
    taken_down: datetime | None = None


def plan_import(
    content: bytes,
    *,
    shift_to: date | None = None,
    slug: str = "",
    title: str = "",
    term: str = "",
    keep: Collection[str] = (),
) -> Plan:
    """Read a file and compare it with the course of its slug.

    slug, title, term: what the course is called instead of what the file says. keep: keys of the edits that stay as they are although
    the file says something else (`Plan.edits`).

    Raises FileError for a file that cannot be taken, also where it does not fit together with the edits that are kept; Conflict (code
    `course_in_use`) when a shift would move dates under work that has been handed in.
    """
    called = {key: value for key, value in (("slug", slug), ("title", title), ("term", term)) if value}
    said, text, notes = _said(content, shift_to, called)
    course = Course.objects.filter(slug=said["course"]["slug"]).first()
    held = tree_of(course) if course else {}
    copy = copy_in(course, text) if course else None
    merged = merge(copy.tree if copy else said_last(course), held, said, keep) if course else Merged(said, [])
    tree = _again(merged.tree) if keep else said
    changes = list(differences(held, tree))
    if course and shift_to and changes and file_parts.is_in_use(course):
        sentence = f"{course.slug} has work that was handed in; its dates are not moved. Give the new term a course.slug of its own."
        raise Conflict(sentence, code="course_in_use")
    if course and changes:
        notes = [*notes, *(note for effect in file_parts.effects for note in effect(course, held, tree))]
    about = tree["course"]
    return Plan(
        about["slug"],
        f"{about.get('number', '')} {about['title']}".strip(),
        course is None,
        changes,
        notes,
        [(item["code"], item["text"]) for item in tree.get("findings", [])] + list(advice(tree)),
        tree,
        text,
        text_differs=course is not None and course.file_text != unmarked(text),
        said=said,
        edits=merged.edits,
        taken_down=copy.at if copy else None,
    )


def _said(content: bytes, shift_to: date | None, called: dict[str, str]) -> tuple[dict[str, Any], str, list[str]]:
    """What the file says, moved and called as wished; the text that says so; and notes on the move."""
    said, notes = canonical(checked(read(content)), file_parts.schema), list[str]()
    about = said["course"]
    called = {key: value for key, value in called.items() if about.get(key) != value}
    is_moved = shift_to is not None and about.get("starts_on") != shift_to.isoformat()
    if not called and not is_moved:
        return said, content.decode("utf-8-sig"), notes
    if shift_to is not None and is_moved:
        moved = shifted(said, shift_to, file_parts.schema)
        said, notes = moved.tree, moved.notes
    said["course"] |= called
    return _again(said), to_text(revive(said, file_parts.schema), HEAD), notes


def _again(tree: dict[str, Any]) -> dict[str, Any]:
    """Values that were put together here, read as strictly as a file. Raises FileError with lines of a text that nobody has seen."""
    text = to_text(revive(tree, file_parts.schema))
    found: dict[str, Any] = canonical(checked(read(text.encode())), file_parts.schema)
    return found


def said_last(course: Course) -> dict[str, Any]:
    """What the course file said when it was last taken; empty where none was, or none that is understood any longer."""
    row = course.file_imports.first()
    if row is not None:
        return dict(row.tree)
    if not course.file_text:
        return {}
    try:  # taken before imports were recorded
        found: dict[str, Any] = canonical(checked(read(course.file_text.encode())), file_parts.schema)
    except FileError:
        return {}
    return found


def course_import(*, plan: Plan, by: str = COMMAND) -> tuple[Course, list[str]]:
    """Carry out a plan. Returns the course and sentences about what was kept although the file has it no longer.

    by: who is named in the log of the schedule, whose members are told what changed on it.
    """
    with transaction.atomic():
        # `no_key`: it waits for graders, whose news points to the course.
        course, _ = Course.objects.select_for_update(no_key=True).get_or_create(
            slug=plan.slug, defaults={"title": plan.tree["course"]["title"]}
        )
        check_not_closed(course)
        kept = course_write(course=course, plan=plan, by=by)
        course.file_text = unmarked(plan.text)
        course.save(update_fields=["file_text"])
        # Last, so that what is dated after it was done by people.
        record = CourseFileImport(course=course, by=by)
        record.tree = plan.said
        record.save()
    return course, kept


@transaction.atomic
def course_write(*, course: Course, plan: Plan, by: str) -> list[str]:
    """Make a course, whose row is locked, what a plan says, without recording a file. Returns sentences about what was kept."""
    before, zone = seen_sessions(course), course.zone
    kept = [sentence for part in file_parts.parts for sentence in part.load(course, plan.tree.get(part.key))]
    course.sequence += 1 if plan.changes and not plan.is_new else 0
    course.save()
    if (
        course.zone != zone and not plan.is_new
    ):  # the same hours are other instants, which calendars take by a higher number only
        course.sessions.update(sequence=F("sequence") + 1)
        course.office_hours.update(sequence=F("sequence") + 1)
    changes_tell(course=course, before=before, by=by)
    return kept


def sign_of(plan: Plan) -> str:
    """Tells one plan from another: what a person has looked at from what would be done now."""
    return sha256("\n".join([plan.text, *plan.changes, *plan.notes]).encode()).hexdigest()


def tree_of(course: Course) -> dict[str, Any]:
    """The whole course as plain values, from the rows, in the schema's order."""
    dumped = {part.key: part.dump(course) for part in file_parts.parts}
    return {key: value for key, value in dumped.items() if value}


def course_export(slug: str) -> str:
    """The course as the text of a course file. While nothing was changed since the import, it is that very text, comments and all.

    Raises NotHere.
    """
    course = Course.objects.filter(slug=slug).first()
    if course is None:
        raise NotHere(f"There is no course {slug}.", code="no_such_course")
    return export_text(course)


def export_text(course: Course) -> str:
    tree = revive(tree_of(course), file_parts.schema)
    form = read(course.file_text.encode()).tree if course.file_text else None
    dressed = dress(tree, form, file_parts.schema)
    if form is not None and dressed == form and _in_order(dressed, form):
        return course.file_text
    return to_text(dressed, HEAD)


def course_take_down(*, course: Course) -> str:
    """The text for somebody who will change it and send it back: its first line says of which state of the course it is."""
    return marked(course, tree_of(course), export_text(course))


def _in_order(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return list(one) == list(other) and all(_in_order(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return all(_in_order(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other)
