"""MEDIA in an S3-compatible store; imported only where one is configured."""

from typing import Any

from storages.backends.s3 import S3Storage

from courseplatform.uploads.services.taking import TakenUpload
from courseplatform.uploads.spools.s3 import S3Spool, object_key, our_store


class MediaStorage(S3Storage):  # type: ignore[misc]
    """Files below media/ of the bucket. An upload that lies in the same bucket is copied there by the store; nothing travels."""

    def _save(self, name: str, content: Any) -> str:
        if not isinstance(content, TakenUpload):
            return str(super()._save(name, content))
        spool = S3Spool()
        with our_store():
            spool.client.copy_object(
                Bucket=self.bucket_name, Key=self._normalize_name(name),
                CopySource={"Bucket": spool.bucket, "Key": object_key(content.spool_key)},
            )  # fmt: skip
        return name
