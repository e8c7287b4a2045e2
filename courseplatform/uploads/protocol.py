"""The headers of tus 1.0.0 (https://tus.io/protocols/resumable-upload), read strictly. No database, no views."""

import base64
import binascii
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from courseplatform.core.errors import BadInput
from courseplatform.uploads.errors import BadRequest, NoLength, OtherVersion, WrongType
from courseplatform.uploads.services.receiving import CHECKSUMS, Checksum

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
BODY = "application/offset+octet-stream"
MOST_METADATA = 4096  # characters of the header
MOST_DIGITS = 18
SHA256 = re.compile(r"[0-9a-f]{64}")
Headers = Mapping[str, str]


@dataclass(frozen=True)
class Announced:
    """What the POST says: of what size, named how, and for what."""

    size_bytes: int
    file_name: str
    purpose: str
    target: str
    declared_sha256: str


def check_version(headers: Headers) -> None:
    """Raises OtherVersion."""
    if headers.get("Tus-Resumable") != VERSION:
        raise OtherVersion(f"Uploads speak tus {VERSION}: send the header `Tus-Resumable: {VERSION}`.")


def announced(headers: Headers) -> Announced:
    """Raises BadRequest (`bad_upload_length`, `bad_metadata`) or BadInput (`bad_file_name`, `bad_sha256`)."""
    size_bytes = whole_number(headers, "Upload-Length")
    raw = headers.get("Upload-Metadata", "")
    found = metadata(raw)
    declared = found.get("sha256", "").lower()
    if declared and not SHA256.fullmatch(declared):
        raise BadInput("The declared `sha256` is not 64 hexadecimal digits.", code="bad_sha256")
    return Announced(
        size_bytes=size_bytes, file_name=file_name(found.get("filename", "")), purpose=found.get("purpose", ""),
        target=found.get("target", ""), declared_sha256=declared,
    )  # fmt: skip


def whole_number(headers: Headers, name: str) -> int:
    """Raises BadRequest; the code names the header: `bad_upload_length`, `bad_upload_offset`."""
    value = headers.get(name, "")
    if not (value.isascii() and value.isdecimal() and len(value) <= MOST_DIGITS):
        code = f"bad_{name.lower().replace('-', '_')}"
        raise BadRequest(f"`{name}` must be a whole number of bytes, 0 or more; it is {value[:40]!r}.", code=code)
    return int(value)


def metadata(raw: str) -> dict[str, str]:
    """`filename bW9kZWwub25ueA==,purpose aGFuZF9pbg==` decoded. Raises BadRequest (`bad_metadata`)."""
    if len(raw) > MOST_METADATA:
        raise BadRequest(f"`Upload-Metadata` has more than {MOST_METADATA} characters.", code="bad_metadata")
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in raw.split(","))):
        key, _, value = pair.partition(" ")
        try:
            text = base64.b64decode(value.strip(), validate=True).decode("utf-8")
        except (binascii.Error, ValueError) as error:
            raise BadRequest(
                f"`Upload-Metadata`: the value of {key[:40]!r} is not Base64 of UTF-8.", code="bad_metadata"
            ) from error
        if key in found or "\0" in text:
            raise BadRequest(f"`Upload-Metadata`: {key[:40]!r} comes twice, or holds NUL.", code="bad_metadata")
        found[key] = text
    return found


def file_name(text: str) -> str:
    """The last part of a path, without what cannot be seen: control characters, and those that turn the direction of reading, by which
    `modelxnno.exe` would be shown as `modelexe.onnx`. Raises BadInput (`bad_file_name`)."""
    last = re.split(r"[/\\]", text)[-1]
    shown = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp")).strip()
    if shown in ("", ".", ".."):
        raise BadInput("The upload does not say the file's name (`filename` in Upload-Metadata).", code="bad_file_name")
    return shown if len(shown) <= 255 else shown[:200] + shown[-55:]  # the ending stays


def body_length(headers: Headers) -> int:
    """Bytes of the body. Raises NoLength: without it a broken line could not be told from the end."""
    value = headers.get("Content-Length", "")
    if not value or not value.isdecimal():
        raise NoLength("This request does not say how long it is (Content-Length). Send the chunk with its length.")
    return int(value)


def check_type(content_type: str | None) -> None:
    """Raises WrongType."""
    if content_type != BODY:
        raise WrongType(f"A part of a file comes as {BODY}, not as {(content_type or 'nothing')[:80]}.")


def checksum(headers: Headers) -> Checksum | None:
    """Raises BadRequest (`bad_checksum`)."""
    raw = headers.get("Upload-Checksum", "")
    if not raw:
        return None
    algorithm, _, value = raw.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if algorithm not in CHECKSUMS or not digest:
        said = f"`Upload-Checksum` is an algorithm ({', '.join(CHECKSUMS)}) and a digest in Base64."
        raise BadRequest(said, code="bad_checksum")
    return Checksum(algorithm, digest)


def encoded(**values: str) -> str:
    """The header `Upload-Metadata` for these values."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items() if value)


def http_date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)
