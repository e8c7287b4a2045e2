"""A course begins to lend: from a stockroom of its own, or from one that another term has already."""

import re

from django.db import IntegrityError, transaction

from courseplatform.core.errors import BadInput, Conflict, NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import ScheduleChange
from hardware.inventory.access import rooms_to_join
from hardware.models import Stockroom, StockroomCourse

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
