"""The analytics of one piece of work: its charts, and what stands at their head."""

from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.urls import reverse

from courseplatform.core.badges import Badge
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from grading.analytics import head
from grading.analytics.attempts import ClassOfAttempts, attempts_chart
from grading.analytics.chart import NOTHING, Chart
from grading.analytics.cost import cost_chart
from grading.analytics.cost_facts import ClassOfCosts
from grading.analytics.graders import graders_chart
from grading.analytics.graders_facts import ClassOfGraders
from grading.analytics.late import late_chart
from grading.analytics.points import points_chart
from grading.analytics.points_facts import ClassOfPoints
from grading.analytics.words import points
from grading.grade_facts import Facts, facts_of, is_visible, items_of, release_of
from grading.models.assignments import Assignment
from grading.models.grade_now import GradeNow
from grading.models.grades import grade_path
from grading.ranks.class_numbers import head_of, shown
from grading.rubric import Item
from grading.selectors.analytics_class import Class, class_of, points_read
from grading.selectors.analytics_rest import attempts_read, costs_read, graders_read, late_read

CHARTS = ("points", "cost", "attempts", "late", "graders")


class LabAnalytics:
    """What one visitor reads about one piece of work; each part is read when it is asked for, and once.

    asked: the cost that was chosen; what nobody has is none.
    """

    def __init__(self, visit: Visit, assignment: Assignment, now: datetime, asked: str = "") -> None:
        self.visit, self.assignment, self.now, self.asked = visit, assignment, now, asked

    @cached_property
    def group(self) -> Class:
        return class_of(self.visit, self.assignment)

    @cached_property
    def facts(self) -> Facts:
        return facts_of(self.assignment, set(self.group.people))

    @property
    def items(self) -> list[Item]:
        """The rubric: of the grades where these are read already."""
        return self.facts.items if "facts" in self.__dict__ else items_of(self.assignment)

    @cached_property
    def points(self) -> ClassOfPoints:
        return points_read(self.assignment, self.group, self.facts, self.now)

    @cached_property
    def costs(self) -> ClassOfCosts | None:
        return costs_read(self.assignment, self.group, self.asked)

    @cached_property
    def attempts(self) -> ClassOfAttempts:
        return attempts_read(self.assignment, self.group, self.now)

    @cached_property
    def graders(self) -> ClassOfGraders:
        return graders_read(self.visit, self.assignment, self.items)

    def charts(self, only: str = "") -> list[Chart]:
        """In the order of the page. only: the key of one, or of one that stands beside it; then nothing else is read."""
        wanted = [key for key in CHARTS if not only or only == key or only.startswith(f"{key}-")]
        return [chart for key in wanted if (chart := self._chart(key)) is not None]

    def _chart(self, key: str) -> Chart | None:
        if key == "points":
            return points_chart(self.points)
        if key == "cost":
            return cost_chart(self.costs) if self.costs is not None else None
        if key == "attempts":
            return attempts_chart(self.attempts) if self.assignment.takes_anything else None
        if key == "late":
            return (
                late_chart(late_read(self.assignment, self.group, self.now)) if self.assignment.takes_anything else None
            )
        return graders_chart(self.graders)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """One row a team or person with everything that is known of it: for a file."""
        found, costs = self.points, self.costs
        metrics = [costs.gain, *costs.costs] if costs and costs.costs else []
        measured = {one.key: one for one in costs.measured} if costs else {}
        counts = dict[tuple[str, int], int]()
        for key, _ in self.group.arrived:
            counts[key] = counts.get(key, 0) + 1
        parts = [
            part
            for part in found.parts
            if part.of is not None or any(unit.parts.get(part.key) for unit in found.graded)
        ]
        of_model = ["Counting attempt", *map(head_of, metrics)] if metrics else []
        heads = [found.word.capitalize(), "Handed in", "Attempts", "Points", *(part.head for part in parts), *of_model]
        rows = []
        for unit in sorted(found.units, key=lambda one: one.name):
            is_graded, one = unit.points is not None, measured.get(unit.key)
            marks = [points(unit.parts.get(part.key, 0)) if is_graded else NOTHING for part in parts]
            values = [(metric, one.numbers.value(metric) if one else None) for metric in metrics]
            rows.append([
                unit.name, "yes" if unit.has_handed_in else "no", str(counts.get(unit.key, 0)), points(unit.points) if unit.points is not None else NOTHING,
                *marks, *([str(one.number) if one else NOTHING] if metrics else []),
                *(NOTHING if value is None else shown(metric, value) for metric, value in values),
            ])  # fmt: skip
        return heads, rows


def lab_page(visit: Visit, assignment: Assignment, now: datetime, asked: str) -> dict[str, Any]:
    """Twenty queries at most, whatever the size of the class."""
    found = LabAnalytics(visit, assignment, now, asked)
    release = release_of(assignment)
    is_released = is_visible(release)
    charts = found.charts()
    before = _before(assignment)
    unreleased = Badge("neutral", "lock", "not released")
    return {
        "assignment": assignment, "names_hidden": found.group.is_hidden, "charts": charts, "is_released": is_released, "release": release,
        "title": head.title(found.points, found.graders), "lead": head.lead(found.points, found.graders, is_released=is_released),
        "graded": head.graded_words(found.points), "badge": Badge("good", "check", "released") if is_released else unreleased,
        "before": before, "before_words": _before_words(before, found.points) if before else "",
        "base": reverse("grading:lab_analytics", kwargs={"course": visit.course.slug, "assignment": assignment.slug}),
        "query": f"?cost={found.costs.cost}" if found.costs and found.costs.cost and asked == found.costs.cost else "",
        "may_release": not is_released and bool(found.points.graded) and not found.points.is_so_far,
        "grades_url": grade_path(assignment, "grades"), "is_instructor": visit.role == Role.INSTRUCTOR,
    }  # fmt: skip


def _before_words(before: Assignment, found: ClassOfPoints) -> str:
    return head.before_it(before.short, _grades(before), None if found.is_so_far else found.median, found.of)


def _before(assignment: Assignment) -> Assignment | None:
    """The last work of the same kind that was due before this. One query."""
    if assignment.due_at is None:
        return None
    others = Assignment.objects.of(assignment.course).filter(kind=assignment.kind, due_at__lt=assignment.due_at)
    return others.select_related("course").order_by("-due_at", "-position").first()


def _grades(assignment: Assignment) -> list[tuple[Decimal, Decimal]]:
    """(points, of) of each student with a complete grade. One query."""
    students = Enrolment.objects.filter(course=assignment.course_id, role=Role.STUDENT, is_active=True).values("person")
    rows = GradeNow.objects.filter(assignment=assignment, is_complete=True, points__isnull=False, person__in=students)
    return [(points, of) for points, of in rows.order_by().values_list("points", "of") if points is not None]
