"""The proposal of a team, its own hardware, and the staff's answers to both."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from courseplatform.core.errors import NotHere
from courseplatform.core.markdown import render_markdown
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from courseplatform.teams import sections
from courseplatform.teams.forms.staff import BoardAnswerForm, DecisionForm
from courseplatform.teams.forms.students import BoardForm, ProposalForm
from courseplatform.teams.hooks import run_choices
from courseplatform.teams.models.boards import OPEN_REQUESTS, BoardRequest
from courseplatform.teams.models.proposals import ProposalStatus
from courseplatform.teams.models.teams import OPEN_TEAMS, Team
from courseplatform.teams.policy import suggestions
from courseplatform.teams.selectors.membership import is_member
from courseplatform.teams.selectors.team_page import board_history, proposal_of, revisions, team_visit
from courseplatform.teams.selectors.words import proposal_badge
from courseplatform.teams.services.boards import (
    board_request_create,
    board_request_decide,
    board_request_verify,
    board_request_withdraw,
)
from courseplatform.teams.services.proposals import proposal_decide, proposal_submit
from courseplatform.teams.views.common import done, form_page, inside_team, now, saved, sent

CARRIED = ("suggestion", "title", "inputs", "output", "text")


@course_page()
def proposal(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found = inside_team(visit, team)
    form = _proposal_form(visit, found, sent(request))
    if form.is_valid() and saved(form, lambda: proposal_submit(visit=visit, team=found, **form.cleaned_data)):
        return done(request, "The proposal is handed in", found)
    return _proposal_page(request, visit, found, form)


def _proposal_form(visit: Visit, team: Team, data: Any = None) -> ProposalForm:
    current = proposal_of(team)
    latest = current.revisions.first() if current else None
    before: dict[str, Any] = {name: getattr(latest, name) for name in CARRIED} if latest else {}
    return ProposalForm(data, course=visit.course, initial=before | {"seen_revision": latest.number if latest else 0})


def _proposal_page(
    request: HttpRequest, visit: Visit, team: Team, form: ProposalForm, decision: DecisionForm | None = None
) -> HttpResponse:
    current = proposal_of(team)
    old = revisions(current)
    status = current.status if current else None
    seen = old[0].number if old else 0
    # A text that met a newer revision is handed in on top of that one next, now that both stand on the page.
    conflict = any(error.code == "newer_revision" for error in _errors(form))
    answer = decision or DecisionForm(initial={"seen_revision": seen})
    return form_page(
        request, "teams/proposal.html", decision if decision is not None else form, proposal_form=form, decision=answer, team=team,
        proposal=current, seen=seen if conflict or not form.is_bound else form["seen_revision"].value(), latest=old[0] if old else None,
        latest_seen=seen, latest_html=render_markdown(old[0].text) if old else "", conflict=conflict,
        earlier=[{"revision": item, "html": render_markdown(item.text)} for item in old[1:]], badge=proposal_badge(status),
        may_write=team.status in OPEN_TEAMS and (visit.is_staff is False) and status != ProposalStatus.APPROVED,
        may_decide=visit.is_staff and status in (ProposalStatus.SUBMITTED, ProposalStatus.COUNTERED),
        may_reopen=visit.is_staff and status == ProposalStatus.APPROVED,
        steps=sections.steps(team_visit(visit, team, now())), suggestions=suggestions(visit.course),
    )  # fmt: skip


def _errors(form: ProposalForm) -> list[ValidationError]:
    return list(form.non_field_errors().as_data()) if form.is_bound else []


@course_page(STAFF)
@require_POST
def decide(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found = inside_team(visit, team)
    form = DecisionForm(request.POST)
    if form.is_valid() and saved(form, lambda: proposal_decide(visit=visit, team=found, **form.cleaned_data)):
        return done(request, f"Team {found.name} has your answer", found)
    return _proposal_page(request, visit, found, _proposal_form(visit, found), form)


@course_page()
def board(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found = inside_team(visit, team)
    form = BoardForm(sent(request))
    if form.is_valid() and saved(form, lambda: board_request_create(visit=visit, team=found, **form.cleaned_data)):
        return done(request, "The staff have your request", "teams:board", course=visit.course.slug, team=found.slug)
    return _board_page(request, visit, found, form)


def _board_page(
    request: HttpRequest, visit: Visit, team: Team, form: BoardForm, answer: BoardAnswerForm | None = None
) -> HttpResponse:
    requests = list(team.board_requests.select_related("made_by"))
    waits = next((item for item in requests if item.status in OPEN_REQUESTS), None)
    return form_page(
        request, "teams/board.html", answer if answer is not None else form, board_form=form, answer=answer or BoardAnswerForm(),
        team=team, history=board_history(requests), waits=waits, runs=run_choices(team) if waits and visit.is_staff else [],
        may_propose=waits is None and team.status in OPEN_TEAMS and is_member(team, visit.person),
    )  # fmt: skip


def _request_of(team: Team, pk: int) -> BoardRequest:
    found = team.board_requests.select_related("team__course").filter(pk=pk).first()
    if found is None:
        raise NotHere("This team has no such request.")
    return found


@course_page(STAFF)
@require_POST
def board_answer(request: HttpRequest, visit: Visit, team: str, board_request: int) -> HttpResponse:
    """verify, approve or refuse, as the button says."""
    found = inside_team(visit, team)
    row, form = _request_of(found, board_request), BoardAnswerForm(request.POST)
    if form.is_valid():
        run_ref, comment = form.cleaned_data["run_ref"], form.cleaned_data["comment"]
        word = request.POST.get("answer", "")
        if word == "verify":
            ok = saved(form, lambda: board_request_verify(request=row, run_ref=run_ref, by=visit.by))
        else:
            ok = saved(
                form,
                lambda: board_request_decide(visit=visit, request=row, approve=word == "approve", comment=comment),
            )
        if ok:
            return done(
                request, f"Team {found.name} has your answer", "teams:board", course=visit.course.slug, team=found.slug
            )
    return _board_page(request, visit, found, BoardForm(), form)


@course_page()
@require_POST
def board_withdraw(request: HttpRequest, visit: Visit, team: str, board_request: int) -> HttpResponse:
    found = inside_team(visit, team)
    board_request_withdraw(visit=visit, request=_request_of(found, board_request))
    return done(request, "The request is withdrawn", "teams:board", course=visit.course.slug, team=found.slug)
