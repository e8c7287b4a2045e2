"""Uploads as their owner sees them."""

from datetime import datetime
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


def uploads_open(*, person: User, now: datetime, purpose: str = "", target: str = "") -> list[Upload]:
    """What this person has sent in part, or sent and not used: newest first, at most what one person may keep. One query.

    Without a purpose or a target: whatever it is for.
    """
    found = Upload.objects.of(person).open().filter(expires_at__gt=now)
    if purpose:
        found = found.filter(purpose=purpose)
    return list(found.filter(target=target) if target else found)
