"""What a person reads about being told: the list, unread first, and the choices of mail."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import Case, IntegerField, Value, When
from django.urls import reverse

from courseplatform.accounts.models import User
from courseplatform.notices.kinds import KINDS, MailChoice
from courseplatform.notices.models.notifications import MailPreference, Notification
from courseplatform.notices.selectors.announcements import excerpt

PER_PAGE = 30
MOST_PAGES = 1000
LONG = 240  # characters; the whole text is read where it belongs


@dataclass(frozen=True)
class Page:
    rows: list[dict[str, Any]]
    number: int
    has_more: bool
    only_unread: bool


def page_number(text: str) -> int:
    """The page that an address asks for; nonsense is the first."""
    return min(max(int(text), 1), MOST_PAGES) if text.isdecimal() and len(text) < 8 else 1


def notification_page(person: User, *, number: int, only_unread: bool) -> Page:
    """Unread first, then newest first; PER_PAGE of them. Two queries with the course."""
    mine = Notification.objects.filter(person=person).select_related("course")
    if only_unread:
        mine = mine.unread()
    is_read = Case(When(read_at__isnull=True, then=Value(0)), default=Value(1), output_field=IntegerField())
    first = (number - 1) * PER_PAGE
    found = list(mine.order_by(is_read, "-made_at", "-pk")[first : first + PER_PAGE + 1])
    return Page([_row(item) for item in found[:PER_PAGE]], number, len(found) > PER_PAGE, only_unread)


@cache
def _way(name: str) -> str:
    """Of the address of a row's button: all are made of one, for thirty of them take longer than the rows."""
    return reverse(f"notifications:{name}", args=[0])


def _row(item: Notification) -> dict[str, Any]:
    kind = KINDS.get(item.kind)
    return {
        "open_url": _way("open").replace("/0/", f"/{item.pk}/"),
        "read_url": _way("read").replace("/0/", f"/{item.pk}/"),
        "title": item.title,
        "kind": kind.label if kind else item.kind,
        "course": item.course.number or item.course.title if item.course else "",
        "made_at": item.made_at,
        "is_unread": item.read_at is None,
        "has_path": bool(item.path),
        "excerpt": excerpt(item.text, LONG) if item.text else "",
    }


def preference_rows(person: User) -> list[dict[str, Any]]:
    """Each kind with its explanation and what holds for it."""
    chosen = dict(MailPreference.objects.filter(person=person).values_list("kind", "choice"))
    return [
        {
            "name": kind.name, "label": kind.label, "explanation": kind.explanation, "is_fixed": kind.is_fixed,
            "choices": [
                {"value": choice.value, "label": choice.label, "chosen": choice == chosen.get(kind.name, kind.default)}
                for choice in MailChoice
            ],
        }
        for kind in KINDS.values()
    ]  # fmt: skip


def mail_problem(person: User) -> str:
    """What the mail server said about this person's address, when the newest mail that was tried could not be sent."""
    tried = Notification.objects.filter(person=person).exclude(mail_tries=0, mailed_at=None).order_by("-made_at")
    newest = tried.first()
    return newest.mail_problem if newest and newest.mailed_at is None else ""
