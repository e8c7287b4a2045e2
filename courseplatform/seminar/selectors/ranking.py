"""The order that a student is making: what is ranked, what is saved, and the address of each next step.

The draft stands in the address, so that it survives a reload, works without a script, and is never taken for a saved order.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.core.kept import kept, kept_rows
from courseplatform.courses.access import Visit
from courseplatform.seminar.models import Duty, PreferenceRound, PresentationSlot, Ranking
from courseplatform.seminar.offers import counts, offered_slots, own_session_slots, slots_of
from courseplatform.seminar.people import students_of

SHOWN = 6  # of those not ranked, until one asks for all


@dataclass
class Line:
    slot: PresentationSlot
    first: int
    up: str = ""
    down: str = ""
    drop: str = ""
    add: str = ""


def open_rounds(visit: Visit) -> list[PreferenceRound]:
    def rounds() -> QuerySet[PreferenceRound]:
        found = PreferenceRound.objects.filter(course=visit.course, status=PreferenceRound.Status.OPEN)
        return found.select_related("course").order_by("due_on", "pk")

    return kept_rows("open rounds", visit.course.pk, rounds)


def draft_of(query: QueryDict, found: PreferenceRound) -> list[int] | None:
    """The draft in the address; None where there is none. What is no number falls out."""
    text = query.get(f"order{found.pk}")
    return (
        None
        if text is None
        else list(dict.fromkeys(int(key) for key in text.split(".") if key.isdecimal() and len(key) < 12))
    )


@dataclass(frozen=True)
class Asked:
    """A round that asks this student: what is offered, what stays hidden since the student has a duty on that day, who has ranked."""

    round: PreferenceRound
    slots: list[PresentationSlot]
    offered: dict[int, PresentationSlot]
    hidden: set[int]
    rankings: list[Ranking]
    mine: Ranking | None

    @property
    def head(self) -> dict[str, Any]:
        """What is said of it beside other work that is due."""
        return {
            "round": self.round, "is_saved": self.mine is not None, "saved_at": self.mine.saved_at if self.mine else None,
            "offered": len(self.offered), "places": _places(self.slots, self.round.role),
        }  # fmt: skip


def asked_order(
    visit: Visit, found: PreferenceRound, now: datetime, slots: Iterable[PresentationSlot] | None = None
) -> Asked | None:
    """None when this student is not asked: a duty of this kind is there already, or nothing is offered."""
    every = list(slots_of(found.course) if slots is None else slots)
    held = [(row.role, slot.session) for slot in every for row in slot.people.all() if row.person_id == visit.person.pk]
    if any(counts(found, role, session.held_on) for role, session in held):
        return None
    open_slots = offered_slots(found, now, every)
    hidden = own_session_slots(open_slots, {session.pk for _, session in held})
    offered = {slot.pk: slot for slot in open_slots if slot.pk not in hidden}
    if not offered:
        return None
    # Read alone, so no page needs a copy of the whole class's.
    rankings = kept("rankings", found.pk, lambda: list(Ranking.objects.filter(round=found)))
    mine = next((ranking for ranking in rankings if ranking.person_id == visit.person.pk), None)
    return Asked(found, open_slots, offered, hidden, rankings, mine)


def ranking_context(visit: Visit, found: PreferenceRound, query: QueryDict, now: datetime) -> dict[str, Any] | None:
    """What the section shows, or None when this student is not asked."""
    asked = asked_order(visit, found, now)
    if asked is None:
        return None
    offered, hidden, rankings, mine = asked.offered, asked.hidden, asked.rankings, asked.mine
    saved = [key for key in mine.order if key in offered] if mine else []
    draft = draft_of(query, found)
    order = saved if draft is None else [key for key in draft if key in offered]
    is_saved = mine is not None and order == saved
    shows_all = query.get("all") == "1" or len(offered) - len(order) <= SHOWN + 2
    steps = _Steps(found, order, shows_all, reverse("seminar:list", args=[visit.course.slug]))
    first = Counter(ranking.order[0] for ranking in rankings if ranking.order)
    rest = [slot for key, slot in offered.items() if key not in order]
    return asked.head | {
        "takes": found.takes_orders(now), "order": ".".join(str(key) for key in order), "is_saved": is_saved, "count": len(order),
        "count_words": _words(len(order)), "last": numbers.ordinal(len(order)) if order else "",
        "lines": [steps.line(offered[key], place, first[key]) for place, key in enumerate(order)],
        "rest": [Line(slot, first[slot.pk], add=steps.to([*order, slot.pk])) for slot in (rest if shows_all else rest[:SHOWN])],
        "rest_count": len(rest), "more": 0 if shows_all else len(rest) - SHOWN, "all_url": steps.to(order, shows_all=True),
        "undo_url": steps.home if draft is not None and not is_saved else "", "hidden": len(hidden),
        "ranked_by": len(rankings), "students": len(students_of(visit.course)),
        "opens_later": _without_paper(visit, found, now), "first": first,
    }  # fmt: skip


@dataclass(frozen=True)
class _Steps:
    """Addresses of the drafts that are one button away."""

    round: PreferenceRound
    order: list[int]
    shows_all: bool
    home: str

    def to(self, order: list[int], *, shows_all: bool | None = None) -> str:
        more = "&all=1" if (self.shows_all if shows_all is None else shows_all) else ""
        return f"{self.home}?order{self.round.pk}={'.'.join(str(key) for key in order)}{more}#round-{self.round.pk}"

    def line(self, slot: PresentationSlot, place: int, first: int) -> Line:
        return Line(
            slot, first, up=self._swapped(place - 1) if place > 0 else "",
            down=self._swapped(place) if place < len(self.order) - 1 else "",
            drop=self.to([key for key in self.order if key != slot.pk]),
        )  # fmt: skip

    def _swapped(self, place: int) -> str:
        order = list(self.order)
        order[place], order[place + 1] = order[place + 1], order[place]
        return self.to(order)


def _words(count: int) -> str:
    words = ["Nothing", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten"]
    return words[count] if count < len(words) else str(count)


def _places(slots: list[PresentationSlot], role: str) -> str:
    """three places each, or 2 to 3 places each."""
    sizes = sorted({slot.places(role) for slot in slots})
    if not sizes:
        return ""
    return (
        f"{sizes[0]} {'place' if sizes == [1] else 'places'} each"
        if len(sizes) == 1
        else f"{sizes[0]} to {sizes[-1]} places each"
    )


def _without_paper(visit: Visit, found: PreferenceRound, now: datetime) -> int:
    """Slots that will be offered once their paper is chosen."""
    if found.role != Duty.REVIEWER:
        return 0
    today = timezone.localdate(now, visit.course.tz)
    return PresentationSlot.objects.of(visit.course).filter(paper=None, session__held_on__gte=today).count()
