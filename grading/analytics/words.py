"""Counts, points and lists as the sentences of analytics say them. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor

from courseplatform.core import numbers

SMALL = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
Number = Decimal | Fraction | float | int


def counted(count: int, word: str, many: str = "") -> str:
    """1 team, 3 teams."""
    return f"{numbers.count(count)} {word if count == 1 else many or f'{word}s'}"


def spelt(count: int) -> str:
    """One to nine as words, as a title says them."""
    return SMALL[count] if 0 <= count < len(SMALL) else numbers.count(count)


def is_are(count: int) -> str:
    return "is" if count == 1 else "are"


def has_have(count: int) -> str:
    return "has" if count == 1 else "have"


def points(value: Number) -> str:
    """8.70: always two decimals, half a cent up."""
    return f"{_cents(value):.2f}"


def most(value: Number) -> str:
    """What can be reached, as it is set: 10, 2.5."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".")


def signed(value: Number) -> str:
    """+0.11, a true minus in front of what is less, 0.00 for what rounds to nothing."""
    text = f"{_cents(value):+.2f}".replace("-", "\N{MINUS SIGN}")
    return text[1:] if text[1:] == "0.00" else text


def _cents(value: Number) -> Decimal:
    """Rounded as somebody does it by hand, because a float of 9.325 lies below it."""
    found = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
    return Decimal(floor(abs(found) * 100 + Fraction(1, 2))) / 100 * (-1 if found < 0 else 1)


def listed(words: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def percent(count: int, of: int) -> str:
    """The share without decimals, because a class is small."""
    return numbers.share(count / of, 0) if of else NO_SHARE


NO_SHARE = "–"
