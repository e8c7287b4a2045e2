"""The list of people, and one person of it: role, sections, dropping and taking back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.audit.view_as.rules import may_view_as
from courseplatform.core.errors import AppError, Conflict, TooMany
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF, Enrolment, Role
from courseplatform.roster.forms import AddForm, RoleForm, SectionsForm, WhyForm
from courseplatform.roster.selectors import people as reading
from courseplatform.roster.services import invitations, members

INSTRUCTORS = frozenset({Role.INSTRUCTOR})


@course_page(STAFF)
@require_safe
def people(request: HttpRequest, visit: Visit) -> HttpResponse:
    chosen = reading.PeopleFilter.of(request.GET)
    query = request.GET.copy()
    query.pop("page", None)
    context = reading.people_page(visit, chosen, request.GET.get("page", "")) | {
        "counts": reading.people_counts(visit.course),
        "filters": reading.filter_choices(visit.course, chosen),
        "chosen": chosen,
        "query": query.urlencode(),
    }
    return render(request, "roster/people.html", context)


@course_page(STAFF)
@require_safe
def people_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    rows = reading.people_rows(visit, reading.PeopleFilter.of(request.GET))
    return csv_response(f"{visit.course.slug}-people.csv", reading.COLUMNS, rows)


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, visit: Visit) -> HttpResponse:
    form = AddForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            enrolment = members.member_add(visit=visit, **form.cleaned_data)
            messages.success(request, f"{enrolment.person.name} is in the course.")
            return redirect("roster:person", course=visit.course.slug, enrolment=enrolment.pk)
        except AppError as error:
            form.add_error("sis_id" if error.code == "sis_id_taken" else "email" if isinstance(error, Conflict) else None, error.message)  # fmt: skip
    roles = Role.choices if visit.role == Role.INSTRUCTOR else [(Role.STUDENT.value, Role.STUDENT.label)]
    context = {"form": form, "roles": roles, "role": form.data.get("role", Role.STUDENT)}
    return render(request, "roster/add.html", context, status=422 if form.errors else 200)


@course_page(STAFF)
@require_safe
def person(request: HttpRequest, visit: Visit, enrolment: int) -> HttpResponse:
    return _person_page(request, visit, enrolment)


def _person_page(request: HttpRequest, visit: Visit, pk: int, error: AppError | None = None) -> HttpResponse:
    context: dict[str, Any] = reading.person_page(visit, reading.enrolment_get(visit, pk)) | {
        "error": error,
        "may_view_as": may_view_as(visit),
    }
    return render(request, "roster/person.html", context, status=error.http_status if error else 200)


def _back(visit: Visit, enrolment: Enrolment) -> HttpResponse:
    return redirect("roster:person", course=visit.course.slug, enrolment=enrolment.pk)


@course_page(INSTRUCTORS)
@require_POST
def role(request: HttpRequest, visit: Visit, enrolment: int) -> HttpResponse:
    found, form = reading.enrolment_get(visit, enrolment), RoleForm(request.POST)
    if not form.is_valid():
        return _person_page(request, visit, enrolment, Conflict("Choose one of the roles of the list, and a reason of at most 300 characters."))  # fmt: skip
    try:
        found = members.member_role_change(visit=visit, enrolment=found, **form.cleaned_data)
    except Conflict as error:
        return _person_page(request, visit, enrolment, error)
    if found.person_id == visit.person.pk:
        update_session_auth_hash(request, found.person)  # a new role signs out everywhere but here, where it was chosen
    messages.success(request, f"{found.person.name} is {found.get_role_display()} now.")
    if found.person_id == visit.person.pk and found.role not in STAFF:
        return redirect(visit.course)
    return _back(visit, found)


@course_page(STAFF)
@require_POST
def sections(request: HttpRequest, visit: Visit, enrolment: int) -> HttpResponse:
    found = reading.enrolment_get(visit, enrolment)
    form = SectionsForm(request.POST, list(visit.course.course_sections.values_list("name", flat=True)))
    if not form.is_valid():
        return _person_page(request, visit, enrolment, Conflict("Name sections with at most 80 characters each, separated by commas."))  # fmt: skip
    members.member_sections_change(visit=visit, enrolment=found, sections=form.names)
    messages.success(request, "The sections are saved.")
    return _back(visit, found)


@course_page(STAFF)
@require_POST
def drop(request: HttpRequest, visit: Visit, enrolment: int) -> HttpResponse:
    found, form = reading.enrolment_get(visit, enrolment), WhyForm(request.POST)
    try:
        members.member_drop(visit=visit, enrolment=found, why=form.data.get("why", "")[:300])
    except Conflict as error:
        return _person_page(request, visit, enrolment, error)
    messages.success(request, f"{found.person.name} is dropped. All work stays, and it can be taken back here.")
    return redirect("front") if found.person_id == visit.person.pk else _back(visit, found)


@course_page(STAFF)
@require_POST
def take_back(request: HttpRequest, visit: Visit, enrolment: int) -> HttpResponse:
    found = reading.enrolment_get(visit, enrolment)
    members.member_return(visit=visit, enrolment=found)
    messages.success(request, f"{found.person.name} is back in the course, with all work.")
    return _back(visit, found)


@course_page(STAFF)
@require_POST
def invite(request: HttpRequest, visit: Visit, enrolment: int) -> HttpResponse:
    found = reading.enrolment_get(visit, enrolment)
    members.check_may_change(visit, found.role)
    try:
        invitations.invitation_renew(visit=visit, enrolment=found)
    except (Conflict, TooMany) as error:
        return _person_page(request, visit, enrolment, error)
    messages.success(request, f"An invitation goes to {found.person.email}. Earlier links work no more.")
    return _back(visit, found)


@course_page(STAFF)
@require_POST
def withdraw(request: HttpRequest, visit: Visit, enrolment: int) -> HttpResponse:
    found = reading.enrolment_get(visit, enrolment)
    members.check_may_change(visit, found.role)
    invitations.invitations_withdraw_for(enrolment=found, by=visit.by, why="withdrawn by hand")
    messages.success(request, "The invitation is withdrawn: its link works no more.")
    return _back(visit, found)


@course_page(STAFF)
@require_POST
def invite_all(request: HttpRequest, visit: Visit) -> HttpResponse:
    count = invitations.invitations_send_missing(visit=visit)
    some = f"{count} invitation{'' if count == 1 else 's'} on the way."
    messages.success(request, some if count else "Everybody who needs an invitation has one.")
    return redirect("roster:people", course=visit.course.slug)
