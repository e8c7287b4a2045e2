"""What an image is, by its bytes and not by its name: PNG, JPEG and WebP, with their size in pixels, and without what else is written
into the file. Nothing is decoded.

SVG is not taken: it is a document that can carry scripts, and would be served from our own address.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

from courseplatform.core.errors import BadInput, TooLarge

MOST_BYTES = 4 << 20
MOST_SIDE, MOST_PIXELS = 12_000, 40_000_000  # what a browser is asked to unfold


@dataclass(frozen=True)
class ImageFacts:
    media_type: str
    width: int
    height: int


def read_image(content: bytes, name: str) -> ImageFacts:
    """Raises TooLarge (`image_too_large`, `image_too_many_pixels`) or BadInput (`svg_refused`, `not_an_image`, `broken_image`)."""
    if len(content) > MOST_BYTES:
        raise TooLarge(
            f"{name} is larger than {MOST_BYTES >> 20} MiB. Save it smaller; a figure needs no more.",
            code="image_too_large",
        )
    head = content[:400].lstrip().lower()
    if head.startswith((b"<svg", b"<?xml")) or b"<svg" in head:
        raise BadInput(
            f"{name} is SVG, which can carry scripts. Export it as PNG, and attach that.", code="svg_refused"
        )
    try:
        found = _read(content)
    except (struct.error, IndexError) as error:
        raise BadInput(f"{name} breaks off before its size is said. Save it again.", code="broken_image") from error
    if found is None:
        raise BadInput(
            f"{name} is no PNG, JPEG or WebP image, whatever its name says. Nothing was attached.", code="not_an_image"
        )
    if not (0 < found.width <= MOST_SIDE and 0 < found.height <= MOST_SIDE) or found.width * found.height > MOST_PIXELS:
        raise TooLarge(
            f"{name} is {found.width} x {found.height} pixels; {MOST_PIXELS // 1_000_000} million are the most.",
            code="image_too_many_pixels",
        )
    return found


def _read(content: bytes) -> ImageFacts | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        return ImageFacts("image/png", *struct.unpack(">II", content[16:24]))
    if content.startswith(b"\xff\xd8\xff"):
        return _jpeg(content)
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return _webp(content)
    return None


def _jpeg(content: bytes) -> ImageFacts | None:
    """The frame header (SOF0 to SOF15 without the tables) holds height and width."""
    at = 2
    while at < len(content) - 9:
        if content[at] != 0xFF:
            return None
        marker = content[at + 1]
        if marker == 0xFF or 0xD0 <= marker <= 0xD7:
            at += 1 if marker == 0xFF else 2
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return ImageFacts("image/jpeg", width, height)
        at += 2 + max(struct.unpack(">H", content[at + 2 : at + 4])[0], 2)
    return None


def _webp(content: bytes) -> ImageFacts | None:
    kind = content[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(content[start : start + 3], "little") + 1 for start in (24, 27))
        return ImageFacts("image/webp", width, height) if len(content) >= 30 else None
    if kind == b"VP8L" and content[20] == 0x2F:
        bits = struct.unpack("<I", content[21:25])[0]
        return ImageFacts("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", content[26:30])
        return ImageFacts("image/webp", width & 0x3FFF, height & 0x3FFF)
    return None


def no_image() -> BadInput:
    return BadInput("No image came with the form. Choose a PNG, JPEG or WebP file.", code="no_image")


# -- what the camera wrote into it --------------------------------------------------------------------------------------

PNG_KEPT = frozenset({b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs", b"hIST", b"cICP", b"acTL", b"fcTL", b"fdAT"})  # fmt: skip
WEBP_KEPT = frozenset({b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
WEBP_EXIF, WEBP_XMP = 0x08, 0x04  # what VP8X says is in the file
ORIENTATION, SHORT = 0x0112, 3


def without_metadata(content: bytes) -> bytes:
    """The same picture without what was written into the file beside it: where and when it was taken, by whom, its preview.

    Only what is needed to show it stays: the picture, its colours, and which side is up. Nothing is decoded or compressed again.
    Raises BadInput (`not_an_image`, `broken_image`).
    """
    try:
        if content.startswith(b"\x89PNG\r\n\x1a\n"):
            return b"".join(_png_kept(content))
        if content.startswith(b"\xff\xd8\xff"):
            return b"".join(_jpeg_kept(content))
        if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
            return _webp_kept(content)
    except (struct.error, IndexError) as error:
        raise BadInput("The picture breaks off. Save it again.", code="broken_image") from error
    raise BadInput("This is no PNG, JPEG or WebP image.", code="not_an_image")


def _png_kept(content: bytes) -> Iterator[bytes]:
    """Chunks with a capital are the picture itself. What stands behind the last of them is no part of it."""
    yield content[:8]
    at, kind = 8, b""
    while kind != b"IEND":
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        end = at + 12 + length
        if end > len(content):
            raise IndexError(kind)
        if kind[:1].isupper() or kind in PNG_KEPT:
            yield content[at:end]
        elif kind == b"eXIf" and (turned := _only_turned(content[at + 8 : end - 4])):
            yield struct.pack(">I", len(turned)) + kind + turned + struct.pack(">I", crc32(kind + turned))
        at = end


def _jpeg_kept(content: bytes) -> Iterator[bytes]:
    """Of the application segments, JFIF, the colour profile and Adobe's colour transform stay. Nothing stands behind the end."""
    yield content[:2]
    at = 2
    while at < len(content):
        if content[at] != 0xFF:
            raise IndexError(at)
        marker = content[at + 1]
        if marker == 0xFF:  # fill
            at += 1
        elif marker == 0xD9:
            yield content[at : at + 2]
            return
        elif marker == 0x01 or 0xD0 <= marker <= 0xD7:
            yield content[at : at + 2]
            at += 2
        else:
            end = at + 2 + max(struct.unpack(">H", content[at + 2 : at + 4])[0], 2)
            if end > len(content):
                raise IndexError(end)
            end = _end_of_scan(content, end) if marker == 0xDA else end
            yield _segment_kept(marker, content[at:end])
            at = end


def _segment_kept(marker: int, segment: bytes) -> bytes:
    body = segment[4:]
    if marker == 0xE0:
        return b"\xff\xe0\x00\x10" + body[:12] + b"\x00\x00" if body.startswith(b"JFIF\x00") and len(body) >= 14 else b""  # fmt: skip
    if marker == 0xE1 and body.startswith(b"Exif\x00\x00") and (turned := _only_turned(body[6:])):
        return b"\xff\xe1" + struct.pack(">H", len(turned) + 8) + b"Exif\x00\x00" + turned
    if marker == 0xE2:
        return segment if body.startswith(b"ICC_PROFILE\x00") else b""
    return b"" if marker == 0xFE or (0xE1 <= marker <= 0xEF and marker != 0xEE) else segment


def _end_of_scan(content: bytes, at: int) -> int:
    """Compressed data ends at the next marker. In it, FF is followed by 0 or by a restart marker."""
    while (at := content.find(b"\xff", at)) != -1 and at + 1 < len(content):
        if content[at + 1] and not 0xD0 <= content[at + 1] <= 0xD7:
            return at
        at += 2
    return len(content)  # it breaks off, and is shown as far as it goes


def _webp_kept(content: bytes) -> bytes:
    kept = []
    at, end_of_file = 12, min(len(content), 8 + struct.unpack("<I", content[4:8])[0])
    while at + 8 <= end_of_file:
        kind, length = struct.unpack("<4sI", content[at : at + 8])
        body = content[at + 8 : at + 8 + length]
        if len(body) < length:
            raise IndexError(kind)
        if kind == b"EXIF":
            body = _only_turned(body.removeprefix(b"Exif\x00\x00"))
        if kind in WEBP_KEPT or (kind == b"EXIF" and body):
            kept.append((kind, body))
        at += 8 + length + length % 2
    flags = WEBP_EXIF if any(kind == b"EXIF" for kind, _ in kept) else 0
    chunks = b"".join(_webp_chunk(kind, body, flags) for kind, body in kept)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def _webp_chunk(kind: bytes, body: bytes, flags: int) -> bytes:
    if kind == b"VP8X":
        body = bytes([body[0] & ~(WEBP_EXIF | WEBP_XMP) | flags]) + body[1:]
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _only_turned(tiff: bytes) -> bytes:
    """EXIF that says which side is up and nothing else; empty where that is the first row, or where it cannot be read."""
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(tiff[:4])
    if order is None:
        return b""
    try:
        at = struct.unpack(f"{order}I", tiff[4:8])[0]
        for entry in range(struct.unpack(f"{order}H", tiff[at : at + 2])[0]):
            tag, kind, _, value = struct.unpack(f"{order}HHIH", tiff[at + 2 + 12 * entry : at + 12 + 12 * entry])
            if tag == ORIENTATION and kind == SHORT and 2 <= value <= 8:
                return b"MM\x00*" + struct.pack(">IHHHIHHI", 8, 1, ORIENTATION, SHORT, 1, value, 0, 0)
    except struct.error:
        return b""
    return b""
