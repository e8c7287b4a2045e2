"""Handing in a proposal and answering it."""

from datetime import datetime

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.core.markdown import quoted
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Enrolment
from courseplatform.notices.services.notifications import notification_send
from courseplatform.teams.models.proposals import (
    PROPOSAL_MOVES,
    Proposal,
    ProposalMove,
    ProposalRevision,
    ProposalStatus,
)
from courseplatform.teams.models.teams import OPEN_TEAMS, Team
from courseplatform.teams.services.joining import lock_teams
from courseplatform.teams.services.teams import check_inside, tell_members

DECISIONS = {
    "counter": (ProposalStatus.COUNTERED, "asks about your proposal"),
    "approve": (ProposalStatus.APPROVED, "approved your proposal"),
    "reject": (ProposalStatus.REJECTED, "rejected your proposal"),
}


def _path(team: Team) -> str:
    return reverse("teams:proposal", kwargs={"course": team.course.slug, "team": team.slug})


@transaction.atomic
def proposal_submit(
    *, visit: Visit, team: Team, title: str, text: str, seen_revision: int, suggestion: str = "", inputs: str = "", output: str = "",
    now: datetime | None = None,
) -> ProposalRevision:  # fmt: skip
    """Hand in the next revision.

    Args:
        seen_revision: the number of the revision that the writer had before them, 0 for none.

    Raises:
        Conflict: `newer_revision` when a team mate was faster, `already_approved`, `team_dissolved`.
        Forbidden: `not_your_team`.
    """
    now = now or timezone.now()
    check_inside(visit=visit, team=team)
    [team] = lock_teams(team)
    if team.status not in OPEN_TEAMS:
        raise Conflict(f"Team {team.name} was dissolved.", code="team_dissolved")
    proposal, _ = Proposal.objects.get_or_create(team=team)
    if proposal.revision != seen_revision:
        raise Conflict(
            "Somebody of your team handed in a newer revision while you wrote. Yours was not recorded and stands below. Compare the two, then hand in again.",
            code="newer_revision",
            details={"revision": proposal.revision},
        )
    if proposal.status == ProposalStatus.APPROVED:
        raise Conflict(
            "This proposal is approved. The staff open it again if it has to change.", code="already_approved"
        )
    number = proposal.revision + 1
    move(
        proposal, moves=PROPOSAL_MOVES, to=ProposalStatus.SUBMITTED, by=visit.by, why=f"revision {number}", history=ProposalMove,
        guard={"revision": seen_revision}, revision=number,
    )  # fmt: skip
    found = ProposalRevision.objects.create(
        proposal=proposal, number=number, title=title, suggestion=suggestion, inputs=inputs, output=output, text=text,
        made_by=visit.person, made_at=now,
    )  # fmt: skip
    staff = Enrolment.objects.filter(course=team.course, role__in=STAFF, is_active=True).select_related("person")
    notification_send(
        course=team.course, people=[row.person for row in staff], kind="team", key=f"proposal-{proposal.pk}-{number}",
        title=f"Team {team.name} handed in a proposal: {title}", path=_path(team),
    )  # fmt: skip
    return found


@transaction.atomic
def proposal_decide(*, visit: Visit, team: Team, decision: str, comment: str, seen_revision: int) -> Proposal:
    """Approve, counter with a question, or reject. Approval makes the proposal's title the project's.

    Args:
        decision: `approve`, `counter` or `reject`; the latter two need a comment.

    Raises:
        BadInput: `unknown_decision`, `comment_needed`.
        Conflict: `newer_revision`; IllegalMove: nothing waits for an answer.
    """
    if decision not in DECISIONS:
        raise BadInput("Approve, ask or reject.", code="unknown_decision", details={"field": "decision"})
    to, words = DECISIONS[decision]
    if decision != "approve" and not comment.strip():
        raise BadInput(
            "Write what the team should answer or change; it is all they learn from this.",
            code="comment_needed",
            details={"field": "comment"},
        )
    [team] = lock_teams(team)
    proposal = Proposal.objects.filter(team=team).exclude(status=ProposalStatus.DRAFT).first()
    if proposal is None:
        raise Conflict("This team has not handed in a proposal yet.", code="no_proposal")
    if proposal.revision != seen_revision:
        raise Conflict(
            f"The team has handed in revision {proposal.revision} since. Read it below; your comment still stands.",
            code="newer_revision",
        )
    move(
        proposal, moves=PROPOSAL_MOVES, to=to, by=visit.by, why=comment.strip(), history=ProposalMove,
        guard={"revision": seen_revision},
    )  # fmt: skip
    if to == ProposalStatus.APPROVED:
        latest = proposal.revisions.get(number=proposal.revision)
        Team.objects.filter(pk=team.pk).update(project_title=latest.title)
    tell_members(
        team=team, key=f"proposal-{proposal.pk}-move-{proposal.moves.count()}", title=f"{visit.person.name} {words}",
        text=quoted(comment), path=_path(team),
    )  # fmt: skip
    return proposal
