"""Which damage cases and counts somebody may see, and what of the things on loan is theirs."""

from django.db.models import Q
from django.utils import timezone

from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.teams.selectors.membership import team_of
from hardware.models import CasePhoto, DamageCase, Item, Loan, LoanPiece, StockTake


def case_for(visit: Visit, pk: int) -> DamageCase:
    """For the staff of a course that lends from there. Raises NotHere."""
    wanted = DamageCase.objects.filter(item__stockroom__courses__course=visit.course, pk=pk)
    found = wanted.select_related("item__product", "item__stockroom", "piece__loan__person", "piece__loan__team", "piece__loan__course").first()  # fmt: skip
    if found is None:
        raise NotHere("There is no such damage case in the stock of this course.")
    return found


def case_photo_for(visit: Visit, pk: int) -> CasePhoto:
    """For the staff of a course that lends from there, and for whoever had the thing on loan when it happened. Raises NotHere."""
    wanted = CasePhoto.objects.filter(case__item__stockroom__courses__course=visit.course, pk=pk)
    if not visit.is_staff:
        wanted = wanted.filter(case__piece__loan__in=Loan.objects.visible_to(visit))
    found = wanted.first()
    if found is None:
        raise NotHere("There is no such photo.")
    return found


def take_for(visit: Visit, pk: int) -> StockTake:
    """Raises NotHere."""
    found = StockTake.objects.filter(stockroom__courses__course=visit.course, pk=pk).select_related("stockroom").first()
    if found is None:
        raise NotHere("There is no such count in the stock of this course.")
    return found


def piece_held(visit: Visit, item: Item) -> LoanPiece | None:
    """The piece by which the visitor, or the team they are in now, has this item; None where they do not have it."""
    team = team_of(visit.course, visit.person, timezone.now())
    theirs = Q(loan__person=visit.person) | (Q(loan__team=team) if team else Q(pk=None))
    found = LoanPiece.objects.filter(theirs, item=item, back_at=None, loan__course=visit.course)
    return found.select_related("loan").first()
