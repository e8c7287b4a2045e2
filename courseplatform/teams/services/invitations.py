"""Inviting, asking to join, and the answers."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict, NotHere
from courseplatform.core.markdown import quoted
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from courseplatform.notices.services.notifications import notification_send
from courseplatform.teams.models.invitations import INVITATION_MOVES, InvitationMove, InvitationStatus, TeamInvitation
from courseplatform.teams.models.teams import Membership, Team, TeamStatus
from courseplatform.teams.policy import INVITATION_DAYS, sizes
from courseplatform.teams.selectors.membership import is_member, team_of
from courseplatform.teams.services.joining import lock_student, lock_teams, membership_begin, note
from courseplatform.teams.services.teams import tell_members

Kind = TeamInvitation.Kind
PATIENCE = timedelta(days=INVITATION_DAYS)


@transaction.atomic
def invitation_send(
    *, visit: Visit, team: Team, person: User, message: str = "", now: datetime | None = None
) -> TeamInvitation:
    """A member invites a classmate without a team; it stands for seven days.

    Raises:
        NotHere: `person` is not a student of the course.
        Conflict: `not_a_member`, `team_confirmed`, `team_full`, `already_in_a_team`, `already_invited`.
    """
    now = now or timezone.now()
    [team] = lock_teams(team)
    if not is_member(team, visit.person, now):
        raise Conflict(f"You are not in team {team.name} now, so you cannot invite for it.", code="not_a_member")
    found = _open(visit, team, person, Kind.INVITE, message, now)
    notification_send(
        course=team.course, people=[person], kind="team", key=f"team-invitation-{found.pk}",
        title=f"{visit.person.name} invites you to team {team.name}", text=quoted(message),
        path=reverse("teams:index", kwargs={"course": team.course.slug}),
    )  # fmt: skip
    return found


@transaction.atomic
def join_request_send(*, visit: Visit, team: Team, message: str = "", now: datetime | None = None) -> TeamInvitation:
    """A student without a team asks to join; any member answers.

    Raises: as `invitation_send`, and Conflict `not_looking` where the team takes nobody.
    """
    now = now or timezone.now()
    [team] = lock_teams(team)
    if not team.wants_members:
        raise Conflict(f"Team {team.name} does not look for members.", code="not_looking")
    found = _open(visit, team, visit.person, Kind.REQUEST, message, now)
    tell_members(
        team=team, key=f"team-invitation-{found.pk}", title=f"{visit.person.name} asks to join team {team.name}",
        text=quoted(message),
    )  # fmt: skip
    return found


def _open(visit: Visit, team: Team, person: User, kind: str, message: str, now: datetime) -> TeamInvitation:
    _check_open(team, now)
    if not Enrolment.objects.filter(
        course=team.course, person=person, role=Role.STUDENT, is_active=True
    ).exists():  # fmt: skip
        raise NotHere("There is no such student in this course.")
    if other := team_of(team.course, person, now):
        raise Conflict(f"{person.name} is in team {other.name} already.", code="already_in_a_team")
    _expire(team, person, now)
    try:
        with transaction.atomic():
            return TeamInvitation.objects.create(
                team=team, person=person, kind=kind, made_by=visit.person, message=message, made_at=now,
                expires_at=now + PATIENCE,
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict(
            f"Between {person.name} and team {team.name} an invitation or a request is open already. It waits for an answer on the page Teams.",
            code="already_invited",
        ) from error


def _check_open(team: Team, now: datetime) -> None:
    if team.status == TeamStatus.DISSOLVED:
        raise Conflict(f"Team {team.name} was dissolved.", code="team_dissolved")
    if team.status == TeamStatus.CONFIRMED:
        raise Conflict(
            f"The staff have confirmed team {team.name}, so they change its members. Write to them.",
            code="team_confirmed",
        )
    most = sizes(team.course).most
    if Membership.objects.from_on(now).filter(team=team).count() >= most:
        raise Conflict(f"Team {team.name} has {most} members, and no team has more than {most}.", code="team_full")


def _expire(team: Team, person: User, now: datetime) -> None:
    """An invitation past its day makes room for a new one."""
    old = TeamInvitation.objects.filter(
        team=team, person=person, status=InvitationStatus.PENDING, expires_at__lte=now
    ).first()
    if old is not None:
        move(old, moves=INVITATION_MOVES, to=InvitationStatus.EXPIRED, by="calendar", history=InvitationMove)


@transaction.atomic
def invitation_answer(
    *, visit: Visit, invitation: TeamInvitation, answer: str, now: datetime | None = None
) -> TeamInvitation:
    """Accept, decline or withdraw. Who invited withdraws, the other side answers; any member speaks for a team.

    Args:
        answer: `accept`, `decline` or `withdraw`.

    Raises:
        BadInput: `unknown_answer`.
        Conflict: `not_yours_to_answer`, `expired`, `lost_race`, and what `membership_begin` says.
    """
    now = now or timezone.now()
    [team] = lock_teams(invitation.team)
    person = User.objects.get(pk=invitation.person_id)
    lock_student(course=team.course, person=person)
    invitation = TeamInvitation.objects.select_for_update(no_key=True).get(pk=invitation.pk)
    _check_may_answer(visit, invitation, team, answer, now)
    if invitation.status != InvitationStatus.PENDING:
        raise Conflict(
            f"This was {invitation.get_status_display()} already. Nothing was changed.", code="lost_race"
        )  # fmt: skip
    if invitation.expires_at <= now:
        raise Conflict("This invitation has expired. Ask for a new one.", code="expired")
    if answer == "accept":
        _check_open(team, now)
    to = {"accept": InvitationStatus.ACCEPTED, "decline": InvitationStatus.DECLINED}.get(
        answer, InvitationStatus.WITHDRAWN
    )
    move(
        invitation, moves=INVITATION_MOVES, to=to, by=visit.by, history=InvitationMove, answered_at=now
    )  # fmt: skip
    if answer == "accept":
        membership_begin(team=team, person=person, at=now, by=visit.by, now=now)
        note(team=team, by=visit.by, sentence=f"{person.name} joined")
    _tell(visit, invitation, team, person, answer)
    return invitation


def _check_may_answer(visit: Visit, invitation: TeamInvitation, team: Team, answer: str, now: datetime) -> None:
    if answer not in ("accept", "decline", "withdraw"):
        raise BadInput("Answer with accept, decline or withdraw.", code="unknown_answer")
    is_person = invitation.person_id == visit.person.pk
    is_asker = is_person if invitation.kind == Kind.REQUEST else not is_person
    if not is_person and not is_member(team, visit.person, now):
        raise NotHere("There is no such invitation, or it is not yours.")
    if is_asker != (answer == "withdraw"):
        raise Conflict("The other side answers this one.", code="not_yours_to_answer")


def _tell(visit: Visit, invitation: TeamInvitation, team: Team, person: User, answer: str) -> None:
    """Those who did not do it themselves learn of it: the team of a new member, the asker of an answer."""
    key = f"team-invitation-{invitation.pk}-{answer}"
    if answer == "accept":
        tell_members(team=team, key=key, title=f"{person.name} joined team {team.name}", but=visit.person)
    elif answer == "decline" and invitation.kind == Kind.INVITE:
        tell_members(team=team, key=key, title=f"{person.name} declined the invitation to team {team.name}")
    elif answer == "decline":
        notification_send(
            course=team.course, people=[person], kind="team", key=key, title=f"Team {team.name} declined your request",
            text="Other teams with room stand on the page Teams.",
            path=reverse("teams:index", kwargs={"course": team.course.slug}),
        )  # fmt: skip
