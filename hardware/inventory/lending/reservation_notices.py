"""What borrowers and staff are told about reservations. The same event of the same instant tells nobody twice."""

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse

from courseplatform.accounts.models import User
from courseplatform.core.markdown import escaped, quoted
from courseplatform.notices.services.notifications import notification_send
from hardware.inventory.lending.borrowers import staff_of
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.lending.policy import policy_for
from hardware.inventory.lending.time_ranges import TimeRange, moment, range_words
from hardware.inventory.lending.wishes import thing_words
from hardware.models import Reservation

KIND = "hardware"
# Event -> title and text. {thing} and {who} are those of the reservation, {by} did it, {pickup} says until when it is held.
TO_BORROWER = {
    "asked": ("{by} asked for {thing}", "The staff answer it. Until then it is held."),
    "waits": ("On the waiting list: {thing}", "You are told when something is free for it."),
    "reserved": ("Reserved for you: {thing}", "{pickup}"),
    "approved": ("Approved: {thing}", "{pickup}"),
    "declined": ("Declined: {thing}", "Nothing is held for you."),
    "cancelled": ("Cancelled: {thing}", "{by} cancelled it. Nothing is held any more."),
    "dates": ("Other days: {thing}", "{by} changed the days."),
    "served": ("Free now: {thing}", "Your place on the waiting list has come. It is held for you, and the staff answer it."),
    "served_approved": ("Free for you now: {thing}", "Your place on the waiting list has come. {pickup}"),
    "lost": ("Not enough left for {thing}", "What was planned for you is not there. Your reservation stands, and gets the next one that comes back."),
    "other": ("Another one for you: {thing}", "The very item that you asked for is not there in time. Another one of the same product is held for you."),
    "late": ("May not be there in time: {thing}", "Something of it is still out with somebody else, or not in service. Ask at the desk first."),
    "again": ("There again for you: {thing}", "What was missing for your reservation is there again."),
    "no_show": ("Not picked up: {thing}", "Its time at the desk is over, and others can have it. Ask again if you still need it."),
    "unanswered": ("Not answered in time: {thing}", "The staff did not answer before its time was over, so nothing is held. Ask at the desk."),
    "in_vain": ("Nothing became free: {thing}", "The time that you asked for is over."),
}  # fmt: skip
TO_STAFF = {
    "asked": ("{who} asks for {thing}", "It is held until you approve or decline it."),
    "served": ("From the waiting list: {thing} for {who}", "It is held until you approve or decline it."),
    "cancelled": ("Not needed any more: {thing} for {who}", "It was approved, and {by} cancelled it."),
    "lost": ("Too few are left for {who}: {thing}", "The reservation stands, and gets the next one that comes back."),
    "other": (
        "Another item for {who}: {thing}",
        "The very item that was asked for is overdue or not in service. Another one of the same product is held.",
    ),
    "late": (
        "Not there in time for {who}: {thing}",
        "Something of it is overdue or not in service, and nothing else takes its place.",
    ),
    "gone": ("Cancelled: {thing} for {who}", ""),
}


def when_words(row: Reservation) -> str:
    """from Fri Nov 3, 10:00 until Tue Nov 7, 23:59; on the wall of the course."""
    if row.is_term:
        return f"from {moment(row.course.tz, row.from_at)} until the return"
    return range_words(row.course.tz, TimeRange(row.from_at, row.until_at))


def pick_up_words(row: Reservation) -> str:
    days = policy_for(row.course).pickup_days
    return f"Pick it up at the desk. It is held for {days} day{'' if days == 1 else 's'} after it begins; then others get it."  # fmt: skip


def tell_borrower(row: Reservation, what: str, *, now: datetime, by: User | None = None, said: str = "") -> None:
    """The person, or the members that the team has now; `by` did it and knows. said: somebody's own words, quoted."""
    people = [one for one in Borrower.of(row).members if one != by]
    _send(row, people, what, TO_BORROWER[what], now, by, said)


def tell_staff(row: Reservation, what: str, *, now: datetime, by: User | None = None, said: str = "") -> None:
    _send(row, staff_of(row.course), f"{what}-staff", TO_STAFF[what], now, by, said)


def _send(
    row: Reservation, people: Iterable[User], what: str, words: tuple[str, str], now: datetime, by: User | None, said: str
) -> None:  # fmt: skip
    who = Borrower.of(row).words
    facts = {"thing": thing_words(row), "who": who, "by": str(by or "the clock"), "pickup": pick_up_words(row)}
    title = words[0].format(**facts)
    text = words[1].format(**{name: escaped(value) for name, value in facts.items()})
    parts = (f"{escaped(thing_words(row))}, {when_words(row)}.", text, quoted(said))
    notification_send(
        course=row.course, people=people, kind=KIND, key=f"reservation-{row.pk}-{what}-{now:%Y%m%dT%H%M%S%f}",
        title=title[0].upper() + title[1:], text="\n\n".join(part for part in parts if part),
        path=reverse("stock:request", kwargs={"course": row.course.slug, "reservation": row.pk}),
    )  # fmt: skip
