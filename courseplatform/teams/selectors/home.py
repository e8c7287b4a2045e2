"""Our team, beside the course home."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from courseplatform.teams.policy import sizes
from courseplatform.teams.selectors.index import my_invitations
from courseplatform.teams.selectors.membership import team_now
from courseplatform.teams.selectors.slots import live_bookings
from courseplatform.teams.selectors.team_page import proposal_of, team_visit
from courseplatform.teams.selectors.words import proposal_badge, size_badge


def our_team(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """For students: the team with what is open there, or the ways into one. Nothing for staff and for courses without projects."""
    if visit.role != Role.STUDENT:
        return None
    team = team_now(visit, now)
    if team is None:
        has_teams = visit.course.teams.standing().exists() or visit.course.fact("project") is not None
        waiting = my_invitations(visit, now).filter(kind="invite").count()
        return {"team": None, "waiting": waiting, "rule": sizes(visit.course)} if has_teams or waiting else None
    at = team_visit(visit, team, now)
    found, slots = proposal_of(team), live_bookings(team, now)
    return {
        "team": team, "others": [row.person.name for row in at.members if row.person_id != visit.person.pk],
        "badge": proposal_badge(found.status) if found else size_badge(team, len(at.members), sizes(visit.course)),
        "slot": slots[0].slot if slots else None, "slot_at": timezone.localtime(slots[0].slot.starts_at) if slots else None,
    }  # fmt: skip
