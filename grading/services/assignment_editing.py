"""Assignments made, changed, published and taken away on their pages. What is written is an entry of the course file."""

from django.db import transaction
from django.db.models import Max

from courseplatform.core.errors import BadInput, Conflict, NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from grading.course_file.assignment_item import Item, item_of, session_days
from grading.course_file.item_check import refused_in_item
from grading.course_file.late.course_part import KEY
from grading.hidden_sets.fit import misfits
from grading.models.assignments import Assignment
from grading.services.assignment_rows import assignment_apply, assignment_drop, was_begun
from grading.services.course_log import change_log, due_words
from grading.services.late_days import late_days_mark_all

LATE_KEYS = ("kind", "due", "cap", "no_late", "cutoff", "points", "active", "draft")


def assignment_locked(visit: Visit, slug: str) -> Assignment:
    """Raises NotHere: also for what was withdrawn."""
    rows = Assignment.objects.select_for_update(of=("self",)).select_related("course", "hidden_set")
    found = rows.kept_of(visit.course).filter(slug=slug).first()
    if found is None:
        raise NotHere("There is no such assignment in this course.")
    return found


@transaction.atomic
def assignment_save(*, visit: Visit, slug: str, held: Item, item: Item) -> list[str]:
    """Make an assignment hold an entry. Members are told of another due time. Returns what stays or does not add up, in sentences.

    held: the entry that was changed.

    Raises BadInput with the code of what the course file refuses (docs/course-file.md), or `no_change`; Conflict (`changed_meanwhile`)
    where the assignment holds another entry by now; NotHere.
    """
    row = assignment_locked(visit, slug)
    _check(item, row.course)
    if item_of(row, session_days(row.course)) != held:
        said = (
            f"Somebody changed {row.short} while you had it open. Nothing was applied; load the page again to see it."
        )
        raise Conflict(said, code="changed_meanwhile")
    was = row.due_at
    if held == item:
        raise BadInput("The assignment says this already; nothing is changed.", code="no_change")
    kept = assignment_apply(row=row, item=item, position=row.position)
    is_moved = row.due_at != was
    said = due_words(row) if is_moved else f"{row.short} was changed."
    change_log(visit=visit, sentence=said, is_told=is_moved and not row.is_draft)
    if touches_late_days(held, item):
        _count_again(visit, row)
    return kept


def touches_late_days(held: Item, item: Item) -> bool:
    return any(held.get(key) != item.get(key) for key in LATE_KEYS)


def _check(item: Item, course: Course) -> None:
    for refused in refused_in_item(item, course):
        raise BadInput(refused.sentence, code=refused.code, details={"path": list(refused.path)})


def _count_again(visit: Visit, row: Assignment) -> None:
    late_days_mark_all(course=row.course, cause=f"{row.short} was changed", actor=visit.person.name)


@transaction.atomic
def assignment_create(*, visit: Visit, item: Item) -> Assignment:
    """A draft, after the others of the course.

    Raises BadInput: `twice` for a slug that another has, and whatever the course file refuses.
    """
    course = Course.objects.select_for_update(no_key=True).get(pk=visit.course.pk)
    _check(item, course)
    other = Assignment.objects.filter(course=course, slug=item["slug"]).first()
    if other is not None:
        gone = ", which was withdrawn" if other.is_withdrawn else ""
        said = f"{other.full_title}{gone} has this address already; choose another name."
        raise BadInput(said, code="twice", details={"path": ["slug"]})
    last = Assignment.objects.filter(course=course).aggregate(last=Max("position"))["last"]
    row = Assignment(course=course, slug=item["slug"])
    assignment_apply(row=row, item={**item, "draft": True}, position=0 if last is None else last + 1)
    change_log(visit=visit, sentence=f"{row.short} was made, as a draft.", is_told=False)
    return row


def not_ready(row: Assignment) -> list[str]:
    """Why it cannot be published yet, in sentences."""
    if not row.bench_spec:
        return []
    if row.hidden_set is None:
        return ["Models are measured, and there is no hidden set to measure them on. Choose one first."]
    return misfits(row.spec, row.hidden_set.facts)


@transaction.atomic
def assignment_publish(*, visit: Visit, slug: str) -> Assignment:
    """Students see it from now on, and are told. Raises Conflict: `already_published`, `not_ready`; NotHere."""
    row = assignment_locked(visit, slug)
    if not row.is_draft:
        raise Conflict(f"{row.short} is published already.", code="already_published")
    for sentence in not_ready(row):
        raise Conflict(sentence, code="not_ready")
    _show(row, is_draft=False)
    due = f", due {row.due_at.astimezone(row.course.tz):%a %b %-d, %H:%M %Z}" if row.due_at else ""
    change_log(visit=visit, sentence=f"{row.full_title} was published{due}.", is_told=True)
    _count_again(visit, row)
    return row


@transaction.atomic
def assignment_unpublish(*, visit: Visit, slug: str) -> Assignment:
    """A draft again. Raises Conflict: `work_handed_in`, `is_draft`; NotHere."""
    row = assignment_locked(visit, slug)
    if row.is_draft:
        raise Conflict(f"{row.short} is a draft already.", code="is_draft")
    if was_begun(row):
        said = f"Somebody has handed in to {row.short}, or has something on the desk; it stays published. You can withdraw it."
        raise Conflict(said, code="work_handed_in")
    _show(row, is_draft=True)
    change_log(visit=visit, sentence=f"{row.short} was taken back and is a draft again.", is_told=False)
    _count_again(visit, row)
    return row


def _show(row: Assignment, *, is_draft: bool) -> None:
    row.is_draft = is_draft
    row.sequence += 1  # calendars take it again only by a higher number
    row.save(update_fields=["is_draft", "sequence"])


@transaction.atomic
def assignment_remove(*, visit: Visit, slug: str) -> bool:
    """Delete it (then True), or withdraw it where work was handed in. Raises Conflict (`named_elsewhere`), NotHere."""
    row = assignment_locked(visit, slug)
    places = named_in(row)
    if places:
        said = f"{row.short} is named in {' and in '.join(places)}. Take it out there first."
        raise Conflict(said, code="named_elsewhere")
    is_gone, was_told = assignment_drop(row=row), not row.is_draft
    said = f"{row.full_title} was {'deleted' if is_gone else 'withdrawn'}."
    change_log(visit=visit, sentence=said, is_told=was_told)
    _count_again(visit, row)
    return is_gone


@transaction.atomic
def assignment_restore(*, visit: Visit, slug: str) -> Assignment:
    """Bring back what was withdrawn, published or a draft as it was. Raises NotHere."""
    rows = Assignment.objects.select_for_update(of=("self",)).select_related("course", "hidden_set")
    row = rows.filter(course=visit.course, slug=slug, is_withdrawn=True).first()
    if row is None:
        raise NotHere("There is no such withdrawn assignment in this course.")
    row.is_withdrawn = False
    row.sequence += 1
    row.save(update_fields=["is_withdrawn", "sequence"])
    change_log(visit=visit, sentence=f"{row.full_title} is back.", is_told=not row.is_draft)
    _count_again(visit, row)
    return row


def named_in(row: Assignment) -> list[str]:
    """The rules of the course that name it: without it they could not be read any more."""
    facts = row.course.facts
    policy = facts.get(KEY, {}).get("policy", {})
    banks = policy.get("banks", [])
    in_policy = [
        *policy.get("pass", {}).get("of", []),
        *(slug for bank in banks for slug in bank.get("assignments", [])),
    ]
    grading = facts.get("grading", {})
    in_parts = [part["title"] for part in grading.get("components", []) if row.slug in part.get("of", [])]
    return [
        *(["the late policy"] if row.slug in in_policy else []),
        *(["the rule of passing in the course file"] if row.slug in grading.get("pass", {}).get("of", []) else []),
        *(f"the part {title} of the grade in the course file" for title in in_parts),
    ]
