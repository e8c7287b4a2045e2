"""What a mail says, as text and as HTML, and how one stops it."""

from collections.abc import Sequence
from typing import Any

from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from courseplatform.core.addresses import absolute, site_host
from courseplatform.core.errors import NotHere
from courseplatform.core.mails import letter
from courseplatform.core.markdown import render_markdown, unescaped
from courseplatform.notices.kinds import KINDS, MailChoice
from courseplatform.notices.models.notifications import Notification

STOP_SALT = "notices.stop"
DIGEST = "digest"  # in a link: all kinds that come in the daily mail


def stop_key(person: int, kind: str) -> str:
    """What stands in the link that stops mails of a kind. It opens nothing else, and does not expire: mails are kept for years."""
    return signing.dumps([person, kind], salt=STOP_SALT)


def stop_key_read(key: str) -> tuple[int, str]:
    """(person, kind). Raises NotHere for a key that is none of ours."""
    try:
        person, kind = signing.loads(key, salt=STOP_SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise NotHere(
            "This link is not complete. Copy it from the mail once more, or sign in and open Notifications."
        ) from error
    return int(person), str(kind)


def message_of(rows: Sequence[Notification]) -> EmailMultiAlternatives:
    """One mail to one person: a single notification, or several as the daily mail."""
    first = rows[0]
    is_digest = first.mail == MailChoice.DIGEST
    kind = DIGEST if is_digest else first.kind
    template = "digest" if is_digest else "notification"
    context = _context(rows, kind)
    return letter(
        f"emails/notices/{template}",
        context,
        subject=_subject(rows, is_digest=is_digest),
        to=first.person.email,
        headers=_headers(first, kind, context["stop_url"]),
    )


def _subject(rows: Sequence[Notification], *, is_digest: bool) -> str:
    first = rows[0]
    if is_digest:
        if len(rows) == 1:
            return gettext("News: %(title)s") % {"title": first.title}
        number = len(rows)
        words = ngettext(
            "%(number)s piece of news from your courses", "%(number)s pieces of news from your courses", number
        )
        return words % {"number": number}
    about = (first.course.number or first.course.title) if first.course else "Milliamp"
    return f"[{' '.join(about.split())}] {first.title}"


def _context(rows: Sequence[Notification], kind: str) -> dict[str, Any]:
    first = rows[0]
    can_stop = kind == DIGEST or not KINDS[kind].is_fixed
    return {
        "person": first.person,
        "items": [_item(row) for row in rows],
        "label": gettext("the daily mail") if kind == DIGEST else KINDS[kind].label.lower(),
        "settings_url": absolute(reverse("notifications:settings")),
        "stop_url": absolute(reverse("notifications:stop", args=[stop_key(first.person_id, kind)])) if can_stop else "",
    }


def _item(row: Notification) -> dict[str, Any]:
    return {
        "title": row.title,
        "course": row.course.name if row.course else "",
        "text": unescaped(row.text.strip()),
        "html": _with_absolute_links(render_markdown(row.text)) if row.text.strip() else "",
        "url": absolute(row.path) if row.path else "",
    }


def _with_absolute_links(html: SafeString) -> SafeString:
    """A path of the site means nothing in a mail program."""
    return mark_safe(html.replace('href="/', f'href="{absolute("/")}'))  # noqa: S308 only our own address is added  # nosec B308, B703


def _headers(first: Notification, kind: str, stop_url: str) -> dict[str, str]:
    host = site_host()
    found = {
        "Message-ID": f"<{kind if kind == DIGEST else 'notification'}-{first.pk}@{host}>",
        "Auto-Submitted": "auto-generated",  # holiday replies stay at home
    }
    if first.course and kind != DIGEST:
        found["List-ID"] = f"<{first.course.slug}.{host}>"
    if stop_url:
        found |= {
            "List-Unsubscribe": f"<{stop_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }  # RFC 8058
    return found
