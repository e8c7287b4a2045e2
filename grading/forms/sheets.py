"""What the page of a sheet sends: ticks, typed points, the comment, and what the page had seen."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from grading.desk.marks import NOTHING
from grading.forms.grades import number_of


@dataclass(frozen=True)
class SheetForm:
    """shown: the items whose fields stood in the page; of the others the sheet keeps what it has."""

    act: str
    revision: int
    seen: int
    shown: tuple[str, ...]
    sent: dict[str, Any]
    comment: str
    take_from: int
    item: str

    @classmethod
    def of(cls, post: QueryDict) -> "SheetForm":
        shown = tuple(post.getlist("shown"))[:200]
        sent = {key: found for key in shown if (found := _said(post, key)) is not None}
        return cls(
            post.get("act", "save"), number_of(post.get("revision", "")), number_of(post.get("seen", "")), shown, sent,
            post.get("comment", ""), number_of(post.get("take_from", "")), post.get("item", "")[:60],
        )  # fmt: skip

    def ticks(self, standing: dict[str, Any]) -> dict[str, Any]:
        """What the sheet holds after this."""
        return {key: said for key, said in standing.items() if key not in self.shown} | self.sent


def _said(post: QueryDict, key: str) -> Any:
    """Ticked options, or typed points; None where the item was not touched."""
    if ticked := post.getlist(f"tick-{key}"):
        return [value for value in ticked if value != NOTHING]
    return post.get(f"points-{key}", "").strip() or None
