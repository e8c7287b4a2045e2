"""Grades of the demo: Lab 2 by the rubric of the course file, graded and released, one mark corrected, and one regrade request that waits."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Role
from grading.desk.marks import from_grade
from grading.grade_facts import grade_for, items_of
from grading.models.assignments import Assignment
from grading.models.desk import GradingSheet
from grading.models.grades import GradeEvent, GradeRelease, RubricItem
from grading.models.regrades import RegradeMove
from grading.services.grades import grade_give
from grading.services.regrades import regrade_ask
from grading.services.releasing import grades_release
from grading.services.samples import samples_prepare

LAB = "lab2"
SECONDS = (410, 545)  # that each report of it took at the desk
APART = (Decimal(), Decimal("-0.25"))  # what the TA and the instructor give beside the mark that stands
RULES = {"opens_hours": 24, "closes_days": 7, "limit": 3}
# Who, when before now, what is ticked in each item of the rubric, and the note beside it. Nobody is graded who is not in the cast.
TICKS = (
    (
        "ruth.adeyemi",
        5,
        {"report": ["complete"], "discussion": ["evidence"], "extra": ["second-board"]},
        "Clear, and the second convolution is named as what costs most.",
    ),
    (
        "daniel.park",
        4,
        {"report": ["complete", "axis"], "discussion": ["one-claim"], "extra": []},
        "The table mixes KiB and KB. Which of the two did you measure?",
    ),
)
WHY = "The discussion names the first convolution with its share of the time in the second paragraph, right below the table."


def load(*, course: Course, people: Mapping[str, User], now: datetime) -> None:
    """Called once on a fresh course, inside the transaction that makes it."""
    lab = Assignment.objects.select_related("course").get(course=course, slug=LAB)
    lab.regrade_rules = RULES
    lab.save()
    ta = Visit(people["amit.rosen@example.edu"], course, Role.TA)
    for name, days, ticks, note in TICKS:
        person = people[f"{name}@example.edu"]
        _give(ta, lab, person, ticks, note)
        _date(lab, person, now - timedelta(days=days))
    helen = Visit(people["helen.castell@example.edu"], course, Role.INSTRUCTOR)
    _at_the_desk(lab, [people[f"{name}@example.edu"] for name, *_ in TICKS], [ta, helen], now)
    grades_release(visit=helen, assignment=lab, now=now - timedelta(days=2))
    daniel = people["daniel.park@example.edu"]
    _give(ta, lab, daniel, {"report": ["complete"]}, "", reason="The units stand in the caption; I had overlooked it.")
    GradeEvent._base_manager.filter(assignment=lab, made_at__gt=now - timedelta(days=1)).update(
        made_at=now - timedelta(days=1)
    )
    asks = Visit(daniel, course, Role.STUDENT)
    at = now - timedelta(hours=3)
    regrade_ask(visit=asks, assignment=lab, item="discussion", reason=WHY, knows_both_ways=True, now=at)
    RegradeMove._base_manager.filter(subject__assignment=lab).update(at=at)


def _at_the_desk(lab: Assignment, people: list[User], graders: list[Visit], now: datetime) -> None:
    """The sheets of what was just graded by the first of the graders, and both reports marked once more by each of them, blindly."""
    items, sheets = items_of(lab), GradingSheet.objects.filter(assignment=lab)
    for number, (person, seconds) in enumerate(zip(people, SECONDS, strict=True), 1):
        grade, at = grade_for(lab, person), now - timedelta(days=4)
        points = sum((grade.points_of(item.key) or Decimal() for item in items), Decimal())
        GradingSheet.objects.create(
            assignment=lab, number=number, person=person, submission=lab.submissions.get(person=person), ticks=from_grade(items, grade), points=points,
            is_sample=True, opened_at=at, done_at=at, done_by=graders[0].person, seconds_spent=seconds,
        )  # fmt: skip
    for visit, apart in zip(graders, APART, strict=True):
        samples_prepare(visit=visit, assignment=lab)
        for sample in sheets.filter(grader=visit.person).select_related("sample_of"):
            first = sample.sample_of
            if first is not None and first.points is not None:
                marks = {"points": max(first.points + apart, Decimal()), "ticks": first.ticks, "done_by": visit.person}
                sheets.filter(pk=sample.pk).update(**marks, done_at=now - timedelta(days=3), seconds_spent=300)


def load_reports(*, course: Course, people: Mapping[str, User], facts: Mapping[str, Any]) -> None:
    """Reports of two teams, read by the TA four days after each was due. Nobody is told: it happened weeks ago."""
    ta = Visit(people["amit.rosen@example.edu"], course, Role.TA)
    for number in range(1, 1 + max(map(len, facts["marks"].values()))):
        report = Assignment.objects.select_related("course").get(course=course, slug=f"report{number}")
        RubricItem.objects.create(assignment=report, key="page", title="The page", points=report.points)
        read_at = (report.due_at or timezone.now()) + timedelta(days=4)
        for name, marks in facts["marks"].items():
            if number <= len(marks):
                grade_give(
                    visit=ta, assignment=report, person=people[name], marks={"page": Decimal(str(marks[number - 1]))},
                    seen=grade_for(report, people[name]).seen,
                )  # fmt: skip
        GradeEvent._base_manager.filter(assignment=report).update(made_at=read_at)
        if number <= facts["released"]:
            GradeRelease.objects.create(assignment=report, is_released=True, by="Helen Castell", at=read_at)


def _give(
    ta: Visit, lab: Assignment, person: User, ticks: Mapping[str, list[str]], note: str, *, reason: str = ""
) -> None:
    seen = grade_for(lab, person).seen
    grade_give(visit=ta, assignment=lab, person=person, ticks=ticks, seen=seen, note=note, reason=reason)


def _date(lab: Assignment, person: User, at: datetime) -> None:
    """What was just written, as of a day before the release."""
    GradeEvent._base_manager.filter(assignment=lab, person=person).update(made_at=at)
