"""Exchanging two places: one side asks, the other confirms; then both calendars change at once."""

from collections.abc import Iterable
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict, Forbidden
from courseplatform.core.markdown import escaped
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment
from courseplatform.notices.services.notifications import notification_send
from courseplatform.seminar.models import PresentationSlot, SlotPerson, Swap, SwapMove
from courseplatform.seminar.models.swaps import SWAP_MOVES
from courseplatform.seminar.people import staff_of
from courseplatform.seminar.services.slots import slot_note, slots_lock

S = Swap.Status


@transaction.atomic
def swap_ask(
    *,
    visit: Visit,
    mine: SlotPerson,
    theirs: SlotPerson,
    answer_by: date,
    reason: str = "",
    now: datetime | None = None,
) -> Swap:
    """Ask for somebody else's place. `mine` is the asker's, of the same role as `theirs`.

    Raises:
        Conflict: `one_swap_at_a_time`, `place_over` when one of the slots has begun, `bad_answer_day`, `same_session`, `left_the_course`.
    """
    now = now or timezone.now()
    swaps_expire(course=visit.course, now=now)
    _check_ask(mine, theirs, answer_by, now)
    _check_here(visit.course, [mine.person, theirs.person])
    _check_sessions(mine, theirs)
    try:
        with transaction.atomic():
            swap = Swap.objects.create(
                course=visit.course, role=mine.role, asker=visit.person, asked=theirs.person, give=mine.slot, get=theirs.slot,
                reason=reason, answer_by=answer_by, asked_at=now,
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict(
            "You asked somebody already, and can ask one person at a time. Withdraw that swap first.",
            code="one_swap_at_a_time",
        ) from error
    SwapMove.objects.create(subject=swap, moved_from="", moved_to=S.ASKED, by=visit.by, why=reason)
    _tell(swap, [swap.asked], "asked", f"{swap.asker} asks to swap places with you", swap.get, reason)
    return swap


def last_answer_day(mine: PresentationSlot, theirs: PresentationSlot) -> date | None:
    """The day before the earlier of the two; None where one has no date."""
    days = [slot.session.held_on for slot in (mine, theirs)]
    return None if None in days else date.fromordinal(min(day.toordinal() for day in days if day) - 1)


def _check_ask(mine: SlotPerson, theirs: SlotPerson, answer_by: date, now: datetime) -> None:
    if any(slot.begins_at is None or slot.begins_at <= now for slot in (mine.slot, theirs.slot)):
        raise Conflict("Only places in sessions that are still to come can be swapped.", code="place_over")
    if mine.person_id == theirs.person_id or mine.role != theirs.role or mine.slot_id == theirs.slot_id:
        raise Conflict("This place cannot be swapped with yours.", code="not_swappable")
    last = last_answer_day(mine.slot, theirs.slot)
    today = timezone.localdate(now, mine.slot.session.course.tz)
    if last is None or not today <= answer_by <= last:
        raise Conflict(
            f"The answer must come by a day from today to {last:%a %b %-d}, the day before the earlier of the two sessions.",
            code="bad_answer_day",
        )


def _check_sessions(mine: SlotPerson, theirs: SlotPerson) -> None:
    """After the swap nobody may have two duties in one session."""
    for person, leaves, enters in ((mine.person, mine.slot, theirs.slot), (theirs.person, theirs.slot, mine.slot)):
        others = SlotPerson.objects.filter(person=person, slot__session=enters.session_id, slot__is_withdrawn=False)
        if others.exclude(slot=leaves).exists():
            raise Conflict(f"{person} has another duty in the session of {enters.short} already.", code="same_session")


def _check_here(course: Course, people: list[User]) -> None:
    """A place must not go to somebody who is no longer in the course. Inside a transaction: the enrolments stay as they are until it ends."""
    rows = Enrolment.objects.select_for_update(no_key=True).filter(course=course, person__in=people, is_active=True)
    here = set(rows.order_by("pk").values_list("person_id", flat=True))
    for person in people:
        if person.pk not in here:
            said = f"{person} has left the course, so this place cannot be swapped. Nothing has changed; ask the staff who takes it."
            raise Conflict(said, code="left_the_course")


def swap_answer(*, visit: Visit, swap: Swap, is_yes: bool, now: datetime | None = None) -> Swap:
    """The asked person confirms or declines. Confirmed: the two places change hands, and both sides and the staff are told.

    Raises:
        Forbidden: code `not_asked_you`.
        Conflict: `swap_over` when it is no longer open, `swap_expired`, `place_moved` when one side no longer holds the place,
            `place_over`, `same_session`, `left_the_course` when one side was dropped meanwhile.
    """
    now = now or timezone.now()
    if swap.asked_id != visit.person.pk:
        raise Forbidden(f"Only {swap.asked} can answer this swap.", code="not_asked_you")
    swaps_expire(course=swap.course, now=now)  # on its own: it stands even when the answer is refused
    with transaction.atomic():
        slots_lock([swap.give_id, swap.get_id])
        swap = Swap.objects.select_related("course", "asker", "asked").get(pk=swap.pk)
        if swap.status == S.EXPIRED:
            raise Conflict("The time to answer is over; nothing has changed.", code="swap_expired")
        if swap.status != S.ASKED:
            raise Conflict(f"This swap is no longer open: {swap.get_status_display().lower()}.", code="swap_over")
        if is_yes:
            _exchange(swap, visit.by, now)
        else:
            _move(swap, S.DECLINED, visit.by, now)
            _tell(swap, [swap.asker], "declined", f"{swap.asked} declined your swap; nothing has changed", swap.give)
    return swap


def _exchange(swap: Swap, by: str, now: datetime) -> None:
    """Inside a transaction that holds both slots."""
    rows = SlotPerson.objects.select_related("person", "slot__session__course", "slot__paper").filter(role=swap.role)
    mine = rows.filter(slot=swap.give_id, person=swap.asker_id).first()
    theirs = rows.filter(slot=swap.get_id, person=swap.asked_id).first()
    if mine is None or theirs is None:
        raise Conflict("One of you no longer holds that place. Nothing has changed.", code="place_moved")
    if any(slot.begins_at is None or slot.begins_at <= now for slot in (mine.slot, theirs.slot)):
        raise Conflict("One of the two sessions has begun. Nothing has changed.", code="place_over")
    _check_here(swap.course, [swap.asker, swap.asked])
    _check_sessions(mine, theirs)
    _move(swap, S.CONFIRMED, by, now)
    for row, person in ((mine, swap.asked), (theirs, swap.asker)):
        SlotPerson.objects.filter(pk=row.pk).update(person=person, part="")
        slot_note(row.slot, f"{person} takes the place of {row.person} by a swap", by)
    PresentationSlot.objects.filter(pk__in=[swap.give_id, swap.get_id]).update(sequence=F("sequence") + 1)
    _overtake(swap, by, now)
    _tell(swap, [swap.asker], "confirmed", f"{swap.asked} confirmed: you now have {swap.get.short}", swap.get)
    _tell(swap, staff_of(swap.course), "told", f"{swap.asker} and {swap.asked} swapped places", swap.get)


def _overtake(done: Swap, by: str, now: datetime) -> None:
    """Other open swaps about one of the two places, or of the two people, are void."""
    places = Q()
    for person, slot in ((done.asker_id, done.give_id), (done.asked_id, done.get_id)):
        places |= Q(asker=person, give=slot) | Q(asked=person, get=slot)
    for other in Swap.objects.select_related("asker", "asked", "course", "give", "get").filter(places, status=S.ASKED):
        _move(other, S.OVERTAKEN, by, now)
        _tell(other, [other.asker, other.asked], "overtaken", "A swap was overtaken by another one", other.give)


@transaction.atomic
def swap_withdraw(*, visit: Visit, swap: Swap, now: datetime | None = None) -> Swap:
    """The asker takes it back. Raises IllegalMove when it was answered meanwhile."""
    _move(swap, S.WITHDRAWN, visit.by, now or timezone.now())
    _tell(swap, [swap.asked], "withdrawn", f"{swap.asker} withdrew the swap; nothing has changed", swap.get)
    return swap


def swaps_expire(*, course: Course, now: datetime) -> int:
    """Close what nobody answered in time. Called before anything that depends on it, so that no clock is needed."""
    late = [swap for swap in _open(course) if now >= swap.answer_until]
    for swap in late:
        with transaction.atomic():
            _move(swap, S.EXPIRED, "the clock", now)
            _tell(swap, [swap.asker], "expired", f"{swap.asked} gave no answer; nothing has changed", swap.give)
    return len(late)


def _open(course: Course) -> Iterable[Swap]:
    return Swap.objects.filter(course=course, status=S.ASKED).select_related("course", "asker", "asked", "give__paper")


def _move(swap: Swap, to: str, by: str, now: datetime) -> None:
    move(swap, moves=SWAP_MOVES, to=to, by=by, history=SwapMove, answered_at=now)


def _tell(swap: Swap, people: list[User], event: str, title: str, slot: PresentationSlot, text: str = "") -> None:
    notification_send(
        course=swap.course, people=people, kind="paper", key=f"swap-{swap.pk}-{event}", title=title, text=escaped(text),
        path=slot.get_absolute_url(),
    )  # fmt: skip
