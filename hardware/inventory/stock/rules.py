"""What a tag, a serial number and other values of the stock may be, and tags by a pattern. Pure: forms and files ask the same."""

import re
from datetime import date
from decimal import Decimal

from courseplatform.core.errors import BadInput

TAG = re.compile(r"[A-Z0-9](?:[A-Z0-9-]{0,22}[A-Z0-9])?")
SERIAL = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?")
RANGE = re.compile(r"\[(\d{1,6})-(\d{1,6})\]")
VALUE = re.compile(r"(\d{1,7})(?:[.,](\d{1,2}))?")
CURRENCY = re.compile(r"[A-Z]{3}")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# What a spreadsheet makes of a long number: digits are lost, so it is refused and not guessed back.
SCIENTIFIC = re.compile(r"\d([.,]\d+)?e\+\d+", re.IGNORECASE)
FORMULA = ("=", "+", "-", "@")
MOST_AT_ONCE = 500
MOST_COUNT = 100_000
YEARS = (2000, 2100)

TAG_RULE = "A tag has capital letters A to Z, digits and hyphens, at most 24, and begins and ends with a letter or a digit: PI-07."
PATTERN_RULE = "A pattern is a tag with one range in brackets, such as PI-[01-30] for PI-01 to PI-30."


def tag_of(text: str) -> str:
    """The tag as it is kept, in capitals. Raises BadInput (`bad_tag`)."""
    tag = text.strip().upper()
    if not TAG.fullmatch(tag):
        raise BadInput(f"“{text.strip()[:40]}” is no tag. {TAG_RULE}" if tag else f"A tag is missing. {TAG_RULE}", code="bad_tag")  # fmt: skip
    return tag


def tags_of(pattern: str) -> list[str]:
    """PI-[01-30] gives PI-01 to PI-30; what is written without a range is one tag.

    Raises:
        BadInput: `bad_tag`, `bad_pattern` (no such range, or backwards), `too_many_tags`.
    """
    ranges = RANGE.findall(pattern)
    if not ranges and not any(sign in pattern for sign in "[]"):
        return [tag_of(pattern)]
    if len(ranges) != 1 or RANGE.sub("", pattern).count("[") or RANGE.sub("", pattern).count("]"):
        raise BadInput(PATTERN_RULE, code="bad_pattern")
    first, last = ranges[0]
    if int(first) > int(last):
        raise BadInput(f"The range [{first}-{last}] runs backwards. {PATTERN_RULE}", code="bad_pattern")
    if int(last) - int(first) >= MOST_AT_ONCE:
        raise BadInput(f"At most {MOST_AT_ONCE} items are added at once; this range has {int(last) - int(first) + 1}.", code="too_many_tags")  # fmt: skip
    width = len(first) if first.startswith("0") or len(first) == len(last) else 1
    return [tag_of(RANGE.sub(str(number).zfill(width), pattern)) for number in range(int(first), int(last) + 1)]


def serial_of(text: str) -> str:
    """Raises BadInput (`bad_serial`, `damaged_number`); "" where none is given."""
    serial = " ".join(text.split())
    if not serial:
        return ""
    if SCIENTIFIC.fullmatch(serial):
        raise BadInput(
            f"{serial} was a number once: a spreadsheet shortened it, and digits are lost. Format the column as text, and type it again.",
            code="damaged_number",
        )
    if not SERIAL.fullmatch(serial):
        raise BadInput("A serial number has at most 64 letters, digits and signs of plain ASCII.", code="bad_serial")
    return serial


def text_of(text: str, most: int) -> str:
    """One line. An apostrophe before a formula sign is that of an export, and is taken off. Raises BadInput (`too_long`)."""
    clean = " ".join(text.split())
    while clean.startswith("'") and clean[1:].lstrip("'").startswith(FORMULA):
        clean = clean[1:]
    if len(clean) > most:
        raise BadInput(f"It has {len(clean)} characters; {most} are the most.", code="too_long")
    return clean


def value_of(text: str) -> Decimal | None:
    """45, 45.90 or 45,90; None where nothing is given. Raises BadInput (`bad_value`)."""
    match = VALUE.fullmatch(text.strip().replace(" ", ""))
    if not text.strip():
        return None
    if match is None:
        raise BadInput(
            f"“{text.strip()[:20]}” is no amount. Write 45 or 45.90, without the currency.", code="bad_value"
        )
    return Decimal(f"{match[1]}.{match[2] or '0'}").quantize(Decimal("0.01"))


def currency_of(text: str) -> str:
    """Raises BadInput (`bad_currency`)."""
    code = text.strip().upper()
    if code and not CURRENCY.fullmatch(code):
        raise BadInput("A currency has three letters: USD, EUR.", code="bad_currency")
    return code


def day_of(text: str) -> date | None:
    """2023-09-05; None where nothing is given. Raises BadInput (`bad_day`)."""
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip()) if DAY.fullmatch(text.strip()) else None
    except ValueError:
        day = None
    if day is None or not YEARS[0] <= day.year < YEARS[1]:
        raise BadInput(f"“{text.strip()[:20]}” is no day. Write year, month and day: 2023-09-05.", code="bad_day")
    return day


def count_of(text: str) -> int | None:
    """A number of pieces; None where nothing is given. Raises BadInput (`bad_count`)."""
    clean = text.strip()
    if not clean:
        return None
    if not (clean.isascii() and clean.isdecimal() and len(clean) < 8 and int(clean) <= MOST_COUNT):
        raise BadInput(f"“{clean[:20]}” is no number of pieces from 0 to {MOST_COUNT}.", code="bad_count")
    return int(clean)


def url_of(text: str) -> str:
    """An http or https address. Raises BadInput (`bad_url`)."""
    url = text.strip()
    if url and (not re.fullmatch(r"https?://[^\s<>\"'\\]+\.[^\s<>\"'\\]+", url) or len(url) > 300):
        raise BadInput("A data sheet is an address that begins with http:// or https://.", code="bad_url")
    return url
