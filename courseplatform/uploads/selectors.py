"""Uploads as their owner sees them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from courseplatform.accounts.models import User
from courseplatform.core.errors import NotHere
from courseplatform.uploads.models import Upload


def upload_get(*, person: User, upload_id: UUID) -> Upload:
    """Raises NotHere, also where it is somebody else's."""
    found = Upload.objects.of(person).select_related("person").filter(pk=upload_id).first()
    if found is None:
        raise NotHere("There is no such upload, or it is not yours.")
    return found


def uploads_open(*, person: User, purpose: str, target: str, now: datetime) -> list[dict[str, Any]]:
    """What this person has sent in part, or sent and not used: newest first, at most what one person may keep. One query."""
    found = Upload.objects.of(person).open().filter(purpose=purpose, target=target, expires_at__gt=now)
    return [
        {
            "id": str(upload.pk), "file_name": upload.file_name, "size_bytes": upload.size_bytes, "offset_bytes": upload.offset_bytes,
            "status": upload.status, "declared_sha256": upload.declared_sha256, "sha256": upload.sha256,
            "created_at": upload.created_at.isoformat(), "expires_at": upload.expires_at.isoformat(),
        }
        for upload in found
    ]  # fmt: skip
