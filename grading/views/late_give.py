"""What instructors give: late days, more time, standing accommodations, excuses; and taking each of them back.

TAs see all of it and give nothing: whoever gives decides about grades.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Role
from grading.forms.late_days import AccommodationForm, CourseForm, ExcuseForm, ExtensionForm, GrantForm
from grading.models.late_days import Accommodation, Excuse, Extension
from grading.models.owners import Owner
from grading.selectors import late_ledger as reading
from grading.selectors.late_giving import accommodation_said, excuse_said, extension_said, grant_said
from grading.services.late_favours import (
    accommodation_give,
    excuse_give,
    extension_give,
    favour_withdraw,
    grant_give,
    owners_in,
    people_of,
)
from grading.views.late_steps import Change, preview_context, step_of

INSTRUCTORS = frozenset({Role.INSTRUCTOR})
FORM_METHODS = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class Giving:
    """One kind of favour: its form, its words, and what a filled-in form means."""

    form: type[CourseForm]
    title: str
    lead: str
    meaning: Callable[[Visit, Any], Change]


def _change(
    form: CourseForm, owners: list[Owner], act: Callable[[], object], said: Callable[[tuple[str, ...]], str]
) -> Change:
    whom = tuple(str(owner) for owner in owners)
    people = {person.pk for person in people_of(owners)} or {o.person.pk for o in owners if o.person.pk}
    return Change(act, [type(form).__name__, form.values()], people, whom, lambda: said(whom))


def _grant(visit: Visit, form: GrantForm) -> Change:
    data, owners = form.cleaned_data, owners_in(visit.course, *form.chosen(as_teams=form.is_of_teams()))
    return _change(form, owners, lambda: grant_give(
        visit=visit, owners=owners, days=data["days"] or 0, reason=data["reason"], since=data["since"], bank=form.bank_name(),
        is_refund=data["is_refund"],
    ), lambda whom: grant_said(visit, whom, data, form.bank_name() if "bank" in form.fields else ""))  # fmt: skip


def _extension(visit: Visit, form: ExtensionForm) -> Change:
    data, owners = form.cleaned_data, owners_in(visit.course, *form.chosen(as_teams=False))
    return _change(form, owners, lambda: extension_give(
        visit=visit, assignment=data["assignment"], owners=owners, reason=data["reason"], until=form.until(), units=data["units"] or 0,
        keeps_penalty=data["keeps_penalty"],
    ), lambda whom: extension_said(visit, whom, data, form.until()))  # fmt: skip


def _accommodation(visit: Visit, form: AccommodationForm) -> Change:
    data = form.cleaned_data
    return _change(
        form, [Owner(data["person"])], lambda: accommodation_give(visit=visit, **data),
        lambda whom: accommodation_said(whom, data),
    )  # fmt: skip


def _excuse(visit: Visit, form: ExcuseForm) -> Change:
    data = form.cleaned_data
    return _change(
        form, [Owner(data["person"])], lambda: excuse_give(visit=visit, **data), lambda whom: excuse_said(whom, data)
    )


GIVINGS = {
    "grant": Giving(
        GrantForm, "Give late days", "More late days in the bank of some people or teams, or fewer: a correction.", _grant
    ),
    "extension": Giving(
        ExtensionForm, "Give an extension", "A later due time of one assignment, or late days of it that cost nothing.", _extension
    ),
    "accommodation": Giving(
        AccommodationForm, "Give an accommodation", "Everything is due some days later for one student, all term long.", _accommodation
    ),
    "excuse": Giving(
        ExcuseForm, "Excuse somebody", "Never late and never charged for one assignment, and one less to turn in.", _excuse
    ),
}  # fmt: skip


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def grant(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _give(request, visit, GIVINGS["grant"])


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def extension(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _give(request, visit, GIVINGS["extension"])


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def accommodation(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _give(request, visit, GIVINGS["accommodation"])


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def excuse(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _give(request, visit, GIVINGS["excuse"])


def _give(request: HttpRequest, visit: Visit, giving: Giving) -> HttpResponse:
    form = giving.form(visit, request.POST if request.method == "POST" else None, initial=_initial(request))
    step = step_of(request, visit, form, lambda: giving.meaning(visit, form))
    if step.is_done:
        whom = step.change.whom if step.change else ()
        messages.success(request, f"Given to {whom[0] if len(whom) == 1 else len(whom)}. They are told.")
        return redirect(_back(request, visit))
    context = {"form": form, "giving": giving, "back": _back(request, visit)} | preview_context(visit, step)
    return render(request, "grading/late_staff_give.html", context, status=step.status)


def _initial(request: HttpRequest) -> dict[str, Any]:
    """`?person=` and `?team=` of the page that offered it."""
    found: dict[str, Any] = {}
    for name, field in (("person", "people"), ("team", "teams")):
        if (value := request.GET.get(name, "")).isdecimal() and len(value) < 19:
            found |= {field: [int(value)], name: int(value)}
    return found


def _back(request: HttpRequest, visit: Visit) -> str:
    """The person's ledger where one came from it, else the table of everybody."""
    person = request.GET.get("person", "")
    if person.isdecimal() and len(person) < 19:
        return reverse("grading:late_person", args=[visit.course.slug, int(person)])
    return reverse("grading:late_balances", args=[visit.course.slug])


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def extension_withdraw(request: HttpRequest, visit: Visit, extension: int) -> HttpResponse:
    return _withdraw(request, visit, reading.favour_get(visit, Extension, extension))


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def accommodation_withdraw(request: HttpRequest, visit: Visit, accommodation: int) -> HttpResponse:
    return _withdraw(request, visit, reading.favour_get(visit, Accommodation, accommodation))


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def excuse_withdraw(request: HttpRequest, visit: Visit, excuse: int) -> HttpResponse:
    return _withdraw(request, visit, reading.favour_get(visit, Excuse, excuse))


def _withdraw(request: HttpRequest, visit: Visit, given: reading.Given) -> HttpResponse:
    people = reading.people_of_favour(given.row)
    form = forms.Form(request.POST if request.method == "POST" else None)
    step = step_of(request, visit, form, lambda: _taking_back(visit, given, people))
    back = _page_of(visit, given.row)
    if step.is_done:
        messages.success(request, "It is taken back. They are told.")
        return redirect(back)
    context = {"form": form, "given": given, "people": people, "back": back} | preview_context(visit, step)
    return render(request, "grading/late_staff_withdraw.html", context, status=step.status)


def _taking_back(visit: Visit, given: reading.Given, people: list[User]) -> Change:
    return Change(
        lambda: favour_withdraw(visit=visit, row=given.row, people=people),
        ["withdraw", given.url_name, given.row.pk],
        {person.pk for person in people},
        tuple(person.name for person in people),
    )


def _page_of(visit: Visit, row: reading.Favour) -> str:
    if isinstance(row, Extension) and row.team is not None:
        return reverse("grading:late_team", args=[visit.course.slug, row.team.slug])
    return reverse("grading:late_person", args=[visit.course.slug, row.person_id])
