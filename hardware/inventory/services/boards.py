"""What the runner on a board says of its health. The other half of the door is hardware/inventory/serving.py."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from courseplatform.courses.models import Course
from hardware.inventory.ledger import Ledger, stockroom_row_locked
from hardware.inventory.services.cases import case_write
from hardware.inventory.serving import piece_out
from hardware.models import BoardSign, Item, Stockroom

FAILURES = 3  # in a row, before a person has to look


def board_checked(*, item: Item, is_well: bool, said: str, by: str, now: datetime | None = None) -> BoardSign:
    """Keep what a health check found. The third failure in a row opens a damage case; a good check begins anew.

    Args:
        said: what the check found, in a few words. by: the runner, as history names it ("runner pi4-01").
    """
    now, said = now or timezone.now(), " ".join(said.replace("\x00", "").split())[:200]
    with transaction.atomic():
        stockroom = stockroom_row_locked(item.stockroom_id)
        row = Item.objects.select_related("product").get(pk=item.pk)
        sign = BoardSign.objects.filter(item=row).first() or BoardSign(item=row)
        sign.failed_in_row = 0 if is_well else sign.failed_in_row + 1
        sign.checked_at, sign.said = now, said
        sign.save()
        if sign.failed_in_row == FAILURES and row.status != Item.Status.RETIRED:
            ledger = Ledger(stockroom, by)
            what = f"The runner failed {FAILURES} health checks in a row: {said or 'it did not say why'}"
            case_write(ledger, row, what, piece=piece_out(row), courses=_courses_now(stockroom, now))
            ledger.save()
    return sign


def _courses_now(stockroom: Stockroom, now: datetime) -> list[Course]:
    """Whose staff have to know: courses that lend from there and are not over."""
    found = Course.objects.filter(stockroom_link__stockroom=stockroom)
    return list(found.filter(Q(ends_on=None) | Q(ends_on__gte=now.date())))
