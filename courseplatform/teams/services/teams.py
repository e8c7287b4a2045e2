"""What students do with their own team: found it, describe it, leave it."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.text import slugify

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict, Forbidden
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course
from courseplatform.notices.services.notifications import notification_send
from courseplatform.teams.models.teams import Membership, Team, TeamStatus
from courseplatform.teams.selectors.membership import is_member, members_at
from courseplatform.teams.services.joining import (
    dissolve,
    lock_teams,
    membership_begin,
    membership_end,
    note,
)


def check_inside(*, visit: Visit, team: Team) -> None:
    """Raises Forbidden (`not_your_team`) unless a member or one of the staff asks."""
    if not visit.is_staff and not is_member(team, visit.person):
        raise Forbidden(f"Only members of team {team.name} and the staff may do this.", code="not_your_team")


@transaction.atomic
def team_create(
    *, visit: Visit, name: str, summary: str = "", wants_members: bool = True, people: list[User] | None = None,
    now: datetime | None = None,
) -> Team:  # fmt: skip
    """Found a team. A student is its first member; the staff name `people` (nobody: an empty team to be filled).

    Raises:
        BadInput: `name_taken`, `no_name`.
        Conflict: what `membership_begin` says of a person.
    """
    now = now or timezone.now()
    team = new_team(course=visit.course, name=name, summary=summary, wants_members=wants_members)
    [team] = lock_teams(team)
    first = (people or []) if visit.is_staff else [visit.person]
    for person in first:
        membership_begin(team=team, person=person, at=now, by=visit.by, now=now)
    note(team=team, by=visit.by, sentence=f"Founded by {visit.person.name}")
    if visit.is_staff:
        tell_members(team=team, key=f"team-{team.pk}-founded", title=f"You are in team {team.name}", but=visit.person)
    return team


def new_team(*, course: Course, name: str, summary: str = "", wants_members: bool = True) -> Team:
    """Inside a transaction: the row of a new team, with an address made of its name."""
    name = name.strip()
    stem = slugify(name)[:60] or "team"
    if not name:
        raise BadInput("A team needs a name.", code="no_name", details={"field": "name"})
    taken = Team.objects.filter(course=course)
    Course.objects.select_for_update(no_key=True).get(
        pk=course.pk
    )  # two teams of one name are decided one after the other
    if taken.filter(name__iexact=name).exists():
        raise BadInput(
            f"There is a team {name} in this course already. Choose another name.",
            code="name_taken",
            details={"field": "name"},
        )
    used = set(taken.filter(Q(slug=stem) | Q(slug__startswith=f"{stem}-")).values_list("slug", flat=True))
    slug = next(word for n in range(1, len(used) + 2) if (word := stem if n == 1 else f"{stem}-{n}") not in used)
    return Team.objects.create(course=course, name=name, slug=slug, summary=summary, wants_members=wants_members)


@transaction.atomic
def team_describe(
    *, visit: Visit, team: Team, project_title: str, summary: str, board_choice: str, wants_members: bool, part: str | None = None,
) -> Team:  # fmt: skip
    """Say what the team does, on which board, and (a member) one's own part in it."""
    check_inside(visit=visit, team=team)
    [team] = lock_teams(team)
    if team.project_title and team.project_title != project_title:
        note(team=team, by=visit.by, sentence=f"{visit.person.name} changed the title: {project_title or 'none'}")
    if team.board_choice != board_choice:
        note(team=team, by=visit.by, sentence=f"{visit.person.name} chose the board: {board_choice or 'none'}")
    team.project_title, team.summary = project_title, summary
    team.board_choice, team.wants_members = board_choice, wants_members
    team.save(update_fields=["project_title", "summary", "board_choice", "wants_members"])
    if part is not None:
        Membership.objects.at(timezone.now()).filter(team=team, person=visit.person).update(part=part)
    return team


@transaction.atomic
def team_leave(*, visit: Visit, team: Team, now: datetime | None = None) -> Team:
    """Leave a team that is forming; the last one out dissolves it.

    Raises:
        Conflict: `team_confirmed` (the staff change its members), `not_a_member`.
    """
    now = now or timezone.now()
    [team] = lock_teams(team)
    row = Membership.objects.select_related("person").filter(team=team, person=visit.person, until_at=None).first()
    if row is None:
        raise Conflict(f"You are not in team {team.name} now.", code="not_a_member")
    if team.status == TeamStatus.CONFIRMED:
        raise Conflict(
            "The staff have confirmed this team, so they change its members. Write to them.", code="team_confirmed"
        )
    membership_end(membership=row, at=max(now, row.since_at + timedelta(microseconds=1)), by=visit.by)
    note(team=team, by=visit.by, sentence=f"{visit.person.name} left")
    if Membership.objects.from_on(now).filter(team=team).exists():
        stamp = f"{now:%Y%m%d%H%M%S}"
        tell_members(
            team=team, key=f"team-{team.pk}-left-{visit.person.pk}-{stamp}", title=f"{visit.person.name} left team {team.name}",
            but=visit.person,
        )  # fmt: skip
    else:
        dissolve(team=team, by=visit.by, why="the last member left", now=now)
    return team


def tell_members(*, team: Team, key: str, title: str, text: str = "", but: User | None = None, path: str = "") -> None:
    """A notice of kind "team" to the members of now, without the one who did it."""
    people = [person for person in members_at(team) if but is None or person.pk != but.pk]
    notification_send(
        course=team.course, people=people, kind="team", key=key, title=title, text=text,
        path=path or team.get_absolute_url(),
    )  # fmt: skip
