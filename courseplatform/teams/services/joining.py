"""The only place that begins and ends memberships. Its callers hold a transaction.

Everybody locks in one order, or two of them would wait for each other for ever: course (new names), teams by key, enrolments, invitations.
`no_key`, because rows that only point at a locked one (a notification, a hand-in) do not have to wait for it.
Two tabs that add a member at once wait for each other at the team's row. What SQLite does with one writer, PostgreSQL does with
`FOR UPDATE`; that nobody is in two teams is a constraint of the database besides.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.core.states import move
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.teams.hooks import tell_membership
from courseplatform.teams.models.invitations import (
    INVITATION_MOVES,
    InvitationMove,
    InvitationStatus,
    TeamInvitation,
)
from courseplatform.teams.models.teams import OPEN_TEAMS, TEAM_MOVES, Membership, Team, TeamEvent, TeamMove, TeamStatus
from courseplatform.teams.policy import sizes


def lock_teams(*teams: Team) -> list[Team]:
    """The teams as they stand now, locked in the order of their keys so that two callers never wait for each other."""
    keys = {team.pk for team in teams}
    rows = (
        Team.objects.select_for_update(of=("self",), no_key=True)
        .select_related("course")
        .filter(pk__in=keys)
        .order_by("pk")
    )
    found = {team.pk: team for team in rows}
    return [found[team.pk] for team in teams]


def lock_student(*, course: Course, person: User) -> bool:
    """What happens to one student happens one after the other. Returns whether the person is an active student of the course."""
    rows = Enrolment.objects.select_for_update(no_key=True).filter(course=course, person=person)
    return any(row.role == Role.STUDENT and row.is_active for row in rows)


def note(*, team: Team, by: str, sentence: str) -> None:
    """A line of the team's history."""
    TeamEvent.objects.create(team=team, by=by[:120], sentence=sentence[:300])


def membership_begin(
    *, team: Team, person: User, at: datetime, by: str, now: datetime, may_exceed: bool = False
) -> Membership:
    """Put a student into a locked team from `at` on.

    Args:
        may_exceed: the staff have said why this team may be larger than the rule.

    Raises:
        Conflict: `team_dissolved`, `not_a_student`, `already_in_a_team`, `team_full`.
    """
    if team.status not in OPEN_TEAMS:
        raise Conflict(f"Team {team.name} was dissolved. Choose another one.", code="team_dissolved")
    if not lock_student(course=team.course, person=person):
        raise Conflict(f"{person.name} is not a student of this course now.", code="not_a_student")
    _check_is_free(team, person, at)
    if not may_exceed:
        _check_has_room(team, at)
    try:
        with transaction.atomic():
            row = Membership.objects.create(
                team=team, course=team.course, person=person, since_at=at, begun_by=by[:120]
            )
    except IntegrityError as error:
        raise _in_a_team(person) from error
    invitations_close(team=team, person=person, by=by, now=now)
    tell_membership(row, by)
    return row


def _check_is_free(team: Team, person: User, at: datetime) -> None:
    other = Membership.objects.from_on(at).filter(course=team.course, person=person).select_related("team").first()
    if other is not None:
        raise _in_a_team(person, other)


def _in_a_team(person: User, other: Membership | None = None) -> Conflict:
    where = f"in team {other.team.name}" if other else "in a team"
    return Conflict(
        f"{person.name} is {where} already, and nobody is in two teams of a course. Leave the first one, or ask the staff to move.",
        code="already_in_a_team",
    )


def _check_has_room(team: Team, at: datetime) -> None:
    most = sizes(team.course).most
    if Membership.objects.from_on(at).filter(team=team).count() >= most:
        raise Conflict(f"Team {team.name} has {most} members, and no team has more than {most}.", code="team_full")


def membership_end(*, membership: Membership, at: datetime, by: str) -> None:
    """End an open membership at `at`. The row stays: it says who was a member until then.

    Raises:
        BadInput: `before_joining`.
        Conflict: `lost_race` when somebody ended it first.
    """
    if at <= membership.since_at:
        since = membership.since_at.astimezone(membership.team.course.tz)
        raise BadInput(
            f"{membership.person.name} joined only after that, {since:%a %b %-d at %H:%M}. Choose a later day, or none: then it holds from now on.",
            code="before_joining",
            details={"field": "effective_on"},
        )
    won = Membership.objects.filter(pk=membership.pk, until_at=None).update(until_at=at, ended_by=by[:120])
    if won != 1:
        raise Conflict(
            f"{membership.person.name} had left already. Reload the page to see the team as it is.", code="lost_race"
        )
    tell_membership(membership, by)


def invitations_close(*, team: Team, person: User, by: str, now: datetime) -> None:
    """Who has a team needs no other: what is open for this person in the course is withdrawn."""
    # Of the invitations alone: the teams that they belong to are others' to lock.
    waiting = TeamInvitation.objects.select_for_update(of=("self",), no_key=True).filter(
        person=person, team__course=team.course, status=InvitationStatus.PENDING
    )
    for invitation in waiting:
        move(
            invitation, moves=INVITATION_MOVES, to=InvitationStatus.WITHDRAWN, by=by, why=f"joined {team.name}",
            history=InvitationMove, answered_at=now,
        )  # fmt: skip


def dissolve(*, team: Team, by: str, why: str, now: datetime) -> None:
    """A locked team without members ends; what it asked of others ends with it."""
    move(team, moves=TEAM_MOVES, to=TeamStatus.DISSOLVED, by=by, why=why, history=TeamMove, wants_members=False)
    for invitation in team.invitations.filter(status=InvitationStatus.PENDING).select_for_update(no_key=True):
        move(
            invitation, moves=INVITATION_MOVES, to=InvitationStatus.WITHDRAWN, by=by, why="team dissolved",
            history=InvitationMove, answered_at=now,
        )  # fmt: skip
    team.bookings.filter(cancelled_at=None).filter(Q(slot__day__gte=now.date())).update(cancelled_at=now)


def names_of(people: Iterable[User]) -> str:
    """Ruth, Daniel and Sofia."""
    names = [person.name for person in people]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "nobody"
