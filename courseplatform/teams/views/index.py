"""The page Teams, founding one, and who looks for one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from courseplatform.teams.forms.students import FoundForm, LookingForm
from courseplatform.teams.models.looking import LookingProfile
from courseplatform.teams.policy import boards, sizes
from courseplatform.teams.selectors import index as reading
from courseplatform.teams.services.assignment import without_team
from courseplatform.teams.services.invitations import invitation_answer
from courseplatform.teams.services.looking import looking_profile_save
from courseplatform.teams.services.staffing import teams_confirm_all
from courseplatform.teams.services.teams import team_create
from courseplatform.teams.views.common import done, form_page, now, own_team, saved, sent


@course_page()
@require_safe
def mine(request: HttpRequest, visit: Visit) -> HttpResponse:
    team = own_team(visit)
    return redirect(team) if team else redirect("teams:index", course=visit.course.slug)


@course_page()
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    at, rule = now(), sizes(visit.course)
    if visit.is_staff:
        chosen = reading.TeamFilter.of(request.GET)
        context = {
            "rows": reading.team_rows(visit, at, chosen), "filters": reading.filter_choices(chosen), "chosen": chosen, "rule": rule,
            "alone": without_team(visit.course, at), "query": request.GET.urlencode(),
        }  # fmt: skip
        return render(request, "teams/index_staff.html", context)
    team, rows, waiting = own_team(visit), reading.team_rows(visit, at), list(reading.my_invitations(visit, at))
    context = {
        "team": team, "rule": rule, "rows": rows, "open": [row for row in rows if row.room and row.count],
        "invitations": waiting, "invited": any(item.kind == "invite" for item in waiting), "asked": {item.team_id for item in waiting},
        "looking": reading.looking_profiles(visit, at, team),
        "has_profile": LookingProfile.objects.filter(course=visit.course, person=visit.person).exists(),
    }  # fmt: skip
    return render(request, "teams/index.html", context)


@course_page(STAFF)
@require_safe
def table(request: HttpRequest, visit: Visit) -> HttpResponse:
    rows = reading.team_rows(visit, now(), reading.TeamFilter.of(request.GET))
    return csv_response(f"{visit.course.slug}-teams.csv", reading.CSV_COLUMNS, [reading.csv_row(row) for row in rows])


@course_page()
def found(request: HttpRequest, visit: Visit) -> HttpResponse:
    people = without_team(visit.course, now()) if visit.is_staff else None
    form = FoundForm(sent(request), people=people)
    if form.is_valid():
        facts = form.cleaned_data
        team = saved(
            form,
            lambda: team_create(
                visit=visit, name=facts["name"], summary=facts["summary"], wants_members=facts["wants_members"],
                people=list(facts.get("people") or []),
            ),
        )  # fmt: skip
        if team is not None:
            return done(request, f"Team {team.name} is founded", team)
    return form_page(request, "teams/found.html", form, rule=sizes(visit.course), team=own_team(visit))


@course_page(STAFF)
@require_POST
def confirm_all(request: HttpRequest, visit: Visit) -> HttpResponse:
    count = teams_confirm_all(visit=visit)
    said = (
        f"{count} {'team is' if count == 1 else 'teams are'} confirmed"
        if count
        else "No forming team is within the size"
    )
    return done(request, said, "teams:index", course=visit.course.slug)


@course_page()
@require_POST
def answer(request: HttpRequest, visit: Visit, team_invitation: int) -> HttpResponse:
    row = reading.invitation_get(visit, team_invitation)
    word = request.POST.get("answer", "")
    invitation_answer(visit=visit, invitation=row, answer=word)
    said = {"accept": f"Welcome to team {row.team.name}", "decline": "Declined", "withdraw": "Withdrawn"}[word]
    if row.person_id == visit.person.pk:
        return done(request, said, "teams:mine", course=visit.course.slug)
    return done(request, "Accepted" if word == "accept" else said, row.team)


@course_page()
def looking(request: HttpRequest, visit: Visit) -> HttpResponse:
    at, team = now(), own_team(visit)
    profile = LookingProfile.objects.filter(course=visit.course, person=visit.person).first()
    before = {name: getattr(profile, name) for name in LookingForm.base_fields} if profile else None
    form = LookingForm(sent(request), initial=before)
    if form.is_valid() and saved(form, lambda: looking_profile_save(visit=visit, **form.cleaned_data)):
        return done(request, "Your profile is saved", "teams:looking", course=visit.course.slug)
    may_see = visit.is_staff or team is None or reading.has_room(team, at)
    return form_page(
        request, "teams/looking.html", form, profile=profile, profiles=reading.looking_profiles(visit, at, team), team=team,
        may_see=may_see, boards=boards(visit.course), may_invite=team is not None and reading.has_room(team, at),
    )  # fmt: skip
