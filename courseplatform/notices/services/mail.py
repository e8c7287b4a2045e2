"""Mailing what is due. The row is the truth: taken by a conditional update, marked when the server has accepted.

A worker that dies in between leaves a row whose lease ends, and another mails it. Only a death in the instant between the server's yes
and our mark can send a mail a second time; its Message-ID is then the same, so that mail programs show it once. Times are those of the
database: a worker whose clock is ahead would else take what another one has in its hands.
"""

import smtplib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from courseplatform.accounts.models import User
from courseplatform.core.clock import shared_now
from courseplatform.notices import mails
from courseplatform.notices.kinds import MailChoice
from courseplatform.notices.models.notifications import Notification

LEASE = timedelta(minutes=5)  # longer than EMAIL_TIMEOUT lets one mail take
BATCH = 50
LONGEST_S = 15.0  # the worker has other duties, and its heartbeat is missed after 45 s
GIVE_UP_AFTER = timedelta(days=7)
PAUSES = tuple(timedelta(minutes=m) for m in (1, 2, 5, 15, 60, 180, 360))
log = structlog.get_logger(__name__)


@dataclass
class Mailed:
    sent: int = 0
    has_more: bool = False


def mail_due(*, now: datetime | None = None) -> Mailed:
    """Mail what is due, for a while. When the mail server is away the rest stays due, and the sweep comes again."""
    now, end, done = now or shared_now(), time.monotonic() + LONGEST_S, Mailed()
    connection = get_connection()
    try:
        for take in _due(now, done):
            if time.monotonic() > end:
                done.has_more = True
                break
            rows = take.claim(now)
            if not rows:
                continue  # another worker has it
            if not _deliver(connection, rows, now, done):
                done.has_more = False  # no wake-up: the server is away, and the sweep tries again in a while
                break
    finally:
        _hang_up(connection)
    return done


@dataclass(frozen=True)
class Take:
    """What becomes one mail: one row (its pk), or all of a person's daily mail (the person's)."""

    mail: MailChoice
    pk: int

    def claim(self, now: datetime) -> list[Notification]:
        """The rows, which are now ours for LEASE; empty when somebody was faster."""
        return _claim_row(self.pk, now) if self.mail == MailChoice.AT_ONCE else _claim_digest(self.pk, now)


def _due(now: datetime, done: Mailed) -> list[Take]:
    due = Notification.objects.waiting_for_mail().filter(mail_after__lte=now)
    rows = list(
        due.filter(mail=MailChoice.AT_ONCE).order_by("mail_after", "pk").values_list("pk", flat=True)[: BATCH + 1]
    )
    digests = (
        due.filter(mail=MailChoice.DIGEST).order_by("person").values_list("person", flat=True).distinct()[: BATCH + 1]
    )
    takes = [*(Take(MailChoice.AT_ONCE, row) for row in rows), *(Take(MailChoice.DIGEST, person) for person in digests)]
    done.has_more = len(rows) > BATCH or len(digests) > BATCH
    return takes[:BATCH] if done.has_more else takes


def _claim_row(row: int, now: datetime) -> list[Notification]:
    mine = Notification.objects.waiting_for_mail().filter(pk=row, mail_after__lte=now)
    if mine.update(mail_after=now + LEASE) != 1:
        return []
    return list(Notification.objects.filter(pk=row).select_related("person", "course"))


@transaction.atomic
def _claim_digest(person: int, now: datetime) -> list[Notification]:
    """The person's row is the lock: a digest is taken as a whole or not at all."""
    User.objects.select_for_update().get(pk=person)
    due = Notification.objects.waiting_for_mail().filter(person=person, mail=MailChoice.DIGEST, mail_after__lte=now)
    rows = list(due.select_related("person", "course").order_by("made_at", "pk"))
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(mail_after=now + LEASE)
    return rows


def _deliver(connection: BaseEmailBackend, rows: Sequence[Notification], now: datetime, done: Mailed) -> bool:
    """Send one mail and mark its rows. Returns False when the server is away, so that there is no sense in going on."""
    news = [
        row for row in rows if row.mail == MailChoice.AT_ONCE or row.read_at is None
    ]  # a digest repeats nothing read
    if not news or not rows[0].person.is_active:
        _mark(rows, mail_after=None)
        return True
    try:
        connection.open()
        connection.send_messages([mails.message_of(news)])
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        _failed(rows, now, error, for_ever=all(code >= 500 for code in codes))
        _hang_up(connection)
        return True
    except (smtplib.SMTPException, OSError) as error:
        _failed(rows, now, error, for_ever=False)
        return False
    except ValueError as error:  # a header or an address that can be no mail
        _failed(rows, now, error, for_ever=True)
        return True
    _mark(rows, mailed_at=shared_now(), mail_after=None, mail_problem="")
    done.sent += 1
    return True


def _failed(rows: Sequence[Notification], now: datetime, error: Exception, *, for_ever: bool) -> None:
    tries, oldest = rows[0].mail_tries + 1, min(row.made_at for row in rows)
    given_up = for_ever or now - oldest > GIVE_UP_AFTER
    again = None if given_up else now + PAUSES[min(tries, len(PAUSES)) - 1]
    _mark(rows, mail_after=again, mail_tries=min(tries, 999), mail_problem=f"{type(error).__name__}: {error}"[:200])
    log.warning("mail_failed", rows=[row.pk for row in rows], why=type(error).__name__, tries=tries, given_up=given_up)


def _mark(rows: Sequence[Notification], **changes: object) -> None:
    Notification.objects.filter(pk__in=[row.pk for row in rows], mailed_at=None).update(**changes)


def _hang_up(connection: BaseEmailBackend) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError) as error:
        log.warning("mail_hang_up", why=type(error).__name__)
