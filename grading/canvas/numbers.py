"""Scores as Canvas writes them: two decimals, with a point or a comma."""

import re
from collections import Counter
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

NUMBER = re.compile(r"[+-]?(\d{1,12}([.,]\d{1,12})?|[.,]\d{1,12})%?")
CENT = Decimal("0.01")


def number_of(text: str) -> Decimal | None:
    """A score; None for anything else, words (EX, N/A) and blanks among it."""
    said = text.strip()
    return Decimal(said.rstrip("%").replace(",", ".")) if NUMBER.fullmatch(said) else None


def sign_of(texts: Iterable[str]) -> str:
    """The decimal sign of a file: the one that most of its scores have, a point where none has decimals, because Canvas reads it everywhere."""
    found = Counter(sign for text in texts if NUMBER.fullmatch(text.strip()) for sign in ",." if sign in text)
    return "," if found[","] > found["."] else "."


def written(value: Decimal, sign: str) -> str:
    """4.44, or 4,44."""
    return f"{value.quantize(CENT, ROUND_HALF_UP):f}".replace(".", sign)
