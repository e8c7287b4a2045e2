"""What is set right of the rooms below, once a site was restored."""

from typing import Any

from django.contrib.sessions.models import Session
from django.utils import timezone

from courseplatform.accounts.models import SignedIn
from courseplatform.core.states import move
from courseplatform.keeping.models import MOVES, Backup, BackupStatus
from courseplatform.keeping.sets.manifest import Manifest
from courseplatform.uploads.models import MOVES as UPLOAD_MOVES
from courseplatform.uploads.models import Status, Upload, UploadMove


def sessions_dropped(manifest: Manifest) -> str:
    """Who signed out since the backup is not signed in again by it."""
    count = SignedIn.objects.count()
    Session.objects.all().delete()
    SignedIn.objects.all().delete()
    return f"{count} browsers are signed out." if count else ""


def uploads_ended(manifest: Manifest) -> str:
    """The bytes of a file on its way are in no set. Nothing of it was handed in yet; it is sent once more."""
    found = list(Upload.objects.open())
    for upload in found:
        move(upload, moves=UPLOAD_MOVES, to=Status.EXPIRED, by="restore", why="The site was restored from a backup.", history=UploadMove)  # fmt: skip
    return f"{len(found)} uploads on their way have ended; they are sent once more." if found else ""


def backups_settled(manifest: Manifest) -> str:
    """The row of the very backup says in its own copy that it is being made."""
    now = timezone.now()
    for row in Backup.objects.filter(status=BackupStatus.RUNNING):
        if row.name == manifest.name:
            facts: dict[str, Any] = {
                "files": len(manifest.files),
                "all_bytes": manifest.all_bytes,
                "missing": len(manifest.missing),
            }
            move(row, moves=MOVES, to=BackupStatus.DONE, by="restore", ended_at=now, **facts)
        else:
            said = "The site was restored while this was being made."
            move(row, moves=MOVES, to=BackupStatus.FAILED, by="restore", ended_at=now, error_code="restored", error_message=said)  # fmt: skip
    return ""
