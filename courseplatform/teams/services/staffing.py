"""What the staff do with members: assign, move, split, merge, confirm, dissolve. Each has an instant from which it holds."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError, BadInput, Conflict
from courseplatform.core.markdown import escaped
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.notices.services.notifications import notification_send
from courseplatform.teams.models.teams import TEAM_MOVES, Membership, Team, TeamMove, TeamStatus
from courseplatform.teams.policy import sizes
from courseplatform.teams.services.joining import (
    dissolve,
    lock_teams,
    membership_begin,
    membership_end,
    names_of,
    note,
)
from courseplatform.teams.services.teams import new_team, tell_members


def _day(at: datetime, team: Team) -> str:
    return f"{at.astimezone(team.course.tz):%b %-d}"


@transaction.atomic
def member_move(
    *, visit: Visit, person: User, to: Team | None, at: datetime, reason: str = "", now: datetime | None = None
) -> None:
    """Take a student out of the team of that instant, if any, and put them into `to`, if given, from `at` on.

    Args:
        at: from when it holds; before it, everything stays as it was.
        reason: why `to` may become larger than the rule; without one it may not.

    Raises:
        BadInput: `before_joining`.
        Conflict: `same_team`, `not_in_a_team`, and what `membership_begin` says.
    """
    now = now or timezone.now()
    row = Membership.objects.select_related("team", "person").filter(
        course=visit.course, person=person, until_at=None
    ).first()  # fmt: skip
    if row is None and to is None:
        raise Conflict(f"{person.name} is in no team now.", code="not_in_a_team")
    if row is not None and to is not None and row.team_id == to.pk:
        raise Conflict(f"{person.name} is in team {to.name} already.", code="same_team")
    locked = lock_teams(*([row.team] if row else []), *([to] if to else []))
    if row is not None:
        membership_end(membership=row, at=at, by=visit.by)
        note(
            team=locked[0],
            by=visit.by,
            sentence=f"{visit.person.name} took {person.name} out from {_day(at, locked[0])}",
        )
    if to is not None:
        _put(visit, locked[-1], [person], at, reason, now)
    _tell_moved(visit, person, to, at, now)


def _put(visit: Visit, team: Team, people: Sequence[User], at: datetime, reason: str, now: datetime) -> None:
    for person in people:
        membership_begin(team=team, person=person, at=at, by=visit.by, now=now, may_exceed=bool(reason))
    if reason and not sizes(team.course).fits(Membership.objects.from_on(at).filter(team=team).count()):
        Team.objects.filter(pk=team.pk).update(size_exception=reason[:200])
    note(team=team, by=visit.by, sentence=f"{visit.person.name} put {names_of(people)} in from {_day(at, team)}")


def _tell_moved(visit: Visit, person: User, to: Team | None, at: datetime, now: datetime) -> None:
    stamp = f"{now:%Y%m%d%H%M%S%f}"
    title = f"You are in team {to.name}" if to else "You are in no team"
    home = visit.course.get_absolute_url()
    notification_send(
        course=visit.course, people=[person], kind="team", key=f"team-moved-{person.pk}-{stamp}",
        title=f"{title} from {at.astimezone(visit.course.tz):%b %-d}",
        text=f"{escaped(visit.person.name)} of the staff changed it. What was handed in before stays where it was.",
        path=to.get_absolute_url() if to else home,
    )  # fmt: skip


@transaction.atomic
def team_split(
    *, visit: Visit, team: Team, people: Sequence[User], name: str, at: datetime, now: datetime | None = None
) -> Team:
    """Some members become a team of their own from `at` on; it inherits neither proposal nor bookings.

    Raises BadInput `nobody_chosen`, `nobody_stays`, `not_a_member`, `before_joining`, `name_taken`.
    """
    now = now or timezone.now()
    rows = {row.person_id: row for row in team.memberships.filter(until_at=None).select_related("person")}
    if not people:
        raise BadInput("Choose who goes into the new team.", code="nobody_chosen", details={"field": "people"})
    if any(person.pk not in rows for person in people):
        raise BadInput("One of them is not in this team now.", code="not_a_member", details={"field": "people"})
    if len(people) == len(rows):
        raise BadInput(
            "Somebody has to stay. To rename the team, describe it anew.",
            code="nobody_stays",
            details={"field": "people"},
        )
    fresh = new_team(course=team.course, name=name, wants_members=False)
    [team] = lock_teams(team)
    for person in people:
        membership_end(membership=rows[person.pk], at=at, by=visit.by)
    _put(visit, fresh, people, at, "", now)
    note(
        team=team,
        by=visit.by,
        sentence=f"{visit.person.name} split off team {fresh.name} with {names_of(people)} from {_day(at, team)}",
    )
    said = "was split" if at <= now else f"is split on {_day(at, team)}"
    for part in (team, fresh):
        tell_members(
            team=part, key=f"team-{fresh.pk}-split-{part.pk}", title=f"Team {team.name} {said}; {fresh.name} is new",
            but=visit.person,
        )  # fmt: skip
    return fresh


@transaction.atomic
def team_merge(
    *, visit: Visit, team: Team, into: Team, at: datetime, reason: str = "", now: datetime | None = None
) -> Team:
    """All members of `team` go into `into` from `at` on; `team` is dissolved, its past stays.

    Raises Conflict `same_team`, `team_full` (unless `reason` says why), `team_dissolved`; BadInput `before_joining`.
    """
    now = now or timezone.now()
    if team.pk == into.pk:
        raise Conflict("A team cannot be merged into itself.", code="same_team")
    team, into = lock_teams(team, into)
    rows = list(team.memberships.filter(until_at=None).select_related("person"))
    for row in rows:
        membership_end(membership=row, at=at, by=visit.by)
    _put(visit, into, [row.person for row in rows], at, reason, now)
    dissolve(team=team, by=visit.by, why=f"merged into {into.name}", now=now)
    note(team=team, by=visit.by, sentence=f"{visit.person.name} merged it into {into.name} from {_day(at, team)}")
    people = {row.person for row in rows} | {row.person for row in into.memberships.from_on(now)}
    day = _day(at, team)
    said = f"is part of team {into.name} now" if at <= now else f"becomes part of team {into.name} on {day}"
    notification_send(
        course=into.course, people=people, kind="team", key=f"team-{team.pk}-merged-{into.pk}",
        title=f"Team {team.name} {said}", path=into.get_absolute_url(),
    )  # fmt: skip
    return into


@transaction.atomic
def team_confirm(*, visit: Visit, team: Team, reason: str = "", now: datetime | None = None) -> Team:
    """Fix the members of a team. One outside the sizes needs a reason, which is kept.

    Raises:
        BadInput: `reason_needed`.
        IllegalMove: the team is not forming.
    """
    now = now or timezone.now()
    [team] = lock_teams(team)
    count, rule = Membership.objects.at(now).filter(team=team).count(), sizes(team.course)
    fits = rule.fits(count)
    if not fits and not reason.strip():
        raise BadInput(
            f"This team has {count} {'member' if count == 1 else 'members'}, and the course says {rule.words}. Write why it may stand all the same.",
            code="reason_needed",
            details={"field": "reason"},
        )
    exception = "" if fits else reason.strip()[:200]
    move(
        team, moves=TEAM_MOVES, to=TeamStatus.CONFIRMED, by=visit.by, why=exception, history=TeamMove,
        size_exception=exception, wants_members=False,
    )  # fmt: skip
    note(
        team=team,
        by=visit.by,
        sentence=f"Confirmed by {visit.person.name}{f', although its size is {count}: {exception}' if exception else ''}",
    )
    tell_members(
        team=team, key=f"team-{team.pk}-confirmed-{team.moves.count()}", title=f"Team {team.name} is confirmed"
    )
    return team


def teams_confirm_all(*, visit: Visit) -> int:
    """Confirm every forming team whose size is within the rule; each on its own, so that one refusal stops no other."""
    now, rule, done = timezone.now(), sizes(visit.course), 0
    for team in Team.objects.filter(course=visit.course, status=TeamStatus.FORMING):
        if rule.fits(Membership.objects.at(now).filter(team=team).count()):
            try:
                team_confirm(visit=visit, team=team)
            except AppError:
                continue  # changed since it was counted: it stays forming, and the page shows why
            done += 1
    return done


@transaction.atomic
def team_reopen(*, visit: Visit, team: Team) -> Team:
    """Let students change the members themselves again."""
    [team] = lock_teams(team)
    move(team, moves=TEAM_MOVES, to=TeamStatus.FORMING, by=visit.by, history=TeamMove)
    note(team=team, by=visit.by, sentence=f"Opened for changes by {visit.person.name}")
    return team


@transaction.atomic
def team_dissolve(*, visit: Visit, team: Team, at: datetime | None = None, now: datetime | None = None) -> Team:
    """End a team and the memberships in it from `at` on; all rows stay."""
    now = now or timezone.now()
    [team] = lock_teams(team)
    people = [row.person for row in team.memberships.filter(until_at=None).select_related("person")]
    for row in team.memberships.filter(until_at=None).select_related("person"):
        membership_end(membership=row, at=at or now, by=visit.by)
    dissolve(team=team, by=visit.by, why=f"by {visit.person.name}", now=now)
    note(team=team, by=visit.by, sentence=f"Dissolved by {visit.person.name}")
    notification_send(
        course=team.course, people=people, kind="team", key=f"team-{team.pk}-dissolved",
        title=f"Team {team.name} was dissolved", text="The page Teams shows who looks for members.",
        path=visit.course.get_absolute_url() + "teams/",
    )  # fmt: skip
    return team
