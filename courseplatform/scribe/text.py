"""What a note's text may be, checked before it is stored, wherever it comes from."""

import re

from courseplatform.core.errors import BadInput, TooLarge
from courseplatform.core.markdown import MOST_CHARACTERS, check_size

MOST_LINES = 5000
MOST_BYTES = 4 * MOST_CHARACTERS
CONTROL = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f\u2028\u2029]")


def note_text(text: str) -> str:
    """The text with one kind of line end and without control characters.

    Raises:
        TooLarge: code `markdown_too_large`.
        BadInput: codes `nul_byte`, `too_many_lines`, `markdown_too_dense`.
    """
    if "\0" in text:
        raise BadInput(
            "This text holds a NUL byte, which no Markdown has: it may be another kind of file. Save it as UTF-8 text, and try again.",
            code="nul_byte",
        )
    text = CONTROL.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))
    if text.count("\n") >= MOST_LINES:
        raise BadInput(f"This text has more than {MOST_LINES:,} lines. Split or shorten it.", code="too_many_lines")
    check_size(text)
    return text


def decoded(content: bytes, name: str) -> str:
    """The text of a file. Raises TooLarge (`markdown_too_large`) or BadInput (`not_utf8`)."""
    if len(content) > MOST_BYTES:
        raise TooLarge(
            f"{name} is larger than {MOST_BYTES >> 10} KiB, the most that a note may have.", code="markdown_too_large"
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadInput(f"{name} is UTF-16. Save it as UTF-8, and upload it again.", code="not_utf8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{name} is not UTF-8 text (byte {error.start + 1}). Save it as UTF-8, and upload it again.",
            code="not_utf8",
        ) from error
