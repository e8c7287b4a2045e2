"""Importing and exporting a course file: one plan, made before anything is written, and carried out in one transaction."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from courseplatform.core.errors import Conflict, NotHere
from courseplatform.courses.course_file.checking import advice, checked
from courseplatform.courses.course_file.difference import differences
from courseplatform.courses.course_file.news import changes_tell, seen_sessions
from courseplatform.courses.course_file.reading import read
from courseplatform.courses.course_file.registry import file_parts
from courseplatform.courses.course_file.shifting import shifted
from courseplatform.courses.course_file.writing import canonical, dress, revive, to_text
from courseplatform.courses.models import Course

HEAD = "# yaml-language-server: $schema=../docs/course-file.schema.json\n"


@dataclass(frozen=True)
class Plan:
    """What an import would do. `changes` is empty where the course is already so."""

    slug: str
    name: str
    is_new: bool
    changes: list[str]
    notes: list[str]
    findings: list[tuple[str, str]]
    tree: dict[str, Any]
    text: str
    text_differs: bool


def plan_import(content: bytes, *, shift_to: date | None = None, slug: str = "") -> Plan:
    """Read a file and compare it with the course of its slug.

    Raises FileError for a file that cannot be taken, Conflict (code `course_in_use`) when a shift would move dates under work that has
    been handed in.
    """
    source = read(content)
    tree = canonical(checked(source), file_parts.schema)
    text, notes = content.decode("utf-8-sig"), []
    if slug:
        tree["course"]["slug"] = slug
    if shift_to:
        moved = shifted(tree, shift_to, file_parts.schema)
        tree, notes = moved.tree, moved.notes
    if slug or shift_to:
        text = to_text(revive(tree, file_parts.schema), HEAD)
    about = tree["course"]
    course = Course.objects.filter(slug=about["slug"]).first()
    held = tree_of(course) if course else {}
    changes = list(differences(held, tree))
    if course and shift_to and changes and file_parts.is_in_use(course):
        said = f"{about['slug']} has work that was handed in; its dates are not moved. Give the new term a course.slug of its own."
        raise Conflict(said, code="course_in_use")
    if course and changes:
        notes = [*notes, *(said for effect in file_parts.effects for said in effect(course, held, tree))]
    findings = [(item["code"], item["text"]) for item in tree.get("findings", [])] + list(advice(tree))
    return Plan(
        about["slug"],
        f"{about.get('number', '')} {about['title']}".strip(),
        course is None,
        changes,
        notes,
        findings,
        tree,
        text,
        text_differs=course is not None and course.file_text != text,
    )


def course_import(*, plan: Plan, by: str = "course file") -> tuple[Course, list[str]]:
    """Carry out a plan. Returns the course and sentences about what was kept although the file has it no longer.

    by: who is named in the log of the schedule, whose members are told what changed on it.
    """
    kept: list[str] = []
    with transaction.atomic():
        course, _ = Course.objects.select_for_update().get_or_create(
            slug=plan.slug, defaults={"title": plan.tree["course"]["title"]}
        )
        before = seen_sessions(course)
        for part in file_parts.parts:
            kept += part.load(course, plan.tree.get(part.key))
        course.file_text = plan.text
        course.sequence += 1 if plan.changes and not plan.is_new else 0
        course.save()
        changes_tell(course=course, before=before, by=by)
    return course, kept


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


def _in_order(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return list(one) == list(other) and all(_in_order(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return all(_in_order(a, b) for a, b in zip(one, other, strict=True))
    return type(one) is type(other)
