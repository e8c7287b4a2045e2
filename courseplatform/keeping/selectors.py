"""What status pages, metrics and alerts ask of backups."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from courseplatform.keeping.models import Backup, BackupStatus


@dataclass(frozen=True)
class LastBackup:
    """done: the newest set that was made. failed: the newest try that failed, where none was made since. age: of `done`."""

    done: Backup | None
    failed: Backup | None
    age: timedelta | None
    is_overdue: bool


def last_backup(*, now: datetime | None = None) -> LastBackup:
    """Two queries. is_overdue: BACKUP_EVERY_HOURS is set, and the newest set is older than that or there is none."""
    now = now or timezone.now()
    done = Backup.objects.filter(status=BackupStatus.DONE).order_by("-begun_at").first()
    failed = Backup.objects.filter(status=BackupStatus.FAILED).order_by("-begun_at").first()
    if done and failed and failed.begun_at < done.begun_at:
        failed = None
    age, most = now - done.begun_at if done else None, settings.BACKUP_EVERY_HOURS
    return LastBackup(done, failed, age, bool(most) and (age is None or age > timedelta(hours=most)))


def is_being_made() -> bool:
    return Backup.objects.alive(timezone.now()).exists()
