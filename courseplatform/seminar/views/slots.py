"""One slot, what its people and listeners do there, and swaps."""

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from courseplatform.core.errors import BadInput, Conflict, NotHere
from courseplatform.courses.access import Visit, course_page
from courseplatform.courses.models import STAFF
from courseplatform.seminar.forms import DutyForm, FeedbackForm, ScoreForm, SlidesForm, SlotForm, SwapForm
from courseplatform.seminar.models import Duty, PresentationSlot, Score, SlotPerson, Swap
from courseplatform.seminar.selectors import slot_page as reading
from courseplatform.seminar.selectors.slots import slot_get
from courseplatform.seminar.services import after, slots, swaps
from courseplatform.seminar.views.doors import only_students

SLOT_FIELDS = ("session", "paper", "minutes", "question_minutes", "presenter_places", "reviewer_places", "choose_by")


@course_page()
@require_safe
def slot(request: HttpRequest, visit: Visit, slot: int) -> HttpResponse:
    return _page(request, visit, slot_get(visit, slot))


def _page(request: HttpRequest, visit: Visit, found: PresentationSlot, **forms: Any) -> HttpResponse:
    """The page with its forms; a form that was refused stands in `forms`, by its name."""
    context = reading.slot_page(visit, found, timezone.now())
    given, swap = context["given"], context["swap"]
    context |= {
        "slides_form": SlidesForm(initial={"url": found.slides_url, "questions": found.questions}),
        "feedback_form": FeedbackForm(initial=vars(given) if given else None),
        "scale": FeedbackForm.SCALE,
    }
    if swap:
        context["swap_form"] = SwapForm(_theirs(swap), initial={"answer_by": _answer_day(swap)})
    if visit.is_staff:
        context |= reading.staff_side(visit, found)
        context["slot_form"] = SlotForm(
            visit.course, found.session, initial={name: getattr(found, name) for name in SLOT_FIELDS}
        )
        context["duty_form"] = DutyForm(visit.course)
    bad = any(getattr(form, "errors", None) for form in forms.values())
    return render(request, "seminar/slot.html", context | forms, status=422 if bad else 200)


def _theirs(swap: dict[str, Any]) -> Any:
    return SlotPerson.objects.filter(pk__in=[row.pk for row in swap["theirs"]])


def _answer_day(swap: dict[str, Any]) -> str:
    """A week, or less where one of the two sessions is nearer."""
    week = timezone.localdate() + timedelta(days=7)
    last: date = swap["last"]
    return min(week, last).isoformat()


@course_page()
@require_POST
def feedback(request: HttpRequest, visit: Visit, slot: int) -> HttpResponse:
    only_students(visit)
    found, form = slot_get(visit, slot), FeedbackForm(request.POST)
    if form.attempt(lambda: after.feedback_give(visit=visit, slot=found, facts=form.facts)):
        messages.success(request, "Saved. The presenters read it without your name.")
        return redirect("seminar:list", course=visit.course.slug)
    return _page(request, visit, found, feedback_form=form)


@course_page()
@require_POST
def slides(request: HttpRequest, visit: Visit, slot: int) -> HttpResponse:
    found, form = slot_get(visit, slot), SlidesForm(request.POST)
    _duty_of(visit, found)
    fields = ("url", "questions")
    if form.attempt(
        lambda: slots.slides_set(visit=visit, slot=found, **{name: form.cleaned_data[name] for name in fields})
    ):
        found.refresh_from_db()
        messages.success(
            request,
            "Slides and questions are in."
            if found.slides_in_at
            else "Saved. Slides and questions are in when both are given.",
        )
        return redirect(found.get_absolute_url() + "#slides")
    return _page(request, visit, found, slides_form=form)


def _duty_of(visit: Visit, found: PresentationSlot) -> None:
    """Raises NotHere unless the person presents here or is staff."""
    if not visit.is_staff and not found.people.filter(person=visit.person, role=Duty.PRESENTER).exists():
        raise NotHere("Only the presenters of this paper, and the staff, change this.")


@course_page()
@require_POST
def parts(request: HttpRequest, visit: Visit, slot: int) -> HttpResponse:
    """Who takes which part: one field a presenter, `part-<key>`."""
    found = slot_get(visit, slot)
    _duty_of(visit, found)
    for duty in found.people.select_related("person", "slot"):
        wanted = " ".join(request.POST.get(f"part-{duty.pk}", duty.part).split())[:120]
        if wanted != duty.part:
            slots.part_set(visit=visit, duty=duty, part=wanted)
    messages.success(request, "Saved who takes which part.")
    return redirect(found)


@course_page()
@require_POST
def swap_ask(request: HttpRequest, visit: Visit, slot: int) -> HttpResponse:
    only_students(visit)
    found = slot_get(visit, slot)
    offer = reading.slot_page(visit, found, timezone.now())["swap"]
    if offer is None:
        raise Conflict("You have no place that could be swapped with one of this slot.", code="not_swappable")
    form = SwapForm(_theirs(offer), request.POST)

    def ask() -> None:
        theirs = next(row for row in offer["theirs"] if row.pk == form.cleaned_data["theirs"].pk)
        theirs.slot = found
        swaps.swap_ask(
            visit=visit,
            mine=offer["duty"],
            theirs=theirs,
            answer_by=form.cleaned_data["answer_by"],
            reason=form.cleaned_data["reason"],
        )

    if form.attempt(ask):
        messages.success(request, "Asked. Until the other side answers, your place stays where it is.")
        return redirect("seminar:list", course=visit.course.slug)
    return _page(request, visit, found, swap_form=form)


@course_page()
@require_POST
def swap_answer(request: HttpRequest, visit: Visit, swap: int) -> HttpResponse:
    """`do`: confirm or decline by the asked side, withdraw by the asker."""
    only_students(visit)
    related = ("course", "asker", "asked", "give__session__course", "give__paper", "get__session__course", "get__paper")
    found = Swap.objects.filter(course=visit.course, pk=swap).select_related(*related).first()
    if found is None or visit.person.pk not in (found.asker_id, found.asked_id):
        raise NotHere("There is no such swap of yours.")
    do = request.POST.get("do")
    if do == "withdraw" and found.asker_id == visit.person.pk:
        swaps.swap_withdraw(visit=visit, swap=found)
        messages.success(request, "Withdrawn. Nothing has changed.")
    elif do in ("confirm", "decline"):
        swaps.swap_answer(visit=visit, swap=found, is_yes=do == "confirm")
        messages.success(
            request,
            "Swapped. Both calendars have changed, and the staff were told."
            if do == "confirm"
            else "Declined. Nothing has changed.",
        )
    else:
        raise BadInput("This answer is not one of those on the page. Load it again.", code="bad_answer")
    return redirect("seminar:list", course=visit.course.slug)


@course_page(STAFF)
@require_POST
def slot_change(request: HttpRequest, visit: Visit, slot: int) -> HttpResponse:
    found = slot_get(visit, slot)
    if request.POST.get("do") == "withdraw":
        slots.slot_withdraw(visit=visit, slot=found)
        messages.success(request, "The slot is gone from its session.")
        return redirect("seminar:manage", course=visit.course.slug)
    form = SlotForm(visit.course, found.session, request.POST)
    if form.attempt(lambda: slots.slot_change(visit=visit, slot=found, facts=form.facts)):
        messages.success(request, "Saved. Those in the slot were told of what changed for them.")
        return redirect(found)
    return _page(request, visit, slot_get(visit, slot), slot_form=form)


@course_page(STAFF)
@require_POST
def people(request: HttpRequest, visit: Visit, slot: int) -> HttpResponse:
    """Put a student in, or (`out`, the key of a duty) take one out."""
    found = slot_get(visit, slot)
    if out := request.POST.get("out"):
        duty = (
            found.people.select_related("person", "slot")
            .filter(pk=int(out) if out.isdecimal() and len(out) < 12 else 0)
            .first()
        )
        if duty is None:
            raise Conflict("Nobody holds this place any more. Look again.", code="place_moved")
        slots.duty_take(visit=visit, duty=duty)
        messages.success(request, f"{duty.person} is out of this slot, and was told.")
        return redirect(found)
    form = DutyForm(visit.course, request.POST)
    if form.attempt(lambda: slots.duty_give(visit=visit, slot=found, **form.cleaned_data)):
        messages.success(request, f"{form.cleaned_data['person']} is in, and was told.")
        return redirect(found)
    return _page(request, visit, found, duty_form=form)


@course_page(STAFF)
@require_POST
def scores(request: HttpRequest, visit: Visit, slot: int) -> HttpResponse:
    """Points of one presenter, or (`do` = release) show all that are kept."""
    found = slot_get(visit, slot)
    if request.POST.get("do") == "release":
        count = after.scores_release(visit=visit, slot=found)
        messages.success(request, f"{count} released; the presenters were told.")
        return redirect(found)
    presenters = found.people.filter(role=Duty.PRESENTER).select_related("person", "slot")
    form = ScoreForm(presenters, request.POST)
    kept: list[Score] = []

    def save() -> None:
        kept.append(after.score_set(visit=visit, duty=form.cleaned_data["duty"], facts=_score_facts(form)))

    if form.attempt(save):
        said = (
            "The presenter sees it, and was told of a change."
            if kept[0].released_at
            else "The presenter sees it after the release."
        )
        messages.success(request, f"Saved. {said}")
        return redirect(found.get_absolute_url() + "#scores")
    return _page(request, visit, found, score_form=form)


def _score_facts(form: ScoreForm) -> after.ScoreFacts:
    return after.ScoreFacts(**{name: form.cleaned_data[name] for name in ("points", "out_of", "comment")})
