"""All notes of a course, and assigning them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from courseplatform.core.errors import AppError, BadInput, Conflict
from courseplatform.core.tables import csv_response
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from courseplatform.scribe.forms import DutyForm, number_of, session_of
from courseplatform.scribe.models import OPEN, ScribeDuty
from courseplatform.scribe.models.duties import due_days
from courseplatform.scribe.selectors import duties as reading
from courseplatform.scribe.services import duties as writing

MOST_TIMES = 10  # turns of one student in a term


@course_page()
@require_safe
def index(request: HttpRequest, visit: Visit) -> HttpResponse:
    now = timezone.now()
    chosen = reading.NoteFilter.of(request.GET) if visit.is_staff else reading.NoteFilter()
    rows = reading.note_rows(visit, chosen, now)
    own = reading.own_rows(rows if not visit.is_staff else reading.note_rows(visit, reading.NoteFilter(), now))
    context = {
        "rows": rows, "own": own, "next": next((row for row in own if row["duty"].status in OPEN and row["due_at"]), None),
        "chosen": chosen, "states": chosen.STATES, "query": request.GET.urlencode(), "days": due_days(visit.course), "now_is": now,
        "to_read": sum(row["duty"] is not None and row["duty"].status == "handed_in" for row in rows),
        "unassigned": sum(row["duty"] is None and not row["is_past"] for row in rows),
    }  # fmt: skip
    return render(request, "scribe/index.html", context)


@course_page(STAFF)
@require_safe
def notes_csv(request: HttpRequest, visit: Visit) -> HttpResponse:
    rows = reading.note_rows(visit, reading.NoteFilter.of(request.GET), timezone.now())
    return csv_response(f"{visit.course.slug}-scribe-notes.csv", reading.COLUMNS, map(reading.csv_row, rows))


def _assign_page(request: HttpRequest, visit: Visit, error: AppError | None = None, **more: Any) -> HttpResponse:
    taken = set(ScribeDuty.objects.filter(course=visit.course, is_example=False).values_list("session", flat=True))
    context = {
        "sessions": [{"session": s, "taken": s.pk in taken} for s in reading.class_sessions(visit.course)],
        "people": reading.people_to_choose(visit.course), "days": due_days(visit.course), "error": error,
        "sent": request.POST, "chosen_people": {number_of(pk) for pk in request.POST.getlist("people")},
        "chosen_session": number_of(request.POST.get("session") or request.GET.get("session")),
    } | more  # fmt: skip
    return render(request, "scribe/assign.html", context, status=error.http_status if error else 200)


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: HttpRequest, visit: Visit) -> HttpResponse:
    if request.method != "POST":
        return _assign_page(request, visit)
    try:
        session, form = session_of(visit, request.POST.get("session", "")), DutyForm.of(visit, request.POST)
        duty = writing.duty_assign(
            visit=visit, session=session, people=form.people, due_on=form.due_on, is_example=form.is_example
        )
    except (BadInput, Conflict) as error:
        return _assign_page(request, visit, error)
    messages.success(request, f"{duty.session.heading}: assigned, and the people were told.")
    return HttpResponseRedirect(reverse("scribe:index", args=[visit.course.slug]))


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def duty(request: HttpRequest, visit: Visit, duty: int) -> HttpResponse:
    """Change the people or the day of one duty."""
    found = reading.duty_get(visit, duty)
    error: AppError | None = None
    if request.method == "POST":
        try:
            form = DutyForm.of(visit, request.POST)
            writing.duty_change(visit=visit, duty=found, people=form.people, due_on=form.due_on)
        except (BadInput, Conflict) as refused:
            error = refused
        else:
            messages.success(request, f"{found.session.heading}: changed.")
            return HttpResponseRedirect(reverse("scribe:index", args=[visit.course.slug]))
    chosen = request.POST.getlist("people") if error else [member.person_id for member in found.members.all()]
    context = {
        "duty": found, "people": reading.people_to_choose(visit.course), "chosen_people": {number_of(str(pk)) for pk in chosen},
        "due_on": request.POST.get("due_on", "") if error else found.due_on.isoformat() if found.due_on else "", "error": error,
        "days": due_days(visit.course), "may_remove": found.status == "draft" and not found.edition,
    }  # fmt: skip
    return render(request, "scribe/duty.html", context, status=error.http_status if error else 200)


@course_page(STAFF)
@require_POST
def remove(request: HttpRequest, visit: Visit, duty: int) -> HttpResponse:
    found = reading.duty_get(visit, duty)
    writing.duty_remove(duty=found)
    messages.success(request, f"{found.session.heading}: nobody is assigned any more.")
    return HttpResponseRedirect(reverse("scribe:index", args=[visit.course.slug]))


@course_page(STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
def spread(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Look at a spreading of all students over the lectures, then make it so."""
    sent = request.POST if request.method == "POST" else request.GET
    typed = sent.get("times") or "1"
    times = number_of(typed, most=MOST_TIMES)
    plan = reading.spread_plan(visit, max(times, 1))
    error: AppError | None = None
    if times < 1:
        error = BadInput(f"Write a whole number of lectures, from 1 to {MOST_TIMES}.", code="bad_times")
    elif request.method == "POST":
        if sent.get("key") == plan.key:
            made = writing.duties_spread(visit=visit, plan=plan.people)
            messages.success(request, f"{made} lectures assigned; everybody was told.")
            return HttpResponseRedirect(reverse("scribe:index", args=[visit.course.slug]))
        error = Conflict(
            "People or lectures have changed since you looked. This is the plan as it would be now.",
            code="plan_changed",
        )
    return render(
        request,
        "scribe/spread.html",
        {"plan": plan, "error": error, "times": typed[:12]},
        status=error.http_status if error else 200,
    )
