"""The page of a team and what its members do on it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from courseplatform.courses.access import Visit, course_page
from courseplatform.teams.forms.students import DescribeForm, InviteForm, MessageForm
from courseplatform.teams.models.teams import Membership, TeamStatus
from courseplatform.teams.policy import INVITATION_DAYS, boards, sizes
from courseplatform.teams.selectors import index as reading
from courseplatform.teams.selectors.feedback import received
from courseplatform.teams.selectors.team_page import team_page, team_visit
from courseplatform.teams.services.invitations import invitation_send, join_request_send
from courseplatform.teams.services.teams import team_describe, team_leave
from courseplatform.teams.views.common import done, form_page, inside_team, now, own_team, saved, sent


@course_page()
@require_safe
def detail(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found = reading.team_get(visit, team)
    context = team_page(team_visit(visit, found, now()))
    context["can_ask"] = context["can_ask"] and own_team(visit) is None
    return render(request, "teams/team.html", context)


@course_page()
def describe(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found = inside_team(visit, team)
    row = Membership.objects.at(now()).filter(team=found, person=visit.person).first()
    form = DescribeForm(
        sent(request), is_member=row is not None, is_forming=found.status == TeamStatus.FORMING,
        initial={name: getattr(found, name) for name in ("project_title", "summary", "board_choice", "wants_members")}
        | {"part": row.part if row else ""},
    )  # fmt: skip
    if form.is_valid():
        facts = {"wants_members": found.wants_members} | form.cleaned_data
        if saved(form, lambda: team_describe(visit=visit, team=found, **facts)):
            return done(request, "Saved", found)
    return form_page(request, "teams/describe.html", form, team=found, boards=boards(visit.course))


@course_page()
def invite(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found, at = inside_team(visit, team), now()
    people = reading.classmates_without_team(visit, at)
    form = InviteForm(sent(request), people=people, initial={"person": request.GET.get("person", "")[:20]})
    if form.is_valid():
        facts = form.cleaned_data
        if saved(form, lambda: invitation_send(visit=visit, team=found, **facts)):
            return done(request, f"{facts['person'].name} is invited", found)
    return form_page(
        request, "teams/invite.html", form, team=found, people=people, room=reading.has_room(found, at),
        profiles=reading.looking_profiles(visit, at, found), days=INVITATION_DAYS, rule=sizes(visit.course),
    )  # fmt: skip


@course_page()
@require_POST
def ask(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found = reading.team_get(visit, team)
    form = MessageForm(request.POST)
    message = str(form.cleaned_data["message"]) if form.is_valid() else request.POST.get("message", "")[:240]
    join_request_send(visit=visit, team=found, message=message)
    return done(request, f"Team {found.name} has your request", "teams:index", course=visit.course.slug)


@course_page()
def leave(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    """Asks first: what is lost stands on the page."""
    found = inside_team(visit, team)
    if request.method == "POST":
        team_leave(visit=visit, team=found)
        return done(request, f"You left team {found.name}", "teams:index", course=visit.course.slug)
    members = team_visit(visit, found, now()).members
    return render(request, "teams/leave.html", {"team": found, "is_last": len(members) == 1})


@course_page()
@require_safe
def feedback(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found = inside_team(visit, team)
    told = received(found, now(), all_rounds_shown=visit.is_staff)
    return render(request, "teams/received.html", {"team": found, "received": told})
