"""When something that was lent for the term goes out or comes back, late days are counted again."""

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from courseplatform.teams.models import Membership, Team
from grading.returns.work import return_of
from grading.services.late_days import late_days_mark


def return_changed(course: Course, person: User | None, team: Team | None, by: str) -> None:
    """Late days are counted again: of the borrower, or of everybody who was ever in the team."""
    item = return_of(course)
    if item is None:
        return
    people = {person.pk} if person else set(Membership.objects.filter(team=team).values_list("person", flat=True))
    late_days_mark(course=course, people=people, cause=f"{item.short}: what is lent changed", actor=by)
