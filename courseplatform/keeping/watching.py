"""Telling operators that no backup was made for too long, or that the last try failed."""

from datetime import datetime

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.keeping.selectors import last_backup
from courseplatform.notices.services.notifications import notification_send


def backups_watch(*, now: datetime | None = None) -> bool:
    """Once a day at most, and once for each try that failed. Whether something is wrong."""
    now = now or timezone.now()
    found = last_backup(now=now)
    operators = User.objects.filter(is_operator=True, is_active=True)
    if found.failed is not None:
        notification_send(
            course=None, people=operators, kind="account", key=f"backup-failed-{found.failed.pk}", title="A backup failed",
            text=f"{found.failed.error_message} ({found.failed.error_code}) Earlier sets are whole. Where: {found.failed.place}",
        )  # fmt: skip
    if found.is_overdue:
        age = f"The newest is {numbers.span(found.age)} old." if found.age is not None else "There is none at all."
        notification_send(
            course=None, people=operators, kind="account", key=f"backup-overdue-{now:%Y-%m-%d}", title="No backup was made for too long",
            text=f"{age} Look whether the job that calls manage.py backup runs, and whether its disk is full.",
        )  # fmt: skip
    return found.is_overdue or found.failed is not None
