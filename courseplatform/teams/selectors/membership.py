"""Who was in which team at which instant: what other apps ask of teams.

Every answer is about one instant: `since_at` included, `until_at` excluded. `at=None` is now. A person has at most one team of a course at
any instant; who left keeps the past.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.prepared import Prepared
from courseplatform.courses.access import Visit, asked_once
from courseplatform.courses.models import Course
from courseplatform.teams.models.teams import Membership, MembershipQuerySet, Team

THEIRS = Prepared(
    lambda at, course, person: Membership.objects.at(at).filter(course=course, person=person).select_related("team__course").order_by("pk"),
    at=datetime, course=int, person=int,
)  # fmt: skip


def team_of(course: Course, person: User, at: datetime | None = None) -> Team | None:
    """The team of a person at an instant, or None. One query."""
    found = next(iter(THEIRS(at=at or timezone.now(), course=course.pk, person=person.pk)), None)
    return found.team if found else None


@asked_once
def team_now(visit: Visit, now: datetime) -> Team | None:
    """The visitor's team, for the sections of a page that all ask for it."""
    return team_of(visit.course, visit.person, now)


def members_at(team: Team, at: datetime | None = None) -> list[User]:
    """The members at an instant, in the order in which they joined. One query."""
    rows = Membership.objects.at(at or timezone.now()).filter(team=team).select_related("person")
    return [row.person for row in rows]


def is_member(team: Team, person: User, at: datetime | None = None) -> bool:
    return Membership.objects.at(at or timezone.now()).filter(team=team, person=person).exists()


def memberships_of(course: Course) -> MembershipQuerySet:
    """Every membership of the course there ever was, oldest first, with person and team: for ledgers and exports."""
    return Membership.objects.filter(course=course).select_related("person", "team")


def memberships_of_person(course: Course, person: User) -> MembershipQuerySet:
    """A person's own line through the term: each team with its two instants."""
    return memberships_of(course).filter(person=person)


def teams_at(course: Course, at: datetime | None = None) -> dict[int, Team]:
    """Person's key -> team, for everybody who has one at this instant. One query whatever the size: for gradebooks."""
    return {row.person_id: row.team for row in memberships_of(course).at(at or timezone.now())}


def members_of(teams: Iterable[Team], at: datetime | None = None) -> dict[int, list[Membership]]:
    """Team's key -> its memberships at an instant. One query for all of them."""
    found: dict[int, list[Membership]] = defaultdict(list)
    for row in Membership.objects.at(at or timezone.now()).filter(team__in=teams).select_related("person"):
        found[row.team_id].append(row)
    return found
