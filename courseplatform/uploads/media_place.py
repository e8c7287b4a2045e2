"""Places on this disk, or in the S3-compatible store that the settings name."""

from pathlib import Path

from django.conf import settings

from courseplatform.core.file_places import Folder, Store


def media_store() -> Store:
    """The files of rows."""
    return store_of(Path(settings.MEDIA_ROOT))


def store_of(folder: Path) -> Store:
    """A folder of this disk; where a store is configured, what lies below the folder's name in its bucket."""
    if not settings.S3:
        return Folder(folder)
    from courseplatform.uploads.s3_place import Bucket  # boto3 is imported only where a store is configured

    return Bucket(f"{folder.name}/")
