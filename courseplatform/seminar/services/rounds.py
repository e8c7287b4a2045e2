"""Rounds: opening one, saving an order, and computing and publishing the matching."""

import secrets
from collections import Counter
from datetime import date, datetime, time
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.core.markdown import escaped
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.notices.services.notifications import notification_send
from courseplatform.seminar.models import (
    Duty,
    MatchingMove,
    MatchingRun,
    PreferenceRound,
    PresentationSlot,
    Ranking,
    RoundMove,
    SlotPerson,
)
from courseplatform.seminar.models.rounds import ROUND_MOVES, RUN_MOVES
from courseplatform.seminar.offers import offered_slots, snapshot_of
from courseplatform.seminar.people import day_words, students_of
from courseplatform.seminar.services.slots import slot_note, slots_lock
from courseplatform.seminar.snapshots import compute

S, R = PreferenceRound.Status, MatchingRun.Status


@transaction.atomic
def round_open(
    *, visit: Visit, role: str, due_on: date, due_time: time, least: int, now: datetime | None = None
) -> PreferenceRound:
    """Let students rank the open slots; they are told. Raises Conflict (`round_open` while one of this kind is open, `no_slots`, `due_is_past`)."""
    now = now or timezone.now()
    today = timezone.localdate(now, visit.course.tz)
    found = PreferenceRound(
        course=visit.course, role=role, opened_on=today, due_on=due_on, due_time=due_time, least=least
    )
    if found.due_at <= now:
        raise Conflict("The last moment is over already. Choose a later one.", code="due_is_past")
    if not offered_slots(found, now):
        raise Conflict(
            "No slot would be offered: make slots in coming sessions with free places first, and give them papers where these are to be "
            "reviewed.", code="no_slots",
        )  # fmt: skip
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError as error:
        raise Conflict("Such a round is open already. Match or cancel it first.", code="round_open") from error
    RoundMove.objects.create(subject=found, moved_from="", moved_to=S.OPEN, by=visit.by)
    until = f"{timezone.localtime(found.due_at, visit.course.tz):%a %b %-d, %H:%M %Z}"
    _tell(found, students_of(visit.course), "opened", f"{found.title}: rank them until {until}")
    return found


@transaction.atomic
def round_extend(*, visit: Visit, found: PreferenceRound, due_on: date, due_time: time) -> PreferenceRound:
    """Another last moment for an open round. Raises Conflict (`round_over`)."""
    changed = PreferenceRound.objects.filter(pk=found.pk, status=S.OPEN)
    if not changed.update(due_on=due_on, due_time=due_time):
        raise Conflict("This round is over.", code="round_over")
    found.refresh_from_db()
    return found


@transaction.atomic
def round_cancel(*, visit: Visit, found: PreferenceRound) -> None:
    move(found, moves=ROUND_MOVES, to=S.CANCELLED, by=visit.by, history=RoundMove)


@transaction.atomic
def ranking_save(*, visit: Visit, found: PreferenceRound, order: list[int], now: datetime | None = None) -> Ranking:
    """Keep a student's order of slots; an earlier one is replaced.

    Raises:
        Conflict: `round_over` after the last moment.
        BadInput: `ranked_twice`, `unknown_slot` for one that is not offered to this student.
    """
    now = now or timezone.now()
    found = PreferenceRound.objects.select_for_update(of=("self",)).select_related("course").get(pk=found.pk)
    if not found.takes_orders(now):
        raise Conflict(
            "The time to rank is over; your last saved order counts. Ask the staff if you have none.", code="round_over"
        )
    if len(set(order)) != len(order):
        raise BadInput("A paper stands twice in this order. Load the page again, and rank anew.", code="ranked_twice")
    known = {slot.pk for slot in offered_slots(found, now)}
    if not set(order) <= known:
        raise BadInput(
            "A paper in this order is no longer offered. Load the page again, and look.", code="unknown_slot"
        )
    fields: dict[str, Any] = {"order": order}
    ranking, _ = Ranking.objects.update_or_create(round=found, person=visit.person, defaults=fields)
    return ranking


@transaction.atomic
def matching_run(*, visit: Visit, found: PreferenceRound, seed: str = "", now: datetime | None = None) -> MatchingRun:
    """Compute a matching as a preview. Nothing else changes; earlier previews stay. Raises Conflict (`round_over`, `nobody_to_match`)."""
    now = now or timezone.now()
    found = PreferenceRound.objects.select_for_update(of=("self",)).select_related("course").get(pk=found.pk)
    if found.status == S.CANCELLED:
        raise Conflict("This round was cancelled.", code="round_over")
    snapshot = snapshot_of(found, now)
    if not snapshot["students"] or not snapshot["slots"]:
        raise Conflict("There is nobody left to match, or no place left. Nothing was computed.", code="nobody_to_match")
    seed = seed or secrets.token_hex(8)
    fields: dict[str, Any] = {"snapshot": snapshot, **compute(snapshot, seed)}
    number = (found.runs.aggregate(last=Max("number"))["last"] or 0) + 1
    return MatchingRun.objects.create(
        round=found,
        number=number,
        seed=seed,
        by=visit.by,
        **fields,
    )


@transaction.atomic
def matching_publish(*, visit: Visit, run: MatchingRun, now: datetime | None = None) -> MatchingRun:
    """Make the duties of a preview real, and tell everybody. Duties that exist are never touched: whoever has one is not in a run.

    Raises:
        Conflict: `round_still_open` before its last moment; `stale_preview` when orders, slots or duties changed since the preview.
        IllegalMove: it was published or discarded before.
    """
    now = now or timezone.now()
    found = PreferenceRound.objects.select_for_update(of=("self",)).select_related("course").get(pk=run.round_id)
    if found.takes_orders(now):
        raise Conflict(
            "Students may still change their orders. Publish after the last moment.", code="round_still_open"
        )
    slots = slots_lock([row["key"] for row in run.snapshot["slots"]])
    if snapshot_of(found, now) != run.snapshot:
        raise Conflict(
            "Orders, slots or duties have changed since this preview. Run the matching again, and publish that one.",
            code="stale_preview",
        )
    move(run, moves=RUN_MOVES, to=R.PUBLISHED, by=visit.by, history=MatchingMove, published_at=now)
    if found.status == S.OPEN:
        move(found, moves=ROUND_MOVES, to=S.MATCHED, by=visit.by, history=RoundMove)
    _place(run, found, slots, visit.by)
    return run


def _place(run: MatchingRun, found: PreferenceRound, slots: dict[int, PresentationSlot], by: str) -> None:
    people = {person.pk: person for person in students_of(found.course)}
    SlotPerson.objects.bulk_create(
        SlotPerson(slot=slots[slot], person=people[person], role=found.role) for person, slot in run.result["places"]
    )
    verb = "present" if found.role == Duty.PRESENTER else "review"
    for slot, count in sorted(Counter(slot for _, slot in run.result["places"]).items()):
        slot_note(slots[slot], f"{count} to {verb} it, by matching run {run.number}", by)
    for person, slot in run.result["places"]:
        text = f"{slots[slot].title}, {day_words(slots[slot].session.held_on)}."
        _tell(
            found,
            [people[person]],
            f"run-{run.number}",
            f"You {verb} {slots[slot].short}",
            text,
            slots[slot].get_absolute_url(),
        )
    without = [people[person] for person in run.result["unplaced"]]
    _tell(found, without, f"run-{run.number}", f"{found.title}: no place was left for you; the staff will find one")


@transaction.atomic
def matching_discard(*, visit: Visit, run: MatchingRun) -> None:
    move(run, moves=RUN_MOVES, to=R.DISCARDED, by=visit.by, history=MatchingMove)


def _tell(found: PreferenceRound, people: list[Any], event: str, title: str, text: str = "", path: str = "") -> None:
    notification_send(
        course=found.course, people=people, kind="paper", key=f"round-{found.pk}-{event}", title=title, text=escaped(text),
        path=path or f"/courses/{found.course.slug}/papers/",
    )  # fmt: skip
