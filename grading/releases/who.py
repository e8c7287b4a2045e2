"""Whose grades are released, and of how many pieces of work they are."""

from collections.abc import Collection

from courseplatform.courses.models import Enrolment, Role
from courseplatform.teams.selectors.membership import teams_at
from grading.grade_facts import judged
from grading.models.assignments import Assignment


def students_of(assignment: Assignment) -> set[int]:
    """Keys of those who are in the course now. One query."""
    rows = Enrolment.objects.filter(course=assignment.course_id, role=Role.STUDENT, is_active=True)
    return set(rows.values_list("person", flat=True))


def works_of(assignment: Assignment, people: Collection[int]) -> int:
    """A team's grade is one, however many share it: those of two teams of three tell each team the grade of the other."""
    if assignment.is_individual:
        return len(people)
    handed, teams = judged(assignment, people), teams_at(assignment.course)
    found = set[tuple[str, object]]()
    for pk in people:
        team = handed[pk].team_id if pk in handed else teams[pk].pk if pk in teams else None
        found.add(("team", team) if team else ("person", pk))
    return len(found)
