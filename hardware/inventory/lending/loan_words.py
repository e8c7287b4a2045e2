"""How loans are spoken of: things, days, who has something, how near the due time is. Times are those of the course, with the name of its zone."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from courseplatform.core.badges import Badge
from hardware.models import Item, Loan, LoanPiece

MOST_NAMED = 6
MOST_THINGS = 3
SOON = timedelta(days=3)


def at_words(moment: datetime, zone: ZoneInfo) -> str:
    """Fri Nov 3, 23:59 EDT"""
    return f"{moment.astimezone(zone):%a %b %-d, %H:%M %Z}"


def day_words(moment: datetime, zone: ZoneInfo) -> str:
    """Fri Nov 3"""
    return f"{moment.astimezone(zone):%a %b %-d}"


def piece_name(piece: LoanPiece) -> str:
    """PI-07, or 3 x USB-C cable."""
    if piece.item is not None:
        return piece.item.tag
    return counted_name(piece.product.name, piece.count - (piece.count_back or 0) if piece.back_at is None else piece.count)  # fmt: skip


def counted_name(name: str, count: int) -> str:
    return f"{count} x {name}" if count != 1 else name


def thing(piece: LoanPiece) -> str:
    """Camera CM-09, or 3 x USB-C cable."""
    return f"{piece.product.name} {piece.item.tag}" if piece.item is not None else piece_name(piece)


def things(pieces: Iterable[LoanPiece], most: int = MOST_THINGS) -> str:
    """Camera CM-09, Wall meter WM-02 and 3 more."""
    names = [thing(piece) for piece in pieces]
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def listed(words: Iterable[str]) -> str:
    found = list(words)
    return ", ".join(found[:MOST_NAMED]) + (f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else "")


def holder_words(loan: Loan) -> str:
    """team Heron, Ruth Adler: as it stands inside a sentence."""
    return f"team {loan.team.name}" if loan.team else str(loan.person)


def due_words(due_at: datetime | None, zone: ZoneInfo, *, is_term: bool) -> str:
    if due_at is None:
        return "due with the return of the course" if is_term else "no day agreed"
    return f"due {at_words(due_at, zone)}"


def due_badge(loan: Loan, now: datetime, *, with_day: bool = False) -> Badge:
    """due in 9 days; due today; 2 days overdue; all back Fri Nov 3. Days are those of the course's calendar.

    with_day: also which day that is, for a list that says it nowhere else. What late days mean is said beside it.
    """
    zone = loan.course.tz
    if loan.closed_at is not None:
        return Badge("neutral", "check", f"all back {day_words(loan.closed_at, zone)}")
    if loan.due_at is None:
        return Badge("neutral", "dot", "with the return of the course" if loan.is_term else "no day agreed")
    days = (loan.due_at.astimezone(zone).date() - now.astimezone(zone).date()).days
    day = f", {at_words(loan.due_at, zone)}" if with_day else ""
    if loan.due_at < now:
        words = f"{_days(-days)} overdue" if days else "overdue since today"
        return Badge("bad", "octagon", words + day)
    is_soon = days == 0 or loan.due_at - now < SOON
    words = f"due in {_days(days)}" if days else "due today"
    return Badge("warn" if is_soon else "neutral", "triangle" if is_soon else "clock", words + day)


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"


def place_words(item: Item) -> str:
    return f"It belongs at {item.place}." if item.place else "No place is written for it."
