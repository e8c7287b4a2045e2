"""What the clock brings to loans. Every part may run twice and at once; two queries a part where there is nothing to do."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from courseplatform.courses.models import Course
from hardware.inventory.services.digest import digests_send
from hardware.inventory.services.due import due_refresh, reminders_send
from hardware.inventory.services.waiting import reservations_sweep
from hardware.models import RESERVATION_OPEN, Loan, Reservation


def run(now: datetime | None = None) -> dict[str, int]:
    """First the day of return, since reminders name it."""
    now = now or timezone.now()
    out = Loan.objects.filter(course=OuterRef("pk"), is_term=True, closed_at=None)
    wanted = Reservation.objects.filter(course=OuterRef("pk"), is_term=True, status__in=RESERVATION_OPEN)
    lending = Course.objects.filter(Q(Exists(out)) | Q(Exists(wanted)))
    return reservations_sweep(now=now) | {
        "moved": sum(due_refresh(course=course, now=now) for course in lending),
        "reminded": reminders_send(now=now),
        "digests": digests_send(now=now),
    }
