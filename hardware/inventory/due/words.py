"""How a loan and its due time are said in reminders, on the calendar and in tables of what is overdue."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from hardware.models import LoanPiece

MOST_NAMED = 3


def thing(piece: LoanPiece) -> str:
    """`Camera CM-09`, `4 x USB-C cable`."""
    if piece.item is not None:
        return f"{piece.product.name} {piece.item.tag}"
    still = piece.count - (piece.count_back or 0)
    return f"{still} x {piece.product.name}" if still != 1 else piece.product.name


def things(pieces: Iterable[LoanPiece], most: int = MOST_NAMED) -> str:
    """`Camera CM-09, Wall meter WM-02 and 3 more`."""
    names = [thing(piece) for piece in pieces]
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def day_words(at: datetime, zone: ZoneInfo) -> str:
    """Thu Dec 7, 23:59 EST."""
    return f"{at.astimezone(zone):%a %b %-d, %H:%M %Z}"
