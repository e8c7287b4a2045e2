"""Unfinished uploads as multipart uploads of an S3-compatible store, in the same bucket as the files they become.

Parts have one size (PART_BYTES; some stores insist on it). What is left of a chunk beyond whole parts waits as a small object, the tail,
whose place is named in the row: {"upload": id, "parts": [[etag, bytes], ...], "tail": {"key": ..., "bytes": ...}}. A part that an overtaken writer
wrote late has another ETag than the row holds, and the store then refuses to complete: nothing wrong is ever recorded.
"""

import hashlib
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import boto3
import structlog
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from courseplatform.core.errors import Unavailable
from courseplatform.uploads.spools.base import State
from courseplatform.uploads.spools.local import our_disk, probe_folder

log = structlog.get_logger(__name__)
PART_BYTES = 8 << 20  # a store takes no smaller one than 5 MiB, but for the last
PREFIX, HEALTH = "uploads/", "health"
MISSING = {"404", "NoSuchKey", "NoSuchUpload", "NotFound"}


def object_key(key: UUID) -> str:
    return f"{PREFIX}{key}/file"


@contextmanager
def our_store(*, is_told: bool = True) -> Iterator[None]:
    """A store that is away is our fault, and is said so. is_told: in a line of the log; off where whoever asked writes one."""
    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error) as error:
        if is_told:
            log.error("upload_not_stored", why=str(error)[:300])  # noqa: TRY400 the reason is one line
        said = "Our storage cannot take or give the file now; it is not your fault, and what arrived stays. Try again soon."
        raise Unavailable(said, code="storage_failed") from error


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _client(**timing: Any) -> Any:
    found: dict[str, str] = settings.S3 or {}
    return boto3.client(
        "s3", endpoint_url=found["endpoint"] or None, region_name=found["region"], aws_access_key_id=found["key_id"],
        aws_secret_access_key=found["secret"], config=Config(signature_version="s3v4", **timing),
    )  # fmt: skip


class S3Spool:
    piece_bytes = PART_BYTES

    def __init__(self) -> None:
        self.bucket = (settings.S3 or {})["bucket"]
        # Clients of boto3 may be shared between threads.
        self.client = _client(connect_timeout=5, read_timeout=60, retries={"max_attempts": 3})
        self.hasty = _client(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})

    def check_room(self, size_bytes: int) -> None:
        """A store is never full."""

    @contextmanager
    def locked(self, key: UUID) -> Iterator[None]:
        yield  # no lock there; the ETags in the row do it

    def write(self, key: UUID, offset: int, data: bytes, state: State) -> State:
        with our_store():
            upload = state.get("upload") or self._begin(key)
            parts, tail = list(state.get("parts", [])), state.get("tail")
            waiting = (self._get(tail["key"]) if tail else b"") + data
            while len(waiting) >= PART_BYTES:
                parts.append(self._part(key, upload, len(parts) + 1, waiting[:PART_BYTES]))
                waiting = waiting[PART_BYTES:]
            new_tail = self._tail(key, waiting) if waiting else None
        return {"upload": upload, "parts": parts, "tail": new_tail}

    def _begin(self, key: UUID) -> str:
        found = self.client.create_multipart_upload(
            Bucket=self.bucket, Key=object_key(key), ContentType="application/octet-stream"
        )
        return str(found["UploadId"])

    def _part(self, key: UUID, upload: str, number: int, data: bytes) -> list[Any]:
        found = self.client.upload_part(
            Bucket=self.bucket, Key=object_key(key), UploadId=upload, PartNumber=number, Body=data
        )
        return [found["ETag"], len(data)]

    def _tail(self, key: UUID, data: bytes) -> dict[str, Any]:
        """Each under a name of its own: the one in the row stays readable until the row names the next."""
        name = f"{PREFIX}{key}/tail-{secrets.token_hex(8)}"
        self.client.put_object(Bucket=self.bucket, Key=name, Body=data)
        return {"key": name, "bytes": len(data)}

    def _get(self, name: str) -> bytes:
        return bytes(self.client.get_object(Bucket=self.bucket, Key=name)["Body"].read())

    def finish(self, key: UUID, size_bytes: int, state: State) -> str:
        with our_store():
            if self._size(key) != size_bytes:
                parts = list(state.get("parts", []))
                if tail := state.get("tail"):
                    parts.append(self._part(key, state["upload"], len(parts) + 1, self._get(tail["key"])))
                listed = [{"PartNumber": number, "ETag": etag} for number, (etag, _) in enumerate(parts, 1)]
                self.client.complete_multipart_upload(
                    Bucket=self.bucket, Key=object_key(key), UploadId=state["upload"], MultipartUpload={"Parts": listed}
                )
            digest = hashlib.sha256()
            body = self.client.get_object(Bucket=self.bucket, Key=object_key(key))["Body"]
            for piece in body.iter_chunks(1 << 20):
                digest.update(piece)
        return digest.hexdigest()

    def _size(self, key: UUID) -> int:
        """-1 while it is not one object yet."""
        try:
            return int(self.client.head_object(Bucket=self.bucket, Key=object_key(key))["ContentLength"])
        except ClientError as error:
            if code_of(error) in MISSING:
                return -1
            raise

    @contextmanager
    def opened(self, key: UUID) -> Iterator[Path]:
        """A copy on our disk, for those who look into it; the store copies by itself to where the file stays (s3_storage.py)."""
        with our_disk():
            folder = Path(settings.INCOMING_DIR)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            copy = tempfile.NamedTemporaryFile(suffix=".upload", dir=folder, delete=False)  # noqa: SIM115
            copy.close()
        path = Path(copy.name)
        try:
            with our_disk(), our_store():
                self.client.download_file(self.bucket, object_key(key), str(path))
            yield path
        finally:
            path.unlink(missing_ok=True)

    def discard(self, key: UUID, state: State) -> None:
        with our_store():
            for found in self._unfinished(f"{PREFIX}{key}/"):
                self.client.abort_multipart_upload(Bucket=self.bucket, Key=found["Key"], UploadId=found["UploadId"])
            for name in self.names(f"{PREFIX}{key}/"):
                self.client.delete_object(Bucket=self.bucket, Key=name)

    def _unfinished(self, prefix: str) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=prefix)
        return [found for page in pages for found in page.get("Uploads", [])]

    def names(self, prefix: str) -> list[str]:
        """Of all objects whose name begins so."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [str(found["Key"]) for page in pages for found in page.get("Contents", [])]

    def prepare(self) -> bool:
        """Make the bucket where it is not there. Returns whether it was made. Raises Unavailable."""
        with our_store():
            try:
                self.client.head_bucket(Bucket=self.bucket)
                return False
            except ClientError as error:
                if code_of(error) not in {*MISSING, "NoSuchBucket"}:
                    raise
            self.client.create_bucket(Bucket=self.bucket)
        return True

    def probe(self) -> None:
        """Also the disk on which copies are looked into. A store that does not answer at once is away: whoever asks for health waits.

        One name for all who ask: what one leaves that is killed in between, the next one removes.
        """
        probe_folder(Path(settings.INCOMING_DIR))
        with our_store():
            self.hasty.put_object(Bucket=self.bucket, Key=HEALTH, Body=b"ok")
            self.hasty.delete_object(Bucket=self.bucket, Key=HEALTH)

    def keys(self) -> Iterator[UUID]:
        with our_store(is_told=False):
            names = {*self.names(PREFIX), *(str(found["Key"]) for found in self._unfinished(PREFIX))}
        for name in {name.removeprefix(PREFIX).split("/", 1)[0] for name in names}:
            try:
                yield UUID(name)
            except ValueError:
                continue  # not ours
