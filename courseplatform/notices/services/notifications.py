"""Telling people something, once each."""

from collections.abc import Iterable

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from courseplatform.notices.models.notifications import Notification


def notification_send(
    *, course: Course | None, people: Iterable[User], kind: str, key: str, title: str, text: str = "", path: str = ""
) -> None:
    """Tell each of `people`, in the transaction of the caller. The same `key` again tells nobody twice.

    Args:
        kind: what a person can switch the mail off for: one of `kinds.KINDS`.
        key: names the event for ever ("session-12-moved-3"), at most 160 characters.
        title: a sentence without a full stop. text: Markdown. path: where it is looked at, from the site's root.
    """
    rows = [
        Notification(course=course, person=person, kind=kind, key=key, title=title[:200], text=text, path=path)
        for person in people
    ]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
