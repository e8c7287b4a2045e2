"""What an image is, by its bytes and not by its name: PNG, JPEG and WebP, with their size in pixels. Nothing is decoded.

SVG is not taken: it is a document that can carry scripts, and would be served from our own address.
"""

import struct
from dataclasses import dataclass

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
