"""The rules of lateness in the browser: the late policy of the course, and the dates of an assignment. Instructors only."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import Role
from courseplatform.courses.policy_words import policy_sentences
from courseplatform.courses.zones import zone_words
from grading.course_file.late.checked import odd_in, refused_in
from grading.course_file.late.course_part import KEY
from grading.forms.late_dates import PLACES, DatesForm
from grading.forms.late_policy import PolicyForm
from grading.models.assignments import Assignment
from grading.selectors.assignments import assignment_get
from grading.services.late_settings import assignment_dates_save, late_policy_save, policy_names
from grading.views.late_steps import Change, Step, preview_context, step_of

INSTRUCTORS = frozenset({Role.INSTRUCTOR})
FORM_METHODS = ["GET", "HEAD", "POST"]


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def policy(request: HttpRequest, visit: Visit) -> HttpResponse:
    held = visit.course.facts.get(KEY, {}).get("policy", {})
    known = policy_names(visit.course)
    work = Assignment.objects.filter(course=visit.course, slug__in=known).values_list("slug", "short")
    form = PolicyForm(held, list(work), request.POST if request.method == "POST" else None)
    step = step_of(request, visit, form, lambda: _policy_change(visit, form), refuse=_refuse_policy(known))
    if step.is_done:
        messages.success(request, "The policy holds now. Everybody's late days are counted again.")
        return redirect("grading:late_policy", course=visit.course.slug)
    context = {"form": form, "has_policy": bool(held)} | _said(visit, held, form, step) | preview_context(visit, step)
    return render(request, "grading/late_staff_policy.html", context, status=step.status)


def _policy_change(visit: Visit, form: PolicyForm) -> Change:
    tree = form.tree()
    return Change(lambda: late_policy_save(visit=visit, policy=tree), ["policy", tree])


def _refuse_policy(known: set[str]) -> Callable[[forms.Form, BadInput | Conflict], None]:
    def refuse(form: forms.Form, error: BadInput | Conflict) -> None:
        """Everything that is wrong at once, each beside its field."""
        if not isinstance(form, PolicyForm):
            return
        found = refused_in(form.tree(), known)
        for refused in found:
            form.refuse(refused)
        if not found:
            form.add_error(None, forms.ValidationError(error.message, code=error.code))

    return refuse


def _said(visit: Visit, held: dict[str, Any], form: PolicyForm, step: Step) -> dict[str, Any]:
    """The policy in sentences, and what is odd about it: of the form when it can be taken, else as it holds now."""
    shown = form.tree() if step.trial else held
    zone = zone_words(visit.course.zone) if visit.course.zone else ""
    odd = odd_in(shown, visit.course.tz) if shown else []
    return {"sentences": policy_sentences(shown, zone), "odd": odd, "is_of_form": step.trial is not None}


@course_page(INSTRUCTORS)
@require_http_methods(FORM_METHODS)
def dates(request: HttpRequest, visit: Visit, assignment: str) -> HttpResponse:
    found = assignment_get(visit, assignment)
    form = DatesForm(found, request.POST if request.method == "POST" else None)
    step = step_of(request, visit, form, lambda: _dates_change(visit, found, form), refuse=_refuse_dates)
    if step.is_done:
        messages.success(request, f"The dates of {found.short} hold now. Everybody's late days are counted again.")
        return redirect("grading:assignment_dates", course=visit.course.slug, assignment=found.slug)
    context = {"form": form, "assignment": found} | preview_context(visit, step)
    return render(request, "grading/late_staff_dates.html", context, status=step.status)


def _dates_change(visit: Visit, assignment: Assignment, form: DatesForm) -> Change:
    dates = form.dates()
    values = ["dates", assignment.pk, dates.released, dates.due, dates.active_rule, dates.late_rules]
    return Change(lambda: assignment_dates_save(visit=visit, assignment=assignment, dates=dates), values)


def _refuse_dates(form: forms.Form, error: BadInput | Conflict) -> None:
    field = str(error.details.get("field", ""))
    form.add_error(PLACES.get(field, field or None), forms.ValidationError(error.message, code=error.code))
