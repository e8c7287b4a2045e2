"""Forms around grades, parsed and refused in one place. What was typed is kept, so that a refusal loses nothing."""

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from django.http import QueryDict

from courseplatform.core.errors import BadInput
from courseplatform.core.typed_numbers import TwoWays, point_form
from grading.rubric import NOTHING

MOST_PLACES = 12  # before the point, or after it


def points_of(text: str, field: str) -> Decimal | None:
    """`2.5`, `2,5`; nothing typed is None. Raises BadInput (`two_ways` for 1,250; `not_points`), also for what Decimal takes beside numbers (sNaN, with which
    nothing can be added up), and for 1e99999999, which written out is a page of zeros."""
    try:
        said = point_form(text)
    except TwoWays as error:
        raise BadInput(str(error), code="two_ways", details={"field": field}) from error
    if not said:
        return None
    try:
        if len(said) > 12:
            raise InvalidOperation
        found = Decimal(said)
        if not found.is_finite() or abs(found.adjusted()) > MOST_PLACES:
            raise InvalidOperation
        return found + 0  # -0 is 0
    except InvalidOperation as error:
        raise BadInput("Write points as a number like 2.5.", code="not_points", details={"field": field}) from error


def number_of(text: str) -> int:
    """The newest event that a page has shown; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


@dataclass(frozen=True)
class GradeForm:
    """What was typed, by the names of the fields. chosen: every value of the fields of ticks."""

    typed: dict[str, str]
    chosen: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, post: QueryDict) -> "GradeForm":
        ticks = {name: post.getlist(name) for name in post if name.startswith("tick-")}
        return cls({name: post.get(name, "") for name in post}, ticks)

    def text(self, name: str) -> str:
        return self.typed.get(name, "")

    @property
    def written(self) -> str:
        """The words of somebody, an answer or a reason; empty for a plain button."""
        return self.text("text").strip() or self.text("reason").strip()

    @property
    def seen(self) -> int:
        return number_of(self.text("seen"))

    def points(self, name: str = "points") -> Decimal | None:
        return points_of(self.text(name), name)

    @property
    def marks(self) -> dict[str, Decimal | None]:
        """Key of an item -> points, for the fields that were changed on the page; None also where all ticks were taken away.

        Raises BadInput (`not_points`).
        """
        fields = [name.removeprefix("points-") for name in self.typed if name.startswith("points-")]
        changed = [key for key in fields if self.text(f"points-{key}").strip() != self.text(f"was-{key}")]
        untouched: dict[str, Decimal | None] = {key: None for key in self._ticked if not self.ticked(key)}
        return untouched | {key: self.points(f"points-{key}") for key in changed}

    @property
    def ticks(self) -> dict[str, list[str]]:
        """Key of an item -> keys of its options, for the items whose ticks were changed on the page and that have some."""
        return {key: [one for one in found if one != NOTHING] for key in self._ticked if (found := self.ticked(key))}

    def ticked(self, key: str) -> list[str]:
        """What is ticked in an item. `NOTHING` stands alone: whoever ticks an option beside it means the option."""
        found = [one for one in self.chosen.get(f"tick-{key}", []) if one]
        return [one for one in found if one != NOTHING] or found

    @property
    def _ticked(self) -> list[str]:
        """Keys of the items whose ticks differ from those that the page showed."""
        keys = [name.removeprefix("ticks-") for name in self.typed if name.startswith("ticks-")]
        return [key for key in keys if set(self.ticked(key)) != set(self.text(f"ticks-{key}").split())]
