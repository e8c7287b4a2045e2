"""Slots with their people, as the tables show them. Three queries, whatever the size."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any

from courseplatform.accounts.models import User
from courseplatform.core.badges import Badge
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Session
from courseplatform.seminar.models import Duty, PresentationSlot, SlotPerson
from courseplatform.seminar.offers import slots_of
from courseplatform.seminar.people import short_name
from courseplatform.seminar.selectors.badges import slot_badge


@dataclass
class SlotRow:
    """One line of a table of slots. `first`: how many have it as their first choice, None where nobody is asked."""

    slot: PresentationSlot
    presenters: list[SlotPerson] = field(default_factory=list)
    reviewers: list[SlotPerson] = field(default_factory=list)
    badge: Badge | None = None
    is_mine: bool = False
    is_over: bool = False
    first: int | None = None
    me: User | None = None

    @property
    def presenter_words(self) -> str:
        return self._words(self.presenters)

    @property
    def reviewer_words(self) -> str:
        return self._words(self.reviewers)

    def _words(self, rows: list[SlotPerson]) -> str:
        """you, S. Dlamini, J. Kamau."""
        ordered = sorted(rows, key=lambda row: row.person != self.me)
        return ", ".join("you" if row.person == self.me else short_name(row.person.name) for row in ordered)

    @property
    def open_presenters(self) -> int:
        return max(self.slot.presenter_places - len(self.presenters), 0)

    @property
    def open_reviewers(self) -> int:
        return max(self.slot.reviewer_places - len(self.reviewers), 0)

    def others(self, role: str) -> list[str]:
        """Full names of those beside me."""
        rows = self.presenters if role == Duty.PRESENTER else self.reviewers
        return [row.person.name for row in rows if row.person != self.me]

    def role_of(self, person: User) -> str:
        return next((row.role for row in [*self.presenters, *self.reviewers] if row.person_id == person.pk), "")


def slot_rows(
    course: Course, me: User | None, now: datetime, swapped: Iterable[int] = (), *, staff: bool,
    slots: Iterable[PresentationSlot] | None = None,
) -> list[SlotRow]:  # fmt: skip
    """All slots in the order of their days; in sessions that are not published, students see none but their own.

    swapped: slots about which a swap of mine is open. slots: those of the course, where they were read already.
    """
    waiting = set(swapped)
    rows = []
    for slot in slots_of(course) if slots is None else slots:
        people = list(slot.people.all())
        row = SlotRow(
            slot=slot, me=me, is_over=slot.is_over(now), is_mine=any(person.person_id == me.pk for person in people) if me else False,
            presenters=[person for person in people if person.role == Duty.PRESENTER],
            reviewers=[person for person in people if person.role == Duty.REVIEWER],
        )  # fmt: skip
        if not (staff or slot.session.is_published or row.is_mine):
            continue
        row.badge = slot_badge(
            slot, now, is_mine=row.is_mine, is_swap=slot.pk in waiting and not row.is_mine, is_held=bool(row.presenters)
        )
        rows.append(row)
    return rows


@dataclass
class SessionGroup:
    session: Session
    rows: list[SlotRow]

    @property
    def day(self) -> date | None:
        return self.session.held_on

    @property
    def is_mine(self) -> bool:
        return any(row.is_mine for row in self.rows)


def by_session(rows: Iterable[SlotRow]) -> list[SessionGroup]:
    return [SessionGroup(session, list(group)) for session, group in groupby(rows, key=lambda row: row.slot.session)]


def past_line(rows: list[SlotRow]) -> dict[str, Any] | None:
    """Sep 12, Sep 19: what is folded into one line."""
    if not rows:
        return None
    days = sorted({row.slot.session.held_on for row in rows if row.slot.session.held_on})
    words = [f"{day:%b} {day.day}" for day in days]
    return {
        "days": ", ".join(words) if len(words) <= 4 else f"{words[0]} to {words[-1]}",
        "papers": len(rows),
        "presenters": sum(len(row.presenters) for row in rows),
        "reviewers": sum(len(row.reviewers) for row in rows),
    }


def slot_get(visit: Visit, key: int) -> PresentationSlot:
    """Raises NotHere for a slot of another course, a withdrawn one, or, for students, one of a session that is not published yet."""
    found = PresentationSlot.objects.of(visit.course).select_related("session__course", "paper").filter(pk=key).first()
    is_shown = found is not None and (
        visit.is_staff or found.session.is_published or found.people.filter(person=visit.person).exists()
    )
    if found is None or not is_shown:
        raise NotHere("There is no such slot in this course.")
    return found


def session_choices(course: Course) -> list[Session]:
    """Dated sessions in which something can be presented."""
    return list(course.sessions.filter(is_class=True, is_withdrawn=False).exclude(held_on=None))


CSV_COLUMNS = (
    "Date",
    "Session",
    "Paper",
    "Venue",
    "Link",
    "Presenters",
    "Reviewers",
    "Presenter places",
    "Reviewer places",
    "State",
)


def csv_rows(rows: Iterable[SlotRow]) -> list[list[Any]]:
    return [
        [row.slot.session.held_on or "", row.slot.session.title, row.slot.paper.title if row.slot.paper else "",
         row.slot.paper.source if row.slot.paper else "", row.slot.paper.url if row.slot.paper else "",
         "; ".join(person.person.name for person in row.presenters), "; ".join(person.person.name for person in row.reviewers),
         row.slot.presenter_places, row.slot.reviewer_places, row.badge.word if row.badge else "agreed"]
        for row in rows
    ]  # fmt: skip
