"""How loans are spoken of: pieces, days, who has something. Times are those of the zone that is active."""

from collections.abc import Iterable
from datetime import datetime

from django.utils import timezone

from hardware.models import Item, Loan, LoanPiece

MOST_NAMED = 6


def at_words(moment: datetime) -> str:
    """Fri Nov 3, 23:59 EDT"""
    return f"{timezone.localtime(moment):%a %b %-d, %H:%M %Z}"


def day_words(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%a %b %-d}"


def piece_name(piece: LoanPiece) -> str:
    """PI-07, or 3 x USB-C cable."""
    if piece.item is not None:
        return piece.item.tag
    return counted_name(piece.product.name, piece.count - (piece.count_back or 0) if piece.back_at is None else piece.count)  # fmt: skip


def counted_name(name: str, count: int) -> str:
    return f"{count} x {name}" if count != 1 else name


def listed(words: Iterable[str]) -> str:
    found = list(words)
    return ", ".join(found[:MOST_NAMED]) + (f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else "")


def holder_words(loan: Loan) -> str:
    """team Heron, Ruth Adler: as it stands inside a sentence."""
    return f"team {loan.team.name}" if loan.team else str(loan.person)


def due_words(due_at: datetime | None, *, is_term: bool) -> str:
    if due_at is None:
        return "due with the return of the course" if is_term else "no day agreed"
    return f"due {at_words(due_at)}"


def place_words(item: Item) -> str:
    return f"It belongs at {item.place}." if item.place else "No place is written for it."
