"""One slot: who does what, slides, what the room says, points, swaps, and for staff the forms."""

from datetime import datetime
from hashlib import sha256
from typing import Any

from django.utils import timezone

from courseplatform.courses.access import Visit
from courseplatform.seminar.models import Duty, Feedback, PresentationSlot, Score, SlotPerson, Swap
from courseplatform.seminar.people import students_of
from courseplatform.seminar.policy import policy_of
from courseplatform.seminar.selectors.badges import slot_badge
from courseplatform.seminar.services.swaps import last_answer_day

FEW = 3  # fewer answers than this would tell who wrote them


def slot_page(visit: Visit, slot: PresentationSlot, now: datetime) -> dict[str, Any]:
    people = list(slot.people.select_related("person"))
    mine = next((row for row in people if row.person_id == visit.person.pk), None)
    presenters = [row for row in people if row.role == Duty.PRESENTER]
    policy = policy_of(visit.course)
    presents = mine is not None and mine.role == Duty.PRESENTER
    begins, until = slot.begins_at, slot.feedback_until
    return {
        "slot": slot, "paper": slot.paper, "mine": mine, "presents": presents, "policy": policy, "begins": begins,
        "presenters": presenters, "reviewers": [row for row in people if row.role == Duty.REVIEWER],
        "badge": slot_badge(slot, now, is_mine=mine is not None, is_swap=False, is_held=bool(presenters)),
        "is_over": slot.is_over(now),
        "has_begun": begins is not None and begins <= now, "slides_due": slot.slides_due_at, "until": until,
        "is_short": 0 < sum(row.role == Duty.REVIEWER for row in people) < policy.reviewers_least,
        "may_listen": not visit.is_staff and not presents and slot.paper is not None and begins is not None and until is not None and begins <= now < until,
        "given": Feedback.objects.filter(slot=slot, person=visit.person).first(),
        "heard": heard(visit, slot, now) if presents or visit.is_staff else None,
        "score": Score.objects.filter(slot=slot, person=visit.person).exclude(released_at=None).first() if presents else None,
        "swap": _swap(visit, slot, people, mine, now), "history": list(slot.changes.all()[:20]) if visit.is_staff else [],
    }  # fmt: skip


def heard(visit: Visit, slot: PresentationSlot, now: datetime) -> dict[str, Any]:
    """What the room said. Presenters: after it closed, at least FEW answers, in an order that tells nothing. Staff: with names, at once."""
    found = list(Feedback.objects.filter(slot=slot).select_related("person"))
    is_open = slot.feedback_until is not None and now < slot.feedback_until
    count = len(found)
    shown = found if visit.is_staff or (not is_open and count >= FEW) else []
    shown.sort(key=lambda row: sha256(f"{slot.pk}:{row.person_id}".encode()).digest())
    return {
        "count": count, "rows": shown, "is_open": is_open, "few": FEW, "with_names": visit.is_staff,
        "clarity": _mean([row.clarity for row in shown]), "depth": _mean([row.depth for row in shown]),
    }  # fmt: skip


def _mean(values: list[int]) -> str:
    return f"{sum(values) / len(values):.1f}" if values else ""


def _swap(
    visit: Visit, slot: PresentationSlot, people: list[SlotPerson], mine: SlotPerson | None, now: datetime
) -> dict[str, Any] | None:
    """Whom one may ask for a place here: people with the same duty, where one's own is in another slot that is still to come."""
    begins = slot.begins_at
    if visit.is_staff or mine is not None or begins is None or begins <= now:
        return None
    own = SlotPerson.objects.filter(person=visit.person, slot__session__course=visit.course, slot__is_withdrawn=False)
    for duty in own.select_related("slot__session__course", "slot__paper").order_by("slot__session__held_on"):
        theirs = [row for row in people if row.role == duty.role]
        last = last_answer_day(duty.slot, slot)
        today = timezone.localdate(now, visit.course.tz)
        own_begins = duty.slot.begins_at
        if theirs and last and last >= today and own_begins and own_begins > now:
            waiting = Swap.objects.filter(
                asker=visit.person, course=visit.course, status=Swap.Status.ASKED
            ).select_related("course", "asked")
            return {
                "duty": duty,
                "theirs": theirs,
                "last": last,
                "open": next((swap for swap in waiting if swap.is_waiting(now)), None),
            }
    return None


def staff_side(visit: Visit, slot: PresentationSlot) -> dict[str, Any]:
    """What the staff's forms need: scores by presenter, and students who may be put in."""
    scores = {score.person_id: score for score in slot.scores.all()}
    inside = {row.person_id for row in slot.people.all()}
    presenters = [row for row in slot.people.select_related("person") if row.role == Duty.PRESENTER]
    return {
        "score_rows": [{"duty": row, "score": scores.get(row.person_id)} for row in presenters],
        "unreleased": sum(score.released_at is None for score in scores.values()),
        "students": [person for person in students_of(visit.course) if person.pk not in inside],
    }  # fmt: skip
