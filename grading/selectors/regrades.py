"""Regrade requests as pages read them: the staff's list, and one request with all that was said."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.http import QueryDict

from courseplatform.accounts.models import User
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Enrolment, Role
from grading.grade_facts import grades_of, group_of, item_of, sees_grade
from grading.models.assignments import Assignment
from grading.models.grades import GradeEvent, GradeKind, RubricItem, grade_path
from grading.models.regrades import UNANSWERED, RegradeRequest, RegradeStatus
from grading.regrade_rules import REASON_LETTERS, RegradeRules
from grading.selectors.grades import mark_fields
from grading.selectors.my_grade import BADGES, in_course, words

S = RegradeStatus
LIMIT = 200


@dataclass(frozen=True)
class RegradeFilter:
    """Filters of the staff's list; they stand in the URL."""

    state: str = "waiting"
    assignment: str = ""

    STATES: ClassVar[dict[str, str]] = {"waiting": "waiting for us", "mine": "mine", "all": "all"}

    @classmethod
    def of(cls, query: QueryDict) -> "RegradeFilter":
        state = query.get("state", "waiting")
        return cls(state if state in cls.STATES else "waiting", query.get("assignment", "")[:60])


def regrade_list(visit: Visit, chosen: RegradeFilter) -> dict[str, Any]:
    """The oldest that waits first, at most 200. Three queries."""
    found = RegradeRequest.objects.visible_to(visit)
    if chosen.state == "waiting":
        found = found.waiting()
    elif chosen.state == "mine":
        found = found.filter(assigned_to=visit.person)
    if chosen.assignment:
        found = found.filter(assignment__slug=chosen.assignment)
    rows = found.select_related("assignment__course", "item", "person", "team", "assigned_to").order_by("made_at", "pk")
    labs = Assignment.objects.of(visit.course).exclude(regrade_rules={}).values_list("slug", "short")
    return {
        "rows": [{"row": row, "badge": BADGES[row.status]} for row in rows[:LIMIT]],
        "states": [{"value": k, "label": w, "chosen": k == chosen.state} for k, w in RegradeFilter.STATES.items()],
        "assignments": [{"value": slug, "label": short, "chosen": slug == chosen.assignment} for slug, short in labs],
        "is_filtered": chosen != RegradeFilter(),
        "limit": LIMIT,
    }


def regrade_get(visit: Visit, pk: int) -> RegradeRequest:
    """Raises NotHere: also for somebody else's."""
    found = RegradeRequest.objects.visible_to(visit).filter(pk=pk)
    row = found.select_related("assignment__course", "item", "person", "team", "assigned_to").first()
    if row is None:
        raise NotHere("There is no such regrade request, or it is not yours.")
    return row


def regrade_page(visit: Visit, row: RegradeRequest, now: datetime) -> dict[str, Any]:
    """One request. While the grades are taken back, a student reads what was asked, and no points and no answer."""
    assignment = row.assignment
    shows = visit.is_staff or sees_grade(assignment, visit.person)
    return {
        "row": row,
        "assignment": assignment,
        "badge": BADGES[row.status],
        "shows": shows,
        "answer_html": words(row.answer) if shows else "",
        "decision_html": words(row.decision) if shows else "",
        "moves": list(row.moves.all()) if shows else [],
        "back": grade_path(assignment) if not visit.is_staff else "",
        "may": may(visit, row, now),
        "objection_ends": in_course(assignment.course, ends) if (ends := _objection_ends(row)) else "",
        "least": REASON_LETTERS[0],
        "most": REASON_LETTERS[1],
    } | (_staff_part(visit, row) if visit.is_staff else {})


def _objection_ends(row: RegradeRequest) -> datetime | None:
    rules = RegradeRules.of(row.assignment.regrade_rules) or RegradeRules()
    return rules.ends(row.assignment.course, row.answered_at) if row.answered_at else None


def may(visit: Visit, row: RegradeRequest, now: datetime) -> dict[str, bool]:
    """Which buttons the page shows; the services ask again."""
    ends = _objection_ends(row)
    if not visit.is_staff:
        return {
            "withdraw": row.status in UNANSWERED and row.answered_at is None,
            "accept": row.status == S.ANSWERED,
            "escalate": row.status == S.ANSWERED and row.escalated_at is None and ends is not None and now < ends,
        }
    return {
        "assign": row.status in UNANSWERED,
        "answer": row.status in UNANSWERED and row.may_answer(visit),
        "decide": row.status == S.ESCALATED and visit.role == Role.INSTRUCTOR,
        "close": row.status in UNANSWERED | {S.ANSWERED, S.ACCEPTED, S.DECIDED},
        "reopen": row.status in {S.CLOSED, S.ACCEPTED},
    }


def _staff_part(visit: Visit, row: RegradeRequest) -> dict[str, Any]:
    """What staff answer from: the item now, who graded it, whom it can be given to."""
    group = group_of(row.assignment, row.person)
    grades = grades_of(row.assignment, {one.pk for one in group.people} | {row.person_id})
    graders = set(
        GradeEvent.objects.filter(item=row.item, person=row.person, kind=GradeKind.RUBRIC).values_list(
            "actor_person", flat=True
        )
    )
    those = {Role.INSTRUCTOR} if row.decided_at else STAFF
    staff = Enrolment.objects.filter(course=visit.course, role__in=those, is_active=True).select_related("person")
    return {
        "grade_now": grades[row.person_id],
        "points_now": grades[row.person_id].points_of(row.item.key),
        "seen": max(grades[one.pk].seen for one in group.people),
        "grade_url": grade_path(row.assignment, "grades_person", person=row.person_id),
        "staff": [
            {"person": one.person, "graded_it": one.person_id in graders, "chosen": one.person_id == row.assigned_to_id}
            for one in staff.order_by("person__name")
        ],
        "people": group.people,
    }


def answer_ticks(
    row: RegradeRequest, page: dict[str, Any], typed: dict[str, str], ticked: Callable[[str], list[str]]
) -> dict[str, Any]:
    """The options of the item as an answer ticks them; nothing where it is graded by a number. Two queries."""
    item = item_of(RubricItem.objects.prefetch_related("options").get(pk=row.item_id))
    fields = mark_fields(page["grade_now"], [item], typed, ticked)
    return {"f": fields[0]} if fields and item.is_ticked else {}


def staff_get(visit: Visit, pk: str) -> User:
    """One of the staff of this course. Raises NotHere."""
    staff = Enrolment.objects.filter(course=visit.course, role__in=STAFF, is_active=True)
    key = int(pk) if pk.isascii() and pk.isdigit() and len(pk) < 18 else 0
    found = staff.filter(person=key).select_related("person").first()
    if found is None:
        raise NotHere("Choose one of the staff of this course.")
    return found.person


def waiting_section(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """For the home of the staff: how many requests wait. One query."""
    if not visit.is_staff:
        return None
    rows = list(RegradeRequest.objects.visible_to(visit).waiting().values_list("assigned_to", "status"))
    if not rows:
        return None
    mine = sum(to == visit.person.pk for to, _ in rows)
    return {"count": len(rows), "mine": mine, "escalated": sum(status == S.ESCALATED for _, status in rows)}
