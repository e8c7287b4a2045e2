"""A team's own runner: the block of its page, and the code."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.courses.access import Visit, course_page
from courseplatform.teams.sections import TeamVisit
from courseplatform.teams.selectors.index import team_get
from hardware.runners.matching import boards_read
from hardware.runners.own import boards_on_loan, own_code_make, own_runner
from hardware.runners.selectors.board import arrival as how_far
from hardware.runners.selectors.rows import BADGES, state_of
from hardware.runners.views import code_page


@course_page()
@require_POST
def code(request: HttpRequest, visit: Visit, team: str, lent_item: int) -> HttpResponse:
    found = team_get(visit, team)
    runner, made = own_code_make(visit=visit, team=found, item=lent_item)
    told = reverse(
        "runners:own_arrival", kwargs={"course": visit.course.slug, "team": found.slug, "lent_item": lent_item}
    )
    return code_page(request, runner, made, told, found)


@course_page()
@require_safe
def arrival(request: HttpRequest, visit: Visit, team: str, lent_item: int) -> HttpResponse:
    """How far the team's own machine is, for the page that shows its code; also that its board went back meanwhile."""
    found = own_runner(visit, team_get(visit, team), lent_item)
    gone = {"steps": [], "says": "Your team has no such board on loan", "is_done": True}
    page = how_far(found, timezone.now()) if found is not None else gone
    return render(request, "hardware/runners/_arrival.html", page)


def section(at: TeamVisit) -> dict[str, Any] | None:
    """The block of a team's page; None where it has no board on loan. For the team and the staff."""
    rows = []
    for board in boards_on_loan(at.visit, at.team):
        badge = BADGES[state_of(boards_read([board.runner])[0], at.now)] if board.runner is not None else None
        is_theirs = board.runner is not None and board.runner.team_id == at.team.pk
        rows.append({"board": board, "badge": badge, "is_theirs": is_theirs, "may": at.is_member and not board.why_not})
    return {"rows": rows, "team": at.team} if rows else None
