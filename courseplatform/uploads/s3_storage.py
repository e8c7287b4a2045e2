"""MEDIA in an S3-compatible store; imported only where one is configured."""

from typing import Any

from botocore.config import Config
from storages.backends.s3 import S3Storage

from courseplatform.uploads.services.taking import TakenUpload
from courseplatform.uploads.spools.s3 import S3Spool, object_key, our_store


class MediaStorage(S3Storage):  # type: ignore[misc]
    """Files below media/ of the bucket. An upload that lies in the same bucket is copied there by the store; nothing travels.

    Whatever the store cannot do now is Unavailable (`storage_failed`): our fault, and of the moment.
    """

    def __init__(self, **options: Any) -> None:
        # Without limits a store that has gone away holds a worker for minutes.
        config = Config(signature_version="s3v4", connect_timeout=5, read_timeout=60, retries={"max_attempts": 3})
        super().__init__(**{"client_config": config} | options)

    def _open(self, name: str, mode: str = "rb") -> Any:
        """Raises FileNotFoundError, Unavailable."""
        with our_store():
            found = super()._open(name, mode)
            _ = found.file  # fetched now, and not when somebody reads it who knows nothing of stores
        return found

    def exists(self, name: str) -> bool:
        """Raises Unavailable."""
        with our_store():
            return bool(super().exists(name))

    def size(self, name: str) -> int:
        """Raises FileNotFoundError, Unavailable."""
        with our_store():
            return int(super().size(name))

    def delete(self, name: str) -> None:
        """Raises Unavailable."""
        with our_store():
            super().delete(name)

    def _save(self, name: str, content: Any) -> str:
        if not isinstance(content, TakenUpload):
            with our_store():
                return str(super()._save(name, content))
        spool = S3Spool()
        with our_store():
            spool.client.copy_object(
                Bucket=self.bucket_name, Key=self._normalize_name(name),
                CopySource={"Bucket": spool.bucket, "Key": object_key(content.spool_key)},
            )  # fmt: skip
        return name
