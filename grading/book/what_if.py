"""What if: points that a student types for work that is not decided yet. Pure: text in, points or a sentence out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from courseplatform.core.typed_numbers import TwoWays, point_form
from grading.gradebook import Piece, plain

PREFIX = "if-"
LETTERS = 16  # a longer number is nobody's points


@dataclass(frozen=True)
class Refused:
    """Why points are not taken. code: not_a_number, two_ways, negative, above_the_maximum. typed: kept for the field. title: of the piece."""

    title: str
    code: str
    words: str
    typed: str


@dataclass(frozen=True)
class WhatIf:
    """points: key of a piece -> what it would get. refused: key -> why not."""

    points: Mapping[str, Decimal] = field(default_factory=dict)
    refused: Mapping[str, Refused] = field(default_factory=dict)


def read_typed(typed: Mapping[str, str], pieces: Sequence[Piece]) -> WhatIf:
    """typed: `if-<key of a piece>` -> text. What is empty supposes nothing; what names no open piece is passed over."""
    points, refused = dict[str, Decimal](), dict[str, Refused]()
    for piece in pieces:
        text = typed.get(f"{PREFIX}{piece.key}", "").strip()
        found = _number(text, piece) if text else None
        if isinstance(found, Refused):
            refused[piece.key] = found
        elif found is not None:
            points[piece.key] = found
    return WhatIf(points, refused)


def _number(text: str, piece: Piece) -> Decimal | Refused:
    kept = text[:LETTERS]
    try:
        said = point_form(text)
        found = Decimal(said) if len(text) <= LETTERS and said.isascii() and "_" not in said else None
    except TwoWays as error:
        return Refused(piece.title, "two_ways", str(error), kept)
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite():
        return Refused(piece.title, "not_a_number", "Type points, like 7.5.", kept)
    if found < 0:
        return Refused(piece.title, "negative", "Points are 0 or more.", kept)
    if found > piece.of:
        return Refused(piece.title, "above_the_maximum", f"At most {plain(piece.of)} points.", kept)
    return found
