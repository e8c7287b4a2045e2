"""A course begins to lend, from a stockroom of its own or from one that another term has already, and ends it."""

import re

from django.db import IntegrityError, transaction

from courseplatform.core.errors import BadInput, Conflict, NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import ScheduleChange
from hardware.inventory.access import rooms_to_join
from hardware.inventory.ledger import stockroom_locked
from hardware.inventory.lending.eligibility import Borrower
from hardware.inventory.lending.wishes import thing_words
from hardware.inventory.services.items import listed
from hardware.models import RESERVATION_OPEN, Loan, Reservation, Stockroom, StockroomCourse

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,22}[a-z0-9])?")
HAS_ONE = "This course lends from a stockroom already."


def stockroom_create(*, visit: Visit, slug: str, name: str) -> Stockroom:
    """Raises BadInput (`bad_slug`, `no_name`), Conflict (`slug_taken`, `has_stockroom`)."""
    slug, name = slug.strip().lower(), " ".join(name.split())[:80]
    if not SLUG.fullmatch(slug):
        raise BadInput("A short name has small letters, digits and hyphens, at most 24: odml.", code="bad_slug")
    if not name:
        raise BadInput("The stockroom needs a name, as people in the course call it.", code="no_name")
    if Stockroom.objects.filter(slug=slug).exists():
        raise Conflict(
            f"{slug} is the short name of another stockroom of this site. Choose another.", code="slug_taken"
        )
    with transaction.atomic():
        return _joined(visit, Stockroom.objects.create(slug=slug, name=name))


def stockroom_join(*, visit: Visit, stockroom: int) -> Stockroom:
    """Lend from a stockroom of another course in which the person is an instructor. Raises NotHere, Conflict (`has_stockroom`)."""
    found = next((room for room in rooms_to_join(visit.person) if room.pk == stockroom), None)
    if found is None:
        raise NotHere("There is no such stockroom, or you are not an instructor of a course that lends from it.")
    return _joined(visit, found)


def _joined(visit: Visit, stockroom: Stockroom) -> Stockroom:
    try:
        with transaction.atomic():
            StockroomCourse.objects.create(stockroom=stockroom, course=visit.course)
            said = f"The course lends from the stockroom {stockroom.name}."
            ScheduleChange.objects.create(course=visit.course, by=visit.by, sentence=said)
    except IntegrityError as error:  # two instructors, or two tabs
        raise Conflict(HAS_ONE, code="has_stockroom") from error
    return stockroom


def stockroom_leave(*, visit: Visit) -> None:
    """The course lends from its stockroom no more; the stockroom stays with the other courses. One that is empty goes with its last course.

    Raises Conflict (`still_out`, `still_asked`, `last_course`), NotHere (`no_stockroom`).
    """
    with transaction.atomic():
        stockroom = stockroom_locked(visit)
        check_may_leave(visit, stockroom)
        StockroomCourse.objects.get(course=visit.course).delete()
        said = f"The course lends from the stockroom {stockroom.name} no more."
        ScheduleChange.objects.create(course=visit.course, by=visit.by, sentence=said)
        if not stockroom.courses.exists():
            stockroom.delete()


def check_may_leave(visit: Visit, stockroom: Stockroom) -> None:
    """Raises Conflict (`still_out`, `still_asked`, `last_course`)."""
    loans = Loan.objects.filter(course=visit.course, stockroom=stockroom).open().select_related("team", "person")
    who = list(dict.fromkeys(Borrower.of(loan).words for loan in loans.order_by("due_at", "pk")))
    if who:
        raise Conflict(
            f"Something is out through this course: with {listed(who)}. Take it back first.", code="still_out"
        )
    asked = Reservation.objects.filter(course=visit.course, stockroom=stockroom, status__in=RESERVATION_OPEN)
    asks = [
        f"{thing_words(row)} for {Borrower.of(row).words}"
        for row in asked.select_related("team", "person", "product", "item", "kit")
    ]
    if asks:
        raise Conflict(f"Reserved or asked for through this course: {listed(asks)}. Decline or cancel first.", code="still_asked")  # fmt: skip
    others = stockroom.courses.exclude(course=visit.course)
    if not others.exists() and (stockroom.products.exists() or stockroom.kits.exists()):
        raise Conflict(
            f"No other course lends from {stockroom.name}, so nobody could reach what stands there. Join the next course to it first, on the page "
            "that sets its stock up.", code="last_course",
        )  # fmt: skip
