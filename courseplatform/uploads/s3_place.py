"""Files below a prefix of the bucket as a place; see core/file_places.py."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from botocore.exceptions import ClientError

from courseplatform.uploads.spools.s3 import MISSING, S3Spool, code_of, our_store


class Bucket:
    """Each call raises Unavailable (`storage_failed`) where the store is away."""

    def __init__(self, prefix: str) -> None:
        """prefix: with a slash at its end."""
        spool = S3Spool()
        self.client, self.bucket, self.prefix = spool.client, spool.bucket, prefix

    def listing(self) -> dict[str, str]:
        with our_store():
            return dict(self._pages())

    def _pages(self) -> Iterator[tuple[str, str]]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        for page in pages:
            for found in page.get("Contents", []):
                yield found["Key"].removeprefix(self.prefix), f"{found['Size']}-{found['ETag'].strip(chr(34))}"

    def open(self, name: str) -> BinaryIO:
        """A copy on this disk, which is gone when it is closed: a stream that breaks in the middle is tried again by the client."""
        held = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 the caller closes it
        try:
            with our_store():
                self.client.download_fileobj(self.bucket, self.prefix + name, held)
        except BaseException as error:
            held.close()
            cause = error.__cause__
            if isinstance(cause, ClientError) and code_of(cause) in MISSING:
                raise FileNotFoundError(name) from error
            raise
        held.seek(0)
        return held

    def put(self, name: str, source: Path) -> None:
        with our_store():
            self.client.upload_file(str(source), self.bucket, self.prefix + name)

    def tidy(self) -> None:
        """A store shows nothing of an upload that has not come to its end."""

    def delete(self, name: str) -> None:
        with our_store():
            self.client.delete_object(Bucket=self.bucket, Key=self.prefix + name)
