"""What the status page reads of the notices: mails that wait, and a mail server that refuses."""

from datetime import datetime

from django.db.models import Count, Min, Q
from django.utils import timezone

from courseplatform.core import numbers
from courseplatform.core.lines import LineNow, add_line
from courseplatform.notices.models.notifications import Notification
from courseplatform.status.hooks import registry
from courseplatform.status.rules import Rule

SLOW_AFTER_S = 300.0


def register() -> None:
    add_line("mail", mail_line)
    registry.result_in["mail"] = lambda now: "under 1 min"
    registry.add_probe("mails_refused_count", mails_refused_count)
    registry.add_rule(
        Rule("mail_refused", "mails_refused_count", "The mail server refused mails", 1, 1,
             now="Mail is late: the mail server refuses it", opens_after_s=60, closes_after_s=60,
             says=lambda worst: f"{numbers.count(worst)} waited and are sent again with growing pauses. None is lost; the page Notifications shows them.",
             shown=numbers.count)
    )  # fmt: skip


def mail_line() -> LineNow:
    """Mails that are due, also those that were refused and wait for their next try. One query."""
    now = timezone.now()
    due = Notification.objects.waiting_for_mail().filter(mail_after__lte=now)
    refused = Notification.objects.waiting_for_mail().filter(mail_after__gt=now, mail_tries__gt=0)
    found = (due | refused).aggregate(
        waiting=Count("pk"),
        due=Min("mail_after", filter=Q(mail_tries=0)),
        made=Min("made_at", filter=Q(mail_tries__gt=0)),
    )
    since = min((one for one in (found["due"], found["made"]) if one is not None), default=None)
    oldest_s = None if since is None else (now - since).total_seconds()
    return LineNow("mail", "Mail", found["waiting"], oldest_s, 0, SLOW_AFTER_S)


def mails_refused_count(now: datetime) -> float:
    """Mails that were tried and not taken."""
    return float(Notification.objects.waiting_for_mail().filter(mail_tries__gt=0).count())
