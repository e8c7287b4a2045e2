"""Graded work of the cast, and the steps of a regrade request."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from courseplatform.core.errors import AppError
from courseplatform.notices.models.notifications import Notification
from grading.grade_facts import grades_of, group_of
from grading.models import GradeEvent, RubricItem
from grading.models.grades import GradeRelease
from grading.services.grade_writing import seen_of
from grading.services.grades import grade_give
from grading.services.regrade_answers import regrade_answer, regrade_decide
from grading.services.regrades import regrade_ask, regrade_escalate

REASON = "The plot has its units in the caption, page 1."
RULES = {"opens_hours": 24, "closes_days": 7, "limit": 2}


def with_rubric(cast, lab=None, **fields):
    """Lab 1 with two items beside its criteria, and regrade requests."""
    lab = lab or cast.lab
    for position, (key, title, points) in enumerate((("report", "Report", 3), ("plot", "Plot", 2))):
        RubricItem.objects.get_or_create(
            assignment=lab, key=key, defaults={"title": title, "points": points, "position": position}
        )
    lab.regrade_rules, lab.points = RULES, 12
    for name, value in fields.items():
        setattr(lab, name, value)
    lab.save()
    return lab


def seen(lab, person):
    return seen_of(grades_of(lab, {one.pk for one in group_of(lab, person).people}))


def give(cast, person, by=None, lab=None, reason="first reading", note="", **marks):
    lab = lab or cast.lab
    return grade_give(
        visit=cast.visit(by or cast.amit), assignment=lab, person=person, seen=seen(lab, person), reason=reason, note=note,
        marks={key: None if points is None else Decimal(str(points)) for key, points in marks.items()},
    )  # fmt: skip


def released(cast, lab=None, **ago):
    """The grades are out since two days, or `ago`."""
    return GradeRelease.objects.create(
        assignment=lab or cast.lab, is_released=True, by="Helen", at=timezone.now() - timedelta(**(ago or {"days": 2}))
    )


def graded(cast, person=None, **ago):
    """A rubric, marks of Amit for Ruth or `person`, and their release."""
    with_rubric(cast)
    give(cast, person or cast.ruth, report=2, plot=1)
    released(cast, **ago)
    return cast.lab


def ask(cast, person=None, item="report", reason=REASON, knows=True, **more):
    return regrade_ask(
        visit=cast.visit(person or cast.ruth),
        assignment=cast.lab,
        item=item,
        reason=reason,
        knows_both_ways=knows,
        **more,
    )


def history(lab, person):
    return [
        (row.kind, row.item.key if row.item else "", row.points)
        for row in GradeEvent.objects.filter(assignment=lab, person=person)
    ]


def regrade_of(cast, person=None):
    """An open regrade request of Ruth, or of `person`."""
    graded(cast, person)
    return ask(cast, person)


def told(person):
    return [row.title for row in Notification.objects.filter(person=person, kind="grade").order_by("pk")]


def answer(cast, row, points=None, by=None, text="Read again."):
    regrade_answer(
        visit=cast.visit(by or cast.amit), row=row, points=None if points is None else Decimal(points), text=text,
        seen=seen(row.assignment, row.person),
    )  # fmt: skip


def decide(cast, row, points=None, by=None):
    regrade_decide(
        visit=cast.visit(by or cast.helen), row=row, points=None if points is None else Decimal(points), text="Final.",
        seen=seen(row.assignment, row.person),
    )  # fmt: skip


def escalate(cast, row, reason=REASON, **more):
    regrade_escalate(visit=cast.visit(cast.ruth), row=row, reason=reason, **more)


def refused(act, kind=AppError):
    with pytest.raises(kind) as caught:
        act()
    return caught.value.code
