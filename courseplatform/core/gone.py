"""Files that were deleted on purpose while their rows stay: whoever asks for one hears when it was deleted and why."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Model
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from courseplatform.core.errors import AppError, NotHere
from courseplatform.core.leaving import file_leaves
from courseplatform.core.models import GoneFile

BY_POLICY = "under the retention policy of the course"
BY_REQUEST = "because the person whose it was asked for it"


class FileGone(AppError):
    http_status = 410
    default_code = "file_gone"
    title = "This file was deleted"


def files_go(rows: Sequence[Model], field: str, *, why: str, now: datetime) -> None:
    """Take the file from each row and let it leave, in the transaction of the caller. Rows of one model; those without a file are passed over."""
    held = [row for row in rows if getattr(row, field)]
    if not held:
        return
    model = type(held[0])
    for name in sorted({str(getattr(row, field).name) for row in held}):
        file_leaves(name)
    model._base_manager.filter(pk__in=[row.pk for row in held]).update(**{field: ""})
    GoneFile.objects.bulk_create(
        [GoneFile(model=model._meta.label, key=str(row.pk), field=field, at=now, why=why) for row in held],
        ignore_conflicts=True, batch_size=200,
    )  # fmt: skip


def check_kept(file: FieldFile) -> None:
    """Raises FileGone where this file was deleted on purpose."""
    if said := gone_words(file):
        raise FileGone(said)


def check_there(file: FieldFile) -> None:
    """Raises as `check_kept`, and NotHere where the row never had a file."""
    check_kept(file)
    if not file:
        raise NotHere("No file is here.")


def gone_words(file: FieldFile) -> str:
    """When and why the file was deleted, as a sentence; empty while it is there, and where there never was one. One query where it is not there."""
    if file:
        return ""
    row = file.instance
    found = GoneFile.objects.filter(model=row._meta.label, key=str(row.pk), field=file.field.name).first()
    if found is None:
        return ""
    day = timezone.localtime(found.at)
    return f"This file was deleted on {day.day} {day:%B %Y} {found.why}. Results and grades that came of it are kept."
