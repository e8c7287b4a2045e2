"""The page of a team: its own blocks, its dated steps, and the sentence that answers first."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.core.prepared import Prepared
from courseplatform.courses.access import Visit
from courseplatform.teams import sections
from courseplatform.teams.models.boards import BoardMove, BoardRequest
from courseplatform.teams.models.invitations import TeamInvitation
from courseplatform.teams.models.proposals import Proposal, ProposalRevision, ProposalStatus
from courseplatform.teams.models.teams import Membership, Team, TeamStatus
from courseplatform.teams.policy import sizes
from courseplatform.teams.sections import Step, TeamVisit, Verdict
from courseplatform.teams.selectors import feedback as feedback_reading
from courseplatform.teams.selectors.slots import live_bookings
from courseplatform.teams.selectors.words import BOARDS, names_by, proposal_badge, size_badge

MEMBERS = Prepared(
    lambda now, team: Membership.objects.at(now).filter(team=team).select_related("person"), now=datetime, team=int
)
HANDED_IN = Prepared(
    lambda team: Proposal.objects.filter(team=team).exclude(status=ProposalStatus.DRAFT).order_by("pk")[:1], team=int
)


def team_visit(visit: Visit, team: Team, now: datetime) -> TeamVisit:
    return TeamVisit(visit, team, list(MEMBERS(now=now, team=team.pk)), now)


def team_page(at: TeamVisit) -> dict[str, Any]:
    team, rule = at.team, sizes(at.team.course)
    found = proposal_of(team)
    past = Membership.objects.filter(team=team, until_at__lte=at.now).select_related("person")
    coming = Membership.objects.filter(team=team, since_at__gt=at.now).select_related("person")
    has_room = team.status == TeamStatus.FORMING and len(at.members) < rule.most
    return {
        "at": at, "team": team, "verdict": sections.verdict(at), "proposal_badge": proposal_badge(found.status if found else None),
        "proposal_at": _decided_at(found), "size_badge": size_badge(team, len(at.members), rule), "rule": rule,
        "members": at.members, "past": past if at.is_inside else [], "coming": coming if at.is_inside else [],
        "sections": sections.built_sections(at), "action": sections.action(at), "has_room": has_room,
        "invitations": _open_invitations(at) if at.is_inside else [],
        "can_ask": has_room and team.wants_members and not at.is_inside, "may_leave": at.is_member and team.status == TeamStatus.FORMING,
        "events": list(team.events.all()[:12]) if at.visit.is_staff else [],
    }  # fmt: skip


def _open_invitations(at: TeamVisit) -> list[TeamInvitation]:
    return list(TeamInvitation.objects.open(at.now).filter(team=at.team).select_related("person", "made_by"))


def proposal_of(team: Team) -> Proposal | None:
    return next(iter(HANDED_IN(team=team.pk)), None)


def _decided_at(proposal: Proposal | None) -> datetime | None:
    last = proposal.moves.order_by("at", "pk").last() if proposal else None
    return last.at if last else None


def revisions(proposal: Proposal | None) -> list[ProposalRevision]:
    return list(proposal.revisions.select_related("made_by")) if proposal else []


def team_verdict(at: TeamVisit) -> Verdict | None:
    """What is next for this team, as far as teams knows: members, proposal, slot."""
    team, count, rule = at.team, len(at.members), sizes(at.team.course)
    if team.status == TeamStatus.DISSOLVED:
        if last := max((row.until_at for row in at.members if row.until_at), default=None):
            day = f"{timezone.localtime(last, team.course.tz):%a %b %-d}"
            return Verdict(
                f"This team ends on {day}", "Until then it has its members, and what they hand in counts as its work."
            )
        return Verdict("This team was dissolved", "What it did stays here, with those who were in it at the time.")
    if count < rule.least and team.status == TeamStatus.FORMING:
        missing = rule.least - count
        return Verdict(
            f"{missing} more {'member is' if missing == 1 else 'members are'} needed",
            f"It has {count}; the course says {rule.words}. Invite classmates, or answer those who ask.",
        )
    if not at.is_inside:
        return None
    return _next_of_proposal(at) or _next_slot(at)


PROPOSAL_VERDICTS = {
    None: ("The proposal is still to be handed in", "Say what goes in, what comes out, and one number to reach."),
    ProposalStatus.SUBMITTED: ("The proposal waits for the staff", "You are told when they answer; until then it can be revised."),
    ProposalStatus.COUNTERED: ("The staff ask about the proposal", "Their question stands below, under Project. Answer it with a new revision."),
    ProposalStatus.REJECTED: ("The proposal was rejected", "The reason stands below, under Project. Hand in another one."),
}  # fmt: skip


STAFF_VERDICTS = {
    None: ("No proposal is handed in yet", "The team writes it on its own page; you are told when it is here."),
    ProposalStatus.SUBMITTED: ("The proposal waits for your answer", "Approve it, ask a question, or reject it with a reason."),
    ProposalStatus.COUNTERED: ("The team has a question to answer", "It answers with a new revision; you are told when it is here."),
    ProposalStatus.REJECTED: ("The proposal was rejected", "The team hands in another one."),
}  # fmt: skip


def _next_of_proposal(at: TeamVisit) -> Verdict | None:
    found = proposal_of(at.team)
    words = STAFF_VERDICTS if at.visit.is_staff else PROPOSAL_VERDICTS
    said = words.get(ProposalStatus(found.status) if found else None)
    return Verdict(*said) if said else None


def _next_slot(at: TeamVisit) -> Verdict:
    bookings = live_bookings(at.team, at.now)
    if not bookings:
        return Verdict("The proposal is approved", "No slot with the staff is booked.")
    slot = bookings[0].slot
    start = timezone.localtime(slot.starts_at)
    return Verdict(
        f"{slot.get_kind_display()} slot in {numbers.span(slot.starts_at - at.now)}"
        if slot.starts_at > at.now
        else f"{slot.get_kind_display()} slot, now",
        f"{start:%a %b %-d, %H:%M %Z} with {slot.staff.name}{f', {slot.place}' if slot.place else ''}.",
    )


STEP_WORDS = {
    ProposalStatus.COUNTERED: ("{who} asks: {why}", "countered"),
    ProposalStatus.REJECTED: ("Rejected by {who}: {why}", "rejected"),
    ProposalStatus.APPROVED: ("Approved by {who}", "approved"),
}


def proposal_steps(at: TeamVisit) -> list[Step]:
    """Each move of the proposal as a dated row."""
    found = proposal_of(at.team) if at.is_inside else None
    moves = list(found.moves.all()) if found else []
    names = names_by(row.by for row in moves)
    steps = []
    for row in moves:
        who = names.get(row.by, "somebody who left")
        if row.moved_to == ProposalStatus.SUBMITTED:
            again = row.moved_from != ProposalStatus.DRAFT
            steps.append(Step(row.at, f"Proposal handed in{' again' if again else ''} by {who}, {row.why}"))
            continue
        words, right = STEP_WORDS[ProposalStatus(row.moved_to)]
        text = words.format(who=who, why=row.why)
        if row.moved_to == ProposalStatus.APPROVED and row.why:
            text += f": “{row.why}”"
        steps.append(Step(row.at, text, right))
    return steps


def slot_steps(at: TeamVisit) -> list[Step]:
    if not at.is_inside:
        return []
    return [
        Step(row.slot.starts_at, f"{row.slot.get_kind_display()} slot with {row.slot.staff.name}", state="todo")
        for row in live_bookings(at.team, at.now)
    ]


def project_section(at: TeamVisit) -> dict[str, Any] | None:
    found = proposal_of(at.team)
    latest = found.revisions.first() if found else None
    return {
        "at": at, "steps": sections.steps(at), "proposal": found, "latest": latest,
        "origin": "" if latest is None else "From the course's list." if latest.suggestion else "Own proposal, not from the list.",
        "task": f"Task: {latest.inputs} in, {latest.output} out." if latest and latest.inputs and latest.output else "",
    }  # fmt: skip


def slot_section(at: TeamVisit) -> dict[str, Any] | None:
    if at.team.status == TeamStatus.DISSOLVED:
        return None
    rows = [
        {"booking": row, "starts": timezone.localtime(row.slot.starts_at), "ends": timezone.localtime(row.slot.ends_at),
         "free_until": timezone.localtime(row.slot.free_until), "may_change": at.visit.is_staff or at.now < row.slot.free_until}
        for row in live_bookings(at.team, at.now)
    ]  # fmt: skip
    return {"at": at, "rows": rows}


def board_section(at: TeamVisit) -> dict[str, Any] | None:
    requests = list(at.team.board_requests.select_related("made_by"))
    if not requests and not at.team.board_choice and not at.is_inside:
        return None
    latest = requests[0] if requests and at.is_inside else None
    return {"at": at, "request": latest, "badge": BOARDS[latest.status] if latest else None}


def board_history(requests: list[BoardRequest]) -> list[dict[str, Any]]:
    """Every request with its badge and its dated moves. Two queries for all of them."""
    moves = list(BoardMove.objects.filter(subject__in=requests))
    names = names_by(row.by for row in moves)
    return [
        {"request": request, "badge": BOARDS[request.status],
         "moves": [{"at": row.at, "to": row.moved_to, "who": names.get(row.by, ""), "why": row.why}
                   for row in moves if row.subject_id == request.pk]}
        for request in requests
    ]  # fmt: skip


def feedback_section(at: TeamVisit) -> dict[str, Any] | None:
    found = feedback_reading.received(at.team, at.now, all_rounds_shown=at.visit.is_staff)
    if not at.team.feedback_rounds.exists() and not found.texts:
        return None
    return {"at": at, "received": found, "some": found.texts[:4]}
