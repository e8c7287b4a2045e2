"""The one place where an assignment is made to hold what an entry of the course file says: the file and the pages both end here."""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import ProtectedError, Q, QuerySet

from courseplatform.courses.models import Course, Enrolment, Role
from grading.course_file.assignment_item import LATE_RULES, Item
from grading.models.assignments import ATTEMPTS, ActiveRule, Assignment, HiddenSet, NewerAttempt
from grading.models.grades import GradeEvent
from grading.models.pieces import Piece
from grading.models.submissions import Submission
from grading.rubric_plan import changes_rubric
from grading.services.activity import choose_again
from grading.services.class_points import class_points_rebuild
from grading.services.grade_rows import grades_now_write
from grading.services.rubric_writing import lock_class, rubric_follow

FILE = "course file"


def assignment_apply(*, row: Assignment, item: Item, position: int, by: str = FILE) -> list[str]:
    """Write an entry that was checked. Returns sentences about what stays as it was, or does not add up. by: who is named in grades that
    change with the rubric."""
    if row.pk and changes_rubric(row, item.get("rubric", [])):
        lock_class(row)  # before the row itself, in the order of whoever marks somebody
    seen, rule, device = _told(row), row.active_rule, row.device
    row.kind, row.short, row.title, row.summary = (
        item["kind"],
        item["short"],
        item.get("title", ""),
        item.get("summary", ""),
    )
    row.is_individual, row.is_counted = item.get("individual", True), item.get("counts", True)
    row.points, row.bench_spec = Decimal(str(item.get("points", 0))), item.get("bench", {})
    row.parts = item.get("parts", [])
    row.worth_percent = Decimal(str(item["percent"])) if "percent" in item else None
    row.listed_under = date.fromisoformat(item["listed_under"]) if "listed_under" in item else None
    row.active_rule = item.get("active", ActiveRule.BEST)
    row.needs_statement, row.is_anonymous = item.get("statement", False), item.get("anonymous", False)
    row.statistics_shown = item.get("statistics_shown", False)
    row.attempts_allowed, row.cooldown_minutes = item.get("attempts", ATTEMPTS), item.get("cooldown_minutes", 0)
    row.newer_attempt = item.get("newer_attempt", NewerAttempt.OFFER)
    row.late_rules = {key: item[key] for key in LATE_RULES if key in item}
    row.set_dates(released=item.get("released", ""), due=item.get("due", ""))
    row.regrade_rules = item.get("regrades", {})
    row.leaderboard = {key: value for key, value in item.get("leaderboard", {}).items() if value}
    row.position, row.is_withdrawn = position, False
    said = [*_draft(row, item), *_hidden_set(row, item)]
    row.sequence += 1 if row.pk and seen != _told(row) else 0
    row.__dict__.pop("spec", None)  # what was parsed from what stood here before
    row.__dict__.pop("all_parts", None)
    is_new = row.pk is None
    row.save()
    if not is_new and rule != row.active_rule:
        choose_again(row)
    if not is_new and device != row.device:
        class_points_rebuild(assignment=row)  # latency and energy of the class are those of the lab's first device
    said += rubric_follow(row=row, rubric=item.get("rubric", []), by=by)
    if not is_new:
        grades_now_write(row)  # by the rubric, the points and the criteria as they are now
    return said


def _told(row: Assignment) -> tuple[object, ...]:
    """What calendars show: they take another only by a higher number."""
    return row.full_title, row.due_at, row.is_withdrawn, row.is_draft


def _draft(row: Assignment, item: Item) -> list[str]:
    """Work on which somebody has worked does not vanish from their pages again."""
    wanted = item.get("draft", False)
    if wanted and row.pk and not row.is_draft and was_begun(row):
        return [f"{row.short} stays published, because work was handed in."]
    row.is_draft = wanted
    return []


def _hidden_set(row: Assignment, item: Item) -> list[str]:
    name = item.get("hidden_set", "")
    row.hidden_set = usable_sets(row.course).filter(slug=name).first() if name else None
    if name and row.hidden_set is None:
        said = f"{row.short} is measured on the hidden set {name}, and this course has none of that name. Send it on the page Hidden sets."
        return [said]
    return []


def usable_sets(course: Course) -> QuerySet[HiddenSet]:
    """Test data that a file may name: of nobody, or of the courses that an instructor of this course teaches, sent or measured on there.

    A course that nobody teaches is made by a command, which may name any.
    """
    teaches = Enrolment.objects.filter(role=Role.INSTRUCTOR, is_active=True)
    people = teaches.filter(course=course).values("person")
    if not people.exists():
        return HiddenSet.objects.all()
    taught = teaches.filter(person__in=people).values("course")
    used = Assignment.objects.filter(course__in=taught).exclude(hidden_set=None).values("hidden_set")
    return HiddenSet.objects.filter(Q(course=None) | Q(course__in=taught) | Q(pk__in=used))


def was_begun(row: Assignment) -> bool:
    """Whether anybody handed something in, has something on the desk, or was graded."""
    of_row = {"assignment": row}
    return any(model.objects.filter(**of_row).exists() for model in (Submission, Piece, GradeEvent))


def assignment_drop(*, row: Assignment) -> bool:
    """Delete it where nothing that people did refers to it (then True), else hide it and keep everything."""
    try:
        with transaction.atomic():
            Assignment.objects.get(pk=row.pk).delete()
    except ProtectedError:
        Assignment.objects.filter(pk=row.pk).update(is_withdrawn=True)
        row.is_withdrawn = True
        return False
    return True
