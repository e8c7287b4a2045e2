"""One student's course grade so far, as that student may know it: each component with its sums, what is still hidden, and what if."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from courseplatform.courses.access import Visit
from grading.book.pieces import pieces_of
from grading.book.scheme import scheme_of
from grading.gradebook import Piece, Scheme, Standing, State, standing_of, supposed

OPEN = frozenset({State.AHEAD, State.GRADING, State.MISSING})


@dataclass(frozen=True)
class Mine:
    """standing: of what is released. outside: work that counts for nothing. if_standing: with the points that were typed; None: none were.
    open: what points may be typed for."""

    scheme: Scheme
    standing: Standing
    outside: tuple[Piece, ...]
    open: tuple[Piece, ...]
    if_standing: Standing | None = None

    @property
    def letter(self) -> str:
        """Only where the course shows its letters."""
        return self.standing.letter if self.scheme.are_letters_shown else ""

    @property
    def hidden(self) -> list[Piece]:
        """What is with the graders."""
        return [line.piece for part in self.standing.parts for line in part.lines if line.piece.state is State.GRADING]


def mine(visit: Visit, now: datetime, points: Mapping[str, Decimal] | None = None) -> Mine:
    """points: what if; key of an open piece -> points, checked by grading/book/what_if.py. At most twelve queries."""
    scheme = scheme_of(visit.course)
    pieces = pieces_of(visit.course, [visit.person.pk], now, for_students=True)[visit.person.pk]
    fed = {component.key for component in scheme.components}
    open_ones = tuple(piece for key, row in pieces.items() if key in fed for piece in row if piece.state in OPEN)
    wanted = {key: value for key, value in (points or {}).items() if key in {piece.key for piece in open_ones}}
    supposed_to = standing_of(scheme, supposed(pieces, wanted)) if wanted else None
    return Mine(scheme, standing_of(scheme, pieces), tuple(pieces.get("", ())), open_ones, supposed_to)
