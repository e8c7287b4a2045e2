"""Names as registrars write them, to names as people read them."""

import unicodedata

from courseplatform.accounts.names import clean_name

SUFFIXES = {"jr", "jr.", "sr", "sr.", "ii", "iii", "iv", "v"}
UNKNOWN = {
    "fnu",
    "lnu",
    "n/a",
    "none",
    "null",
}  # "first name unknown": how registrars fill a field that a one-word name leaves empty
WITHOUT_SPACE = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "KATAKANA-HIRAGANA")


def from_parts(last: str, first: str) -> tuple[str, str]:
    """(name, the registrar's form) from two columns. Raises ValidationError as `clean_name` does."""
    parts = [part for part in (_known(last), _known(first)) if part]
    if len(parts) < 2:
        name = clean_name(parts[0] if parts else "")
        return name, name
    return clean_name(_joined(parts[0], parts[1])), clean_name(f"{parts[0]}, {parts[1]}")


def from_whole(text: str) -> tuple[str, str]:
    """(name, the registrar's form) from one column: `Last, First`, `Last, Jr., First`, `First Last`, or one word."""
    pieces = [piece for piece in (_known(piece) for piece in text.split(",")) if piece]
    if len(pieces) < 2:
        name = clean_name(pieces[0] if pieces else text)
        return name, name
    suffixes = [piece for piece in pieces[1:] if piece.lower() in SUFFIXES]
    given = [piece for piece in pieces[1:] if piece.lower() not in SUFFIXES]
    if not given:  # First Last, Jr.
        name = clean_name(" ".join(pieces))
        return name, name
    name = " ".join([_joined(pieces[0], " ".join(given)), *suffixes])
    return clean_name(name), clean_name(", ".join(pieces))


def _known(part: str) -> str:
    part = " ".join(part.split())
    is_filled = any(sign.isalpha() for sign in part) and part.lower() not in UNKNOWN
    return part if is_filled else ""


def _joined(last: str, first: str) -> str:
    """First and last in the order of the script: Chinese, Japanese and Korean write the family name first, without a space."""
    letters = [sign for sign in last + first if sign.isalpha()]
    if letters and all(unicodedata.name(sign, "").startswith(WITHOUT_SPACE) for sign in letters):
        return f"{last}{first}"
    return f"{first} {last}"
