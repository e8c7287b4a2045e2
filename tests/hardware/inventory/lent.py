"""Loans as rows, for tests that need no desk: something is out, or came back at a certain moment."""

from datetime import timedelta

from django.utils import timezone

from hardware.models import Booking, Item, Loan, LoanPiece, Product
from tests.hardware.inventory.builders import items_of, stockroom_of

TERM = timedelta(days=60)


def lent(
    cast, *, person=None, team=None, pieces=1, due_at=None, is_term=True, handed_at=None, name="Raspberry Pi 4, 8 GB"
):
    """A loan of some items of one product. Each of its pieces is booked until the due time."""
    room, handed_at = stockroom_of(cast), handed_at or timezone.now() - timedelta(days=30)
    product = Product.objects.filter(stockroom=room, name=name).first() or Product.objects.create(
        stockroom=room, name=name, kind="board"
    )
    first = Item.objects.filter(stockroom=room).count() + 1
    items = items_of(cast, product, *(f"PI-{first + n:02}" for n in range(pieces)))
    loan = Loan.objects.create(
        stockroom=room, course=cast.course, person=person, team=team, handed_at=handed_at, handed_by="amit@example.edu",
        due_at=due_at, is_term=is_term,
    )  # fmt: skip
    for item in items:
        piece = LoanPiece.objects.create(loan=loan, item=item, product=product, out_at=handed_at)
        Booking.objects.create(
            stockroom=room, product=product, item=item, piece=piece, from_at=handed_at, until_at=due_at, is_pinned=True
        )
    return loan


def came_back(loan, at=None, *, pieces=None, ended_as="returned"):
    """The first `pieces` of it (None: all) came back at an instant."""
    at = at or timezone.now()
    for piece in loan.pieces.filter(back_at=None)[:pieces]:
        piece.back_at, piece.ended_as = at, ended_as
        piece.save()
        piece.booking.is_active = False
        piece.booking.save()
    if not loan.pieces.filter(back_at=None).exists():
        loan.closed_at = at
        loan.save()
