"""Forms around grades, parsed and refused in one place. What was typed is kept, so that a refusal loses nothing."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.http import QueryDict

from courseplatform.core.errors import BadInput


def points_of(text: str, field: str) -> Decimal | None:
    """`2.5`, `2,5`; nothing typed is None. Raises BadInput (`not_points`)."""
    said = text.strip().replace(",", ".")
    if not said:
        return None
    try:
        if len(said) > 12:
            raise InvalidOperation
        return Decimal(said)
    except InvalidOperation as error:
        raise BadInput("Write points as a number like 2.5.", code="not_points", details={"field": field}) from error


def number_of(text: str) -> int:
    """The newest event that a page has shown; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


@dataclass(frozen=True)
class GradeForm:
    """What was typed, by the names of the fields."""

    typed: dict[str, str]

    @classmethod
    def of(cls, post: QueryDict) -> "GradeForm":
        return cls({name: post.get(name, "") for name in post})

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
        """Key of an item -> points, for the fields that were changed on the page. Raises BadInput (`not_points`)."""
        fields = [name.removeprefix("points-") for name in self.typed if name.startswith("points-")]
        changed = [key for key in fields if self.text(f"points-{key}").strip() != self.text(f"was-{key}")]
        return {key: self.points(f"points-{key}") for key in changed}
