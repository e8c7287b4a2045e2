"""The rules of lending: read by everybody in the course, changed by its instructors after a look at what follows."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from courseplatform.core.errors import AppError
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.course_file.reading import FileError
from courseplatform.courses.course_file.service import Plan, sign_of, tree_of
from courseplatform.courses.models import Role, ScheduleChange
from courseplatform.courses.services.parts import part_plan, part_save
from courseplatform.teams.selectors.membership import team_of
from hardware.hooks import return_day
from hardware.inventory.lending.course_file import RETURN_KIND, RULES_CHANGED
from hardware.inventory.lending.form import LendingForm
from hardware.inventory.lending.policy import KEY, policy_for
from hardware.inventory.lending.words import policy_words
from hardware.models import Product

MOST_SHOWN = 20


@course_page()
@require_safe
def show(request: HttpRequest, visit: Visit) -> HttpResponse:
    policy, team = policy_for(visit.course), team_of(visit.course, visit.person)
    day = return_day(visit.course, None, team) if team else return_day(visit.course, visit.person, None)
    context: dict[str, Any] = {"rules": policy_words(visit.course, policy, day), "day": day}
    if visit.is_staff:
        log = ScheduleChange.objects.filter(course=visit.course, sentence__startswith=RULES_CHANGED)
        context["log"] = log[:MOST_SHOWN]
    return render(request, "hardware/rules/show.html", context)


@course_page(frozenset({Role.INSTRUCTOR}))
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, visit: Visit) -> HttpResponse:
    form = _form(visit, request.POST if request.method == "POST" else None)
    if not form.is_bound:
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        plan = part_plan(course=visit.course, key=KEY, value=form.value())
        if request.POST.get("do") == "save":
            said = RULES_CHANGED + "; ".join(line[2:].removeprefix(f"{KEY}.") for line in plan.changes)
            seen = request.POST.get("seen", "")
            part_save(visit=visit, key=KEY, value=form.value(), seen=seen, name="The rules", sentence=said)
            messages.success(request, "The rules of lending are changed.")
            return redirect("stock:rules", course=visit.course.slug)
    except FileError as error:
        for finding in error.findings:
            form.add_error(None, finding.sentence)
        return _page(request, form, status=422)
    except AppError as error:
        form.add_error(None, error.message)
        return _page(request, form, status=error.http_status)
    return _page(request, form, plan)


def _form(visit: Visit, data: Any) -> LendingForm:
    course = visit.course
    back = [(item["slug"], item["short"]) for item in tree_of(course).get("assignments", []) if item["kind"] == RETURN_KIND]  # fmt: skip
    kinds = Product.objects.filter(stockroom__courses__course=course).order_by("kind").values_list("kind", flat=True)
    return LendingForm(data, said=course.fact(KEY, default={}), returns=back, kinds=list(kinds.distinct()))


def _page(request: HttpRequest, form: LendingForm, plan: Plan | None = None, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "plan": plan, "seen": sign_of(plan) if plan else ""}
    return render(request, "hardware/rules/edit.html", context, status=status)
