"""A team's own runner: the block of its page, and the code."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from courseplatform.courses.access import Visit, course_page
from courseplatform.teams.sections import TeamVisit
from courseplatform.teams.selectors.index import team_get
from hardware import agent_archive
from hardware.runners.matching import boards_read
from hardware.runners.own import boards_on_loan, own_code_make
from hardware.runners.selectors.rows import BADGES, state_of


@course_page()
@require_POST
def code(request: HttpRequest, visit: Visit, team: str, lent_item: int) -> HttpResponse:
    """The code is shown by this answer alone: it stands in no address and in no session."""
    found = team_get(visit, team)
    runner, made = own_code_make(visit=visit, team=found, item=lent_item)
    site = request.build_absolute_uri("/").rstrip("/")
    page = {"runner": runner, "team": found, "code": made, "site": site, "agent": agent_archive.NAME}
    answer = render(request, "hardware/runners/own_code.html", page)
    answer["Cache-Control"] = "no-store"
    return answer


def section(at: TeamVisit) -> dict[str, Any] | None:
    """The block of a team's page; None where it has no board on loan. For the team and the staff."""
    rows = []
    for board in boards_on_loan(at.visit, at.team):
        badge = BADGES[state_of(boards_read([board.runner])[0], at.now)] if board.runner is not None else None
        is_theirs = board.runner is not None and board.runner.team_id == at.team.pk
        rows.append({"board": board, "badge": badge, "is_theirs": is_theirs, "may": at.is_member and not board.why_not})
    return {"rows": rows, "team": at.team} if rows else None
