"""The staff's desk of the seminar, and the page on which anybody checks a matching."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import BadInput, NotHere
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from courseplatform.seminar.forms import RoundDueForm, RoundForm, SlotsForm
from courseplatform.seminar.models import PreferenceRound
from courseplatform.seminar.selectors import matched
from courseplatform.seminar.selectors import papers as reading
from courseplatform.seminar.services import rounds, slots
from courseplatform.seminar.snapshots import parts_of


@course_page(STAFF)
@require_safe
def manage(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _desk(request, visit)


def _desk(request: HttpRequest, visit: Visit, **forms: Any) -> HttpResponse:
    context = reading.manage_page(visit, timezone.now())
    policy = context["policy"]
    context |= {
        "slots_form": SlotsForm(visit.course),
        "round_form": RoundForm(initial={"due_time": "23:59", "role": "reviewer", "least": policy.reviewers_least}),
    }
    return render(request, "seminar/manage.html", context | forms, status=422 if forms else 200)


@course_page(STAFF)
@require_POST
def slots_make(request: HttpRequest, visit: Visit) -> HttpResponse:
    form = SlotsForm(visit.course, request.POST)
    if form.attempt(lambda: slots.slots_make(visit=visit, **form.cleaned_data)):
        messages.success(request, f"{form.cleaned_data['count']} made. Give them papers and people now.")
        return redirect("seminar:manage", course=visit.course.slug)
    return _desk(request, visit, slots_form=form)


@course_page(STAFF)
@require_POST
def round_open(request: HttpRequest, visit: Visit) -> HttpResponse:
    form = RoundForm(request.POST)
    if form.attempt(lambda: rounds.round_open(visit=visit, **form.cleaned_data)):
        messages.success(request, "Open. The students were told.")
        return redirect("seminar:manage", course=visit.course.slug)
    return _desk(request, visit, round_form=form)


@course_page(STAFF)
@require_POST
def round_act(request: HttpRequest, visit: Visit, round: int) -> HttpResponse:  # noqa: A002 the word of the address
    """`do`: match, extend, cancel."""
    found = PreferenceRound.objects.filter(course=visit.course, pk=round).select_related("course").first()
    if found is None:
        raise NotHere("There is no such round in this course.")
    do = request.POST.get("do")
    if do == "match":
        return redirect(rounds.matching_run(visit=visit, found=found))
    if do == "extend":
        form = RoundDueForm(request.POST)
        if not form.is_valid():
            raise BadInput("Choose the new last day and hour, and send it again.", code="bad_day")
        rounds.round_extend(visit=visit, found=found, **form.cleaned_data)
        messages.success(request, "The last moment is moved.")
    elif do == "cancel":
        rounds.round_cancel(visit=visit, found=found)
        messages.success(request, "Cancelled. The saved orders are kept, and not used.")
    else:
        raise BadInput("This is not one of the buttons of the page. Load it again.", code="bad_button")
    return redirect("seminar:manage", course=visit.course.slug)


@course_page()
@require_safe
def matching(request: HttpRequest, visit: Visit, matching: int) -> HttpResponse:
    run = matched.run_get(visit, matching)
    context = matched.check_page(visit, run)
    context["m"] = context.copy()
    context["may_publish"] = visit.is_staff and run.status == run.Status.PREVIEW
    context["takes"] = run.round.takes_orders(timezone.now())
    return render(request, "seminar/matching.html", context)


@course_page()
@require_safe
def matching_csv(request: HttpRequest, visit: Visit, matching: int) -> HttpResponse:
    run = matched.run_get(visit, matching)
    students, _ = parts_of(run.snapshot)
    rows = matched.check_csv(matched.check_rows(visit, run, students))
    return csv_response(f"{visit.course.slug}-matching-{run.pk}.csv", matched.CHECK_COLUMNS, rows)


@course_page(STAFF)
@require_POST
def matching_act(request: HttpRequest, visit: Visit, matching: int) -> HttpResponse:
    """`do`: publish or discard a preview."""
    run = matched.run_get(visit, matching)
    if request.POST.get("do") == "publish":
        rounds.matching_publish(visit=visit, run=run)
        messages.success(request, "Published. Everybody in it was told.")
        return redirect(run)
    rounds.matching_discard(visit=visit, run=run)
    messages.success(request, "Discarded. Nothing has changed.")
    return redirect("seminar:manage", course=visit.course.slug)
