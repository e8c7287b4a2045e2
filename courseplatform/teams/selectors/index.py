"""The page Teams: the whole class for staff, the ways into a team for students. Bounded queries whatever the size of the class."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from courseplatform.accounts.models import User
from courseplatform.core.badges import Badge
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from courseplatform.teams.models.invitations import InvitationQuerySet, TeamInvitation
from courseplatform.teams.models.looking import LookingProfile
from courseplatform.teams.models.proposals import Proposal, ProposalStatus
from courseplatform.teams.models.teams import Membership, Team, TeamStatus
from courseplatform.teams.policy import sizes
from courseplatform.teams.selectors.membership import members_of
from courseplatform.teams.selectors.words import proposal_badge, size_badge

SIZE_CHOICES = (("small", "needs members"), ("fits", "within the rule"), ("large", "too many"))
STATE_CHOICES = (
    ("standing", "standing"),
    ("forming", "forming"),
    ("confirmed", "confirmed"),
    ("dissolved", "dissolved"),
)
SORTS = (("name", "name"), ("size", "size"), ("proposal", "proposal"), ("board", "board"))
ORDER_OF_PROPOSALS = [status.value for status in ProposalStatus]
CSV_COLUMNS = ("Team", "State", "Members", "Names", "Project", "Proposal", "Board", "Exception")


@dataclass(frozen=True)
class TeamFilter:
    """What the address asks for; unknown values mean all."""

    state: str = "standing"
    size: str = ""
    proposal: str = ""
    search: str = ""
    sort: str = "name"

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "TeamFilter":
        def known(key: str, choices: Iterable[str], default: str = "") -> str:
            value = query.get(key, default)
            return value if value in set(choices) else default

        return cls(
            state=known("state", [value for value, _ in STATE_CHOICES], "standing"),
            size=known("size", [value for value, _ in SIZE_CHOICES]), proposal=known("proposal", ORDER_OF_PROPOSALS),
            search=query.get("search", "").strip()[:80], sort=known("sort", [value for value, _ in SORTS], "name"),
        )  # fmt: skip


@dataclass
class TeamRow:
    team: Team
    members: list[Membership]
    left_course: list[str]
    proposal_status: str
    size: Badge
    room: int

    @property
    def count(self) -> int:
        return len(self.members)

    @property
    def names(self) -> str:
        return ", ".join(row.person.name for row in self.members)

    @property
    def proposal(self) -> Badge:
        return proposal_badge(self.proposal_status)


def team_get(visit: Visit, slug: str) -> Team:
    """Raises NotHere for a team of another course, or one that this person may not see."""
    found = Team.objects.visible_to(visit).select_related("course").filter(slug=slug).first()
    if found is None:
        raise NotHere("There is no such team in this course.")
    return found


def team_rows(visit: Visit, now: datetime, chosen: TeamFilter | None = None) -> list[TeamRow]:
    """Every team the person may see, filtered and sorted. Four queries."""
    chosen, rule = chosen or TeamFilter(), sizes(visit.course)
    teams = Team.objects.visible_to(visit).select_related("course")
    teams = teams.standing() if chosen.state == "standing" else teams.filter(status=chosen.state)
    members = members_of(teams, now)
    status = dict(Proposal.objects.filter(team__course=visit.course).values_list("team", "status"))
    gone = set(Enrolment.objects.filter(course=visit.course, is_active=False).values_list("person", flat=True))
    rows = []
    for team in teams:
        inside = members.get(team.pk, [])
        rows.append(
            TeamRow(
                team=team, members=inside, left_course=[row.person.name for row in inside if row.person_id in gone],
                proposal_status=status.get(team.pk, ProposalStatus.DRAFT), size=size_badge(team, len(inside), rule),
                room=max(rule.most - len(inside), 0) if team.status == TeamStatus.FORMING and team.wants_members else 0,
            )
        )  # fmt: skip
    return sorted((row for row in rows if _is_chosen(row, chosen, visit)), key=lambda row: _sort_key(row, chosen.sort))


def _is_chosen(row: TeamRow, chosen: TeamFilter, visit: Visit) -> bool:
    rule = sizes(visit.course)
    size = "small" if row.count < rule.least else "large" if row.count > rule.most else "fits"
    text = f"{row.team.name} {row.team.project_title} {row.team.board_choice} {row.names}".lower()
    return (
        chosen.size in ("", size)
        and chosen.proposal in ("", row.proposal_status)
        and chosen.search.lower() in text
    )  # fmt: skip


def _sort_key(row: TeamRow, sort: str) -> tuple[Any, str]:
    first: Any = {
        "size": row.count,
        "proposal": ORDER_OF_PROPOSALS.index(row.proposal_status),
        "board": row.team.board_choice.lower() or "\uffff",  # those without one last
    }.get(sort, "")
    return first, row.team.name.lower()


def csv_row(row: TeamRow) -> list[object]:
    return [
        row.team.name, row.team.get_status_display(), row.count, row.names, row.team.project_title, row.proposal_status,
        row.team.board_choice, row.team.size_exception,
    ]  # fmt: skip


def filter_choices(chosen: TeamFilter) -> list[dict[str, Any]]:
    """The selects of the filter form, each with its options."""
    proposals = [(status.value, status.label) for status in ProposalStatus]
    fields = [
        ("state", "State", STATE_CHOICES, False), ("size", "Size", SIZE_CHOICES, True),
        ("proposal", "Proposal", proposals, True), ("sort", "Sorted by", SORTS, False),
    ]  # fmt: skip
    return [
        {"name": name, "label": label, "has_all": has_all,
         "options": [{"value": value, "label": word, "chosen": getattr(chosen, name) == value} for value, word in choices]}
        for name, label, choices, has_all in fields
    ]  # fmt: skip


def classmates_without_team(visit: Visit, now: datetime) -> list[User]:
    """Active students of the course whom one could invite: without a team, oneself left out."""
    placed = Membership.objects.from_on(now).filter(course=visit.course).values("person")
    return list(
        User.objects.filter(
            enrolments__course=visit.course, enrolments__role=Role.STUDENT, enrolments__is_active=True
        ).exclude(pk__in=placed).exclude(pk=visit.person.pk).order_by("name", "pk")
    )  # fmt: skip


def my_invitations(visit: Visit, now: datetime) -> InvitationQuerySet:
    """What is open for this person: invitations to answer, requests that wait."""
    return (
        TeamInvitation.objects.open(now)
        .filter(person=visit.person, team__course=visit.course)
        .select_related("team__course", "made_by")
    )


def invitation_get(visit: Visit, pk: int) -> TeamInvitation:
    """Raises NotHere for one of another course; whose it is decides the service."""
    found = TeamInvitation.objects.filter(team__course=visit.course, pk=pk).select_related("team__course").first()
    if found is None:
        raise NotHere("There is no such invitation, or it is not yours.")
    return found


def looking_profiles(visit: Visit, now: datetime, team: Team | None) -> list[LookingProfile]:
    """Who looks for a team, newest first: for staff, for those who look too, and for members of a team with room; else nobody."""
    placed = Membership.objects.from_on(now).filter(course=visit.course).values("person")
    found = LookingProfile.objects.filter(
        course=visit.course, person__enrolments__course=visit.course, person__enrolments__is_active=True
    ).exclude(person__in=placed).select_related("person")  # fmt: skip
    if visit.is_staff:
        return list(found)
    if team is not None and not has_room(team, now):
        return []
    return list(found.filter(is_shown=True))


def has_room(team: Team, now: datetime) -> bool:
    count = Membership.objects.from_on(now).filter(team=team).count()
    return team.status == TeamStatus.FORMING and count < sizes(team.course).most
