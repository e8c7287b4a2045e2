"""What a student owes and by when; and the sentence that heads the page of papers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.core.badges import Badge
from courseplatform.core.kept import kept, kept_ids
from courseplatform.courses.access import Visit, asked_once
from courseplatform.seminar.models import Duty, Feedback, Highlight, Score, Swap
from courseplatform.seminar.models.slots import END_OF_DAY
from courseplatform.seminar.people import and_list, day_words
from courseplatform.seminar.selectors.badges import highlight_badge
from courseplatform.seminar.selectors.slots import SlotRow


@dataclass(frozen=True)
class Owed:
    """One line of "What you owe". `label` and `subject` name it on the time rule and the schedule."""

    title: str
    note: str
    due_at: datetime
    url: str
    badge: Badge
    label: str = ""
    is_done: bool = False
    subject: str = ""


@asked_once
def swaps_of(visit: Visit, now: datetime) -> dict[str, Any]:
    """My open swaps: `asked` the one I asked for, `received` those that wait for me."""

    def waiting() -> QuerySet[Swap]:
        return Swap.objects.filter(course=visit.course, status=Swap.Status.ASKED)

    pairs = kept("swaps", visit.course.pk, lambda: list(waiting().values_list("asker", "asked")))
    if not any(visit.person.pk in pair for pair in pairs):
        return {"asked": None, "received": [], "slots": set()}
    found = waiting().filter(Q(asker=visit.person) | Q(asked=visit.person))
    related = ("course", "asker", "asked", "give__session__course", "give__paper", "get__session__course", "get__paper")
    swaps = [swap for swap in found.select_related(*related) if swap.is_waiting(now)]
    return {
        "asked": next((swap for swap in swaps if swap.asker_id == visit.person.pk), None),
        "received": [swap for swap in swaps if swap.asked_id == visit.person.pk],
        "slots": {key for swap in swaps for key in (swap.give_id, swap.get_id)},
    }


def owed(
    visit: Visit, rows: list[SlotRow], swaps: dict[str, Any], rankings: list[dict[str, Any]], now: datetime
) -> list[Owed]:
    """Everything this student owes the seminar, earliest first. What is done stays while it can still be changed."""
    lines = [*_answers(swaps), *_feedback(visit, rows, now), *_orders(visit, rankings), *_highlights(visit, now)]
    for row in rows:
        if row.is_mine and not row.is_over:
            lines += _own_slot(visit, row, swaps, now)
    return sorted((line for line in lines if not line.is_done or line.due_at > now), key=lambda line: line.due_at)


def _answers(swaps: dict[str, Any]) -> list[Owed]:
    return [
        Owed(
            f"Answer to {swap.asker}, who asks to swap", f"they get {swap.get.short}, you get {swap.give.short}; no answer: nothing changes",
            swap.answer_until, "#swaps", Badge("warn", "clock", "waits for you"), "Swap", subject=f"answer to {swap.asker}",
        )
        for swap in swaps["received"]
    ]  # fmt: skip


def _feedback(visit: Visit, rows: list[SlotRow], now: datetime) -> list[Owed]:
    """One line a session whose feedback is open, without one's own papers."""
    heard: dict[int, list[SlotRow]] = {}
    for row in rows:
        begins, until = row.slot.begins_at, row.slot.feedback_until
        presents = row.role_of(visit.person) == Duty.PRESENTER
        if begins and until and begins <= now < until and row.slot.paper and not presents:
            heard.setdefault(row.slot.session_id, []).append(row)
    if not heard:
        return []
    keys = [row.slot.pk for group in heard.values() for row in group]
    given = set(Feedback.objects.filter(person=visit.person, slot__in=keys).values_list("slot", flat=True))
    return [_feedback_line(visit, group, given, now) for group in heard.values()]


def _feedback_line(visit: Visit, group: list[SlotRow], given: set[int], now: datetime) -> Owed:
    done = sum(row.slot.pk in given for row in group)
    slot = next((row.slot for row in group if row.slot.pk not in given), group[0].slot)
    held, today = slot.session.held_on, timezone.localdate(now, visit.course.tz)
    day = "today's" if held == today else "yesterday's"
    what = f"{day} {len(group)} papers" if len(group) > 1 else slot.short
    badge = (
        Badge("good", "check", "given")
        if done == len(group)
        else Badge("warn", "clock", f"{done} of {len(group)} given")
    )
    until = slot.feedback_until
    assert until is not None
    url = slot.get_absolute_url() + "#feedback"
    return Owed(
        f"Feedback on {what}",
        "2 min each, the presenters see it without names",
        until,
        url,
        badge,
        "Feedback",
        done == len(group),
        what,
    )


def _orders(visit: Visit, rankings: list[dict[str, Any]]) -> list[Owed]:
    lines = []
    for ranking in rankings:
        found = ranking["round"]
        verb = "review" if found.role == Duty.REVIEWER else "present"
        saved = ranking["saved_at"] is not None
        badge = (
            Badge("good", "check", "saved") if saved and ranking["is_saved"] else Badge("warn", "clock", "not saved")
        )
        lines.append(
            Owed(f"Your order of papers to {verb}", f"{ranking['offered']} papers open, {ranking['places']}", found.due_at,
                 f"{reverse('seminar:list', args=[visit.course.slug])}#round-{found.pk}", badge, "Order of papers", saved)
        )  # fmt: skip
    return lines


def _own_slot(visit: Visit, row: SlotRow, swaps: dict[str, Any], now: datetime) -> list[Owed]:
    slot, url = row.slot, row.slot.get_absolute_url()
    begins, slides_due = slot.begins_at, slot.slides_due_at
    if begins is None or slides_due is None:
        return []
    place = Badge("neutral", "flag", slot.session.place or "in class")
    if row.role_of(visit.person) == Duty.REVIEWER:
        return [
            Owed(
                f"Review {slot.short}",
                "strengths, weaknesses and questions after the presentation",
                begins,
                url,
                place,
                "Review",
                subject=slot.short,
            )
        ]
    swap = swaps["asked"]
    if_swapped = (
        f"{day_words(swap.get.session.held_on)} if the swap is confirmed" if swap and swap.give_id == slot.pk else ""
    )
    state = (
        Badge("good", "check", "in") if slot.slides_in_at
        else Badge("bad", "octagon", "missing") if slides_due <= now
        else Badge("neutral", "info", "begun" if slot.slides_url or slot.questions else "not begun")
    )  # fmt: skip
    lines = [
        Owed("Slides and questions for the room", if_swapped or slot.short, slides_due, url + "#slides", state, "Slides", bool(slot.slides_in_at), slot.short),
        Owed(f"Present, {slot.minutes} min and {slot.question_minutes} of questions", slot.title, begins, url, place, "Presentation", subject=slot.short),
    ]  # fmt: skip
    if slot.paper is None and slot.choose_by:
        by = slot.session.course.wall(slot.choose_by, END_OF_DAY)
        lines.append(
            Owed(
                "Choose a paper",
                "together with the staff",
                by,
                url,
                Badge("warn", "triangle", "open"),
                "Choice of a paper",
            )
        )
    return lines


def _highlights(visit: Visit, now: datetime) -> list[Owed]:
    def unpublished() -> QuerySet[Highlight]:
        return Highlight.objects.of(visit.course).exclude(status=Highlight.Status.PUBLISHED)

    writers = kept_ids("highlights", visit.course.pk, lambda: unpublished().values_list("people__person", flat=True))
    if visit.person.pk not in writers:
        return []
    mine = unpublished().filter(people__person=visit.person)
    return [
        Owed("Lecture highlight", highlight.session.heading, highlight.due_at, highlight.get_absolute_url(), highlight_badge(highlight, now),
             "Lecture highlight", highlight.status == Highlight.Status.SUBMITTED, highlight.session.title)
        for highlight in mine.select_related("session__course")
        if highlight.due_at
    ]  # fmt: skip


def headline(
    visit: Visit, rows: list[SlotRow], swaps: dict[str, Any], rankings: list[dict[str, Any]], now: datetime
) -> dict[str, str]:
    """Own duty is the title: the next presentation, else the next review, else what is to rank, else the last presentation."""
    for role, verb in ((Duty.PRESENTER, "present"), (Duty.REVIEWER, "review")):
        coming = [row for row in rows if row.role_of(visit.person) == role and not row.is_over and row.slot.begins_at]
        if coming:
            return _coming(coming[0], role, verb, swaps, now)
    for ranking in rankings:
        if ranking["takes"]:
            verb = "review" if ranking["round"].role == Duty.REVIEWER else "present"
            until = timezone.localtime(ranking["round"].due_at)
            return {
                "title": f"Rank the papers you would like to {verb}",
                "sentence": f"Until {until:%a %b %-d, %H:%M %Z}. {'Your order is saved.' if ranking['saved_at'] else 'Without an order you get what is left.'}",
            }
    past = [row for row in rows if row.role_of(visit.person) == Duty.PRESENTER]
    if past:
        return _past(visit, past[-1])
    return {
        "title": "You have no presentation yet",
        "sentence": "The staff open a round in which you rank papers, or give you a slot. Both are told to you.",
    }


def _coming(row: SlotRow, role: str, verb: str, swaps: dict[str, Any], now: datetime) -> dict[str, str]:
    slot, others = row.slot, row.others(role)
    begins = slot.begins_at
    assert begins is not None
    days = (timezone.localdate(begins) - timezone.localdate(now)).days
    gap = "today" if days == 0 else "tomorrow" if days == 1 else f"in {days}{numbers.WHOLE}days"
    if begins <= now:
        gap = "now"
    what = slot.short if slot.paper else "The paper is still to be chosen"
    sentence = f"{what}{f', with {and_list(others)}' if others else ', alone' if role == Duty.PRESENTER else ''}."
    swap = swaps["asked"]
    if swap is not None and swap.give_id == slot.pk:
        sentence += f" You asked to swap to {day_words(swap.get.session.held_on)}; until {swap.asked} answers, your place stays where it is."
    return {"title": f"You {verb} on {day_words(timezone.localdate(begins))}, {gap}", "sentence": sentence}


def _past(visit: Visit, row: SlotRow) -> dict[str, str]:
    score = Score.objects.filter(slot=row.slot, person=visit.person).exclude(released_at=None).first()
    heard = Feedback.objects.filter(slot=row.slot).count()
    points = f"{score.points:g} of {score.out_of:g} points. " if score else "Your points are not released yet. "
    return {
        "title": f"You presented on {day_words(row.slot.session.held_on)}",
        "sentence": f"{row.slot.short}. {points}{heard} {'listener' if heard == 1 else 'listeners'} gave feedback.",
    }
