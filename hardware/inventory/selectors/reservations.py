"""Reservations as those see them who asked, and as the staff answer them."""

from django.db.models import Q, QuerySet
from django.utils import timezone

from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.teams.models import Membership
from hardware.models import Reservation


def reservations_of(visit: Visit) -> "QuerySet[Reservation]":
    """Staff see every one of the course; others their own, and those of the team they are in now."""
    rows = Reservation.objects.filter(course=visit.course)
    rows = rows.select_related("stockroom", "course", "person", "team__course", "made_by", "product", "item", "kit")
    if visit.is_staff:
        return rows
    mine = Membership.objects.at(timezone.now()).filter(course=visit.course, person=visit.person)
    return rows.filter(Q(person=visit.person) | Q(team__in=mine.values("team")))


def reservation_for(visit: Visit, pk: int) -> Reservation:
    """Raises NotHere."""
    found = reservations_of(visit).filter(pk=pk).first()
    if found is None:
        raise NotHere("There is no such reservation, or it is not yours.")
    return found
