"""What the notices tell Prometheus: mails that are due and have not left."""

from collections.abc import Iterable

from django.db.models import Count, Min, Q
from django.utils import timezone

from courseplatform.metrics.sources import Family, add_source, value
from courseplatform.notices.models.notifications import Notification


def mails() -> Iterable[Family]:
    """One query over what is due; the index holds nothing else. A mail that failed is due again later, and counts by its tries."""
    now = timezone.now()
    waiting = Notification.objects.waiting_for_mail().aggregate(
        due=Count("pk", filter=Q(mail_after__lte=now)),
        oldest=Min("mail_after", filter=Q(mail_after__lte=now)),
        failing=Count("pk", filter=Q(mail_tries__gt=0)),
    )
    oldest_s = (now - waiting["oldest"]).total_seconds() if waiting["oldest"] else 0.0
    yield value("milliamp_mails_due", "Mails that could be sent now.", waiting["due"])
    yield value("milliamp_mails_oldest_due_seconds", "For how long the oldest of them is due.", oldest_s)
    yield value(
        "milliamp_mails_failing",
        "Mails that the mail server did not take and that are tried again.",
        waiting["failing"],
    )


def given_up() -> Iterable[Family]:
    """Mails that nobody tries any more. The whole table is looked through, so seldom."""
    lost = Notification.objects.filter(mailed_at__isnull=True, mail_after__isnull=True).exclude(mail_problem="").count()
    yield value("milliamp_mails_given_up", "Mails that were given up; the notification stands on the site.", lost)


def register() -> None:
    add_source("mails", mails)
    add_source("mails_given_up", given_up, keep_s=60)
