"""Booking a slot, and the staff's own slots."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from courseplatform.teams.forms.staff import SlotForm, SlotSeriesForm
from courseplatform.teams.forms.students import BookForm
from courseplatform.teams.selectors import slots as reading
from courseplatform.teams.services.slots import (
    SlotFacts,
    booking_cancel,
    slot_book,
    slot_cancel,
    slot_move,
    slots_create,
)
from courseplatform.teams.views.common import done, form_page, inside_team, now, own_team, saved, sent


@course_page()
@require_safe
def mine(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Where everybody's slots are: staff keep theirs, a student goes to the team's."""
    if visit.is_staff:
        return redirect("teams:slots", course=visit.course.slug)
    team = own_team(visit)
    return (
        redirect("teams:book", course=visit.course.slug, team=team.slug)
        if team
        else redirect("teams:index", course=visit.course.slug)
    )


@course_page()
def book(request: HttpRequest, visit: Visit, team: str) -> HttpResponse:
    found, at = inside_team(visit, team), now()
    form = BookForm(sent(request))
    if form.is_valid():
        slot = reading.slot_get(visit, form.cleaned_data["slot"])
        booking = saved(form, lambda: slot_book(visit=visit, team=found, slot=slot, topic=form.cleaned_data["topic"]))
        if booking:
            return done(request, "The slot is booked", found)
    days = reading.bookable(visit, at)
    mine = {row.slot_id: row for row in reading.live_bookings(found, at)}
    return form_page(
        request, "teams/book.html", form, team=found, days=days, mine=mine, chosen=str(form["slot"].value() or "")
    )


@course_page()
@require_POST
def cancel_booking(request: HttpRequest, visit: Visit, team: str, team_booking: int) -> HttpResponse:
    found = inside_team(visit, team)
    booking_cancel(visit=visit, team=found, booking=reading.booking_get(found, team_booking))
    return done(request, "The slot is free again", found)


@course_page(STAFF)
def series(request: HttpRequest, visit: Visit) -> HttpResponse:
    is_past = request.GET.get("past") == "1"
    form = SlotSeriesForm(sent(request), course=visit.course, initial={"staff": visit.person.pk})
    if form.is_valid():
        facts = dict(form.cleaned_data)
        hours = {name: facts.pop(name) for name in ("starts", "ends", "minutes")}
        made = saved(form, lambda: slots_create(visit=visit, facts=SlotFacts(**facts), **hours))
        if made:
            count = f"{len(made)} {'slot is' if len(made) == 1 else 'slots are'}"
            return done(request, f"{count} open for booking", "teams:slots", course=visit.course.slug)
    return form_page(
        request, "teams/slots.html", form, days=reading.staff_days(visit, now(), is_past=is_past), is_past=is_past
    )


@course_page(STAFF)
def edit(request: HttpRequest, visit: Visit, team_slot: int) -> HttpResponse:
    slot = reading.slot_get(visit, team_slot)
    before = {name: getattr(slot, name) for name in SlotForm.base_fields}
    form = SlotForm(sent(request), initial=before)
    if form.is_valid() and saved(form, lambda: slot_move(visit=visit, slot=slot, **form.cleaned_data)):
        return done(request, "Saved; who booked it is told", "teams:slots", course=visit.course.slug)
    booked = slot.bookings.filter(cancelled_at=None).select_related("team__course")
    return form_page(request, "teams/slot_edit.html", form, slot=slot, booked=booked)


@course_page(STAFF)
@require_POST
def cancel(request: HttpRequest, visit: Visit, team_slot: int) -> HttpResponse:
    slot_cancel(visit=visit, slot=reading.slot_get(visit, team_slot))
    return done(request, "The slot is cancelled", "teams:slots", course=visit.course.slug)
