"""Whom to tell of a loan or a reservation, and what a borrower is called."""

from courseplatform.accounts.models import User
from courseplatform.courses.models import STAFF, Course
from courseplatform.teams.models import Team
from courseplatform.teams.selectors.membership import members_at


def people_of(person: User | None, team: Team | None) -> list[User]:
    """Everybody who answers for it now: the person, or the members of the team."""
    return members_at(team) if team is not None else [person] if person is not None else []


def staff_of(course: Course) -> list[User]:
    return list(User.objects.filter(enrolments__course=course, enrolments__is_active=True, enrolments__role__in=STAFF))


def borrower_words(person: User | None, team: Team | None) -> str:
    """Ruth Adeyemi, or team Magpie."""
    return f"team {team.name}" if team is not None else person.name or person.email if person is not None else ""
