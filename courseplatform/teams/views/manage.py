"""What the staff do with members of teams: one page a team, and the lot for those left over."""

from datetime import datetime
from secrets import randbelow
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF, Role
from courseplatform.teams.forms.fields import instant_of
from courseplatform.teams.forms.staff import ConfirmForm, MergeForm, MoveForm, SplitForm
from courseplatform.teams.models.teams import Team, TeamStatus
from courseplatform.teams.policy import sizes
from courseplatform.teams.selectors.index import team_get
from courseplatform.teams.selectors.team_page import team_visit
from courseplatform.teams.selectors.words import size_badge
from courseplatform.teams.services import staffing
from courseplatform.teams.services.assignment import assignment_apply, assignment_preview
from courseplatform.teams.views.common import done, form_page, now, saved

LOTS = 1_000_000


def _page(
    request: HttpRequest, visit: Visit, team: Team, bound: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    at = team_visit(visit, team, now())
    people = _students(visit)
    all_forms: dict[str, forms.Form] = {
        "move": MoveForm(course=visit.course, people=people, initial={"to": team.pk}),
        "split": SplitForm(members=at.members), "merge": MergeForm(team=team), "confirm": ConfirmForm(),
    }  # fmt: skip
    for name, form in all_forms.items():
        if bound is not None and type(form) is type(bound):
            all_forms[name] = bound
    context: dict[str, Any] = {
        "team": team, "members": at.members, "rule": sizes(visit.course), "size_badge": size_badge(team, len(at.members), sizes(visit.course)),
        "is_forming": team.status == TeamStatus.FORMING, "is_gone": team.status == TeamStatus.DISSOLVED,
        "fits": sizes(visit.course).fits(len(at.members)), **{f"{name}_form": form for name, form in all_forms.items()},
    }  # fmt: skip
    return form_page(request, "teams/manage.html", bound or all_forms["move"], **context)


def _students(visit: Visit) -> list[User]:
    found = User.objects.filter(
        enrolments__course=visit.course, enrolments__role=Role.STUDENT, enrolments__is_active=True
    )
    return list(found)


@course_page(STAFF)
@require_safe
def manage(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    return _page(request, visit, team_get(visit, team))


def _at(visit: Visit, form: forms.Form) -> datetime:
    return instant_of(form.cleaned_data["effective_on"], visit.course, now())


def _from(visit: Visit, form: forms.Form) -> str:
    """What is added to the sentence when a change holds from a coming day on."""
    at = _at(visit, form)
    return f" from {at.astimezone(visit.course.tz):%b %-d} on" if at > now() else ""


@course_page(STAFF)
@require_POST
def move(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found = team_get(visit, team)
    form = MoveForm(request.POST, course=visit.course, people=_students(visit))
    if form.is_valid():
        facts = form.cleaned_data
        ok = saved(
            form,
            lambda: (
                staffing.member_move(
                    visit=visit, person=facts["person"], to=facts["to"], at=_at(visit, form), reason=facts["reason"]
                )
                or True
            ),
        )
        if ok:
            where = f"in team {facts['to'].name}" if facts["to"] else "in no team"
            return done(
                request,
                f"{facts['person'].name} is {where}{_from(visit, form)}",
                "teams:manage",
                course=visit.course.slug,
                team=found.slug,
            )
    return _page(request, visit, found, form)


@course_page(STAFF)
@require_POST
def split(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found = team_get(visit, team)
    form = SplitForm(request.POST, members=team_visit(visit, found, now()).members)
    if form.is_valid():
        facts = form.cleaned_data
        fresh = saved(
            form,
            lambda: staffing.team_split(
                visit=visit, team=found, people=list(facts["people"]), name=facts["name"], at=_at(visit, form)
            ),
        )
        if fresh:
            return done(request, f"Team {fresh.name} is split off{_from(visit, form)}", fresh)
    return _page(request, visit, found, form)


@course_page(STAFF)
@require_POST
def merge(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found = team_get(visit, team)
    form = MergeForm(request.POST, team=found)
    if form.is_valid():
        facts = form.cleaned_data
        into = saved(
            form,
            lambda: staffing.team_merge(
                visit=visit, team=found, into=facts["into"], at=_at(visit, form), reason=facts["reason"]
            ),
        )
        if into:
            return done(request, f"Team {found.name} is part of {into.name}{_from(visit, form) or ' now'}", into)
    return _page(request, visit, found, form)


@course_page(STAFF)
@require_POST
def status(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    """confirm, reopen or dissolve, as the button says."""
    found, form = team_get(visit, team), ConfirmForm(request.POST)
    word = request.POST.get("to", "")
    acts = {
        "confirm": lambda: staffing.team_confirm(visit=visit, team=found, reason=form.cleaned_data["reason"]),
        "reopen": lambda: staffing.team_reopen(visit=visit, team=found),
        "dissolve": lambda: staffing.team_dissolve(visit=visit, team=found),
    }
    if word not in acts:
        raise BadInput("Confirm, reopen or dissolve.", code="unknown_status")
    if form.is_valid() and saved(form, acts[word]):
        said = {"confirm": "confirmed", "reopen": "open for changes", "dissolve": "dissolved"}[word]
        return done(request, f"Team {found.name} is {said}", found)
    return _page(request, visit, found, form)


@course_page(STAFF)
def assign(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The plan first; a plan that aged while it was read is shown anew and not applied."""
    error = None
    if request.method == "POST":
        seed = _seed(request.POST.get("seed", ""))
        try:
            plan = assignment_apply(visit=visit, seed=seed, digest=request.POST.get("digest", ""))
            return done(request, f"{plan.placed} students have a team", "teams:index", course=visit.course.slug)
        except Conflict as refused:
            error = refused
    else:
        seed = _seed(request.GET.get("seed", ""))
    plan = assignment_preview(visit=visit, seed=seed)
    context = {"plan": plan, "rule": sizes(visit.course), "error": error, "next_seed": randbelow(LOTS)}
    return (
        form_page(request, "teams/assign.html", forms.Form(), **context) if error is None else _stale(request, context)
    )


def _stale(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    response = form_page(request, "teams/assign.html", forms.Form(), **context)
    response.status_code = 409
    return response


def _seed(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else randbelow(LOTS)
