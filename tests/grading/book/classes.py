"""Courses with a scheme, and work in them that the staff have graded."""

from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from courseplatform.courses.models import Session
from courseplatform.participation.models import Credit
from courseplatform.seminar.models.slots import PresentationSlot, Score, SlotPerson
from grading.grade_facts import grade_for
from grading.models import Assignment, GradeRelease, RubricItem
from grading.services.grades import grade_give

CMU = {
    "components": [
        {"key": "participation", "title": "Participation", "group": "Papers", "percent": 15, "cap_percent": 15, "from": ["participation"]},
        {"key": "presentations", "title": "Paper Presentations", "group": "Papers", "percent": 15, "from": ["presentations"]},
        {"key": "reports", "title": "Lab Reports", "group": "Project/Lab", "percent": 50, "count": 10, "of": [f"report{n}" for n in range(1, 11)]},
        {"key": "final", "title": "Final Report & Presentation", "group": "Project/Lab", "percent": 20, "of": ["final-report"]},
    ]
}  # fmt: skip
MIT = {
    "components": [
        {"key": "scribe", "title": "Scribe Duties", "percent": 5, "from": ["scribe"]},
        {"key": "labs", "title": "4 Labs", "percent": 60, "count": 4, "of": ["lab1", "lab2", "lab3", "lab4"]},
        {"key": "paper", "title": "Paper Review Presentation", "percent": 10, "from": ["presentations"]},
        {"key": "project", "title": "Final Project", "percent": 25, "of": ["project-report"]},
        {"key": "bonus", "title": "Participation Bonus", "percent": 4, "cap_percent": 4, "bonus": True, "from": ["participation"]},
    ],
    "pass": {"turned_in": 3, "of": ["lab1", "lab2", "lab3", "lab4"]},
}  # fmt: skip
PARTICIPATION = {"each_percent": 1, "cap_percent": 15, "what": "a question"}


def with_scheme(course, scheme, **facts):
    course.facts = {**course.facts, "grading": scheme, **facts}
    course.save()
    return course


def make_work(course, slug, due_in=-2, points=10, **fields):
    """Graded by one item, `all`, of as many points as it is worth. due_in: days from now; None: no due time."""
    due = None if due_in is None else timezone.now() + timedelta(days=due_in)
    facts = {"kind": "report", "short": slug.capitalize(), "due_at": due, "points": points, "parts": PARTS} | fields
    work = Assignment.objects.create(course=course, slug=slug, **facts)
    RubricItem.objects.create(assignment=work, key="all", title="All", points=points)
    return work


PARTS = [{"key": "report", "title": "Report", "kind": "pdf", "required": True}]


def mark(cast, work, person, points, by=None):
    grade_give(
        visit=cast.visit(by or cast.amit, work.course), assignment=work, person=person, seen=grade_for(work, person).seen,
        marks={"all": None if points is None else Decimal(str(points))}, reason="read",
    )  # fmt: skip


def release(*work, is_released=True):
    for one in work:
        GradeRelease.objects.create(assignment=one, is_released=is_released, by="Helen", at=timezone.now())


def credit(course, person, count, kind="question"):
    Credit.objects.bulk_create(
        Credit(course=course, person=person, kind=kind, given_by="Amit", at=timezone.now()) for _ in range(count)
    )


def presentation(course, person, points=None, of=15, days=-3, is_released=True):
    """A talk of this person, scored where points are given."""
    day = timezone.localdate() + timedelta(days=days)
    session = Session.objects.create(course=course, held_on=day, column="lecture", title="Papers", position=9)
    slot = PresentationSlot.objects.create(session=session)
    SlotPerson.objects.create(slot=slot, person=person, role="presenter")
    if points is not None:
        at = timezone.now() if is_released else None
        Score.objects.create(
            slot=slot, person=person, points=Decimal(str(points)), out_of=of, by="Amit", released_at=at
        )
    return slot
