"""The count beside the person's name, on every page."""

from functools import cache
from typing import Any

from django.http import HttpRequest

from courseplatform.core.audience import known_person
from courseplatform.core.prepared import Prepared
from courseplatform.notices.models.notifications import Notification

MOST_COUNTED = 100


def unread_notices(request: HttpRequest) -> dict[str, Any]:
    """`unread_notices`: how many, counted when a template asks, and once for all its places. Visitors and answers without the menu cost no query."""
    person = known_person(request)
    if person is None:
        return {"unread_notices": 0}
    return {"unread_notices": cache(lambda: _count(person.pk))}


UNREAD = Prepared(
    lambda person: Notification.objects.unread().filter(person=person).order_by().only("pk")[:MOST_COUNTED], person=int
)


def _count(person: int) -> int:
    return len(UNREAD(person=person))
