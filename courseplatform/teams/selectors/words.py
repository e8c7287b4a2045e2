"""The word, the icon and the tone of every state of teams, in one place; and the names behind the addresses of a history."""

from collections.abc import Iterable

from courseplatform.accounts.models import User
from courseplatform.core.badges import Badge
from courseplatform.teams.models.boards import BoardStatus
from courseplatform.teams.models.proposals import ProposalStatus
from courseplatform.teams.models.teams import Team, TeamStatus
from courseplatform.teams.policy import Sizes

PROPOSALS: dict[str, Badge] = {
    ProposalStatus.DRAFT: Badge("neutral", "info", "no proposal yet"),
    ProposalStatus.SUBMITTED: Badge("neutral", "clock", "proposal waits"),
    ProposalStatus.COUNTERED: Badge("warn", "triangle", "proposal to answer"),
    ProposalStatus.APPROVED: Badge("good", "check", "proposal approved"),
    ProposalStatus.REJECTED: Badge("bad", "octagon", "proposal rejected"),
}
BOARDS: dict[str, Badge] = {
    BoardStatus.PROPOSED: Badge("neutral", "clock", "to be verified by a run"),
    BoardStatus.VERIFIED: Badge("neutral", "clock", "verified, to be approved"),
    BoardStatus.APPROVED: Badge("good", "check", "approved"),
    BoardStatus.REFUSED: Badge("bad", "octagon", "refused"),
    BoardStatus.WITHDRAWN: Badge("neutral", "info", "withdrawn"),
}


def proposal_badge(status: str | None) -> Badge:
    return PROPOSALS[status or ProposalStatus.DRAFT]


def size_badge(team: Team, count: int, rule: Sizes) -> Badge:
    """What is to be said of a team's size: needs members, too large, an exception, or its state."""
    if team.status == TeamStatus.DISSOLVED:
        return Badge("neutral", "info", "dissolved")
    if team.status == TeamStatus.CONFIRMED:
        return Badge("good", "check", "confirmed" if rule.fits(count) else "confirmed, exception")
    if count < rule.least:
        return Badge("warn", "triangle", f"needs {rule.least - count} more")
    if count > rule.most:
        return Badge("warn", "triangle", f"{count - rule.most} too many")
    return Badge("neutral", "clock", "forming")


def names_by(addresses: Iterable[str]) -> dict[str, str]:
    """E-mail address of a history -> name. Students never see an address; whose account is gone has no name any more."""
    wanted = set(addresses)
    return dict(User.objects.filter(email__in=wanted).values_list("email", "name")) if wanted else {}
