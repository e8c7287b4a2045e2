"""What operators hold back: re-runs, or all measuring. The row is read before each lease; what is being measured goes on to its end."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from hardware.models import LineHold


def held_now() -> frozenset[str]:
    """What is held back. One query."""
    return frozenset(LineHold.objects.values_list("what", flat=True))


@transaction.atomic
def hold(what: LineHold.What, *, by: str, now: datetime | None = None) -> None:
    """Doing it twice changes nothing."""
    LineHold.objects.get_or_create(what=what, defaults={"by": by[:120], "since": now or timezone.now()})


@transaction.atomic
def let_go(what: LineHold.What) -> None:
    """Workers look every few seconds, and the sweep wakes them."""
    LineHold.objects.filter(what=what).delete()
