"""What comes in with a note: its place as numbers, its words. The service says what may be."""

import json
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.http import QueryDict

from courseplatform.core.errors import BadInput

MOST_LETTERS = 20_000  # of the boxes as text; a hundred boxes take 4000
CORNER = [
    [0.96, 0.04, 0.96, 0.04]
]  # where a note stands that names a page alone, as the form without a script sends it


def _bad() -> BadInput:
    said = "This place is not on the page. Mark the words again, or put the note beside the page."
    return BadInput(said, code="bad_place", details={"field": "boxes"})


def boxes_of(text: str) -> list[list[float]]:
    """Lists of numbers. Raises BadInput (`bad_place`)."""
    if not text:
        return CORNER
    if len(text) > MOST_LETTERS:
        raise _bad()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad() from error
    is_list = isinstance(found, list) and all(isinstance(box, list) for box in found)
    if not is_list or not all(type(share) in (int, float) for box in found for share in box):
        raise _bad()
    return [list(box) for box in found]


def whole_of(text: str) -> int:
    """0 for anything that is no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


@dataclass(frozen=True)
class NoteForm:
    """Raises BadInput (`bad_place`) when it is read."""

    page: int
    kind: str
    boxes: list[list[float]]
    quote: str
    text: str
    item: str
    revision: int
    entry_key: UUID

    @classmethod
    def of(cls, post: QueryDict) -> "NoteForm":
        try:
            key = UUID(post.get("key") or str(uuid4()))
        except ValueError:
            key = uuid4()
        return cls(
            page=whole_of(post.get("page", "")), kind=post.get("kind", "point"), boxes=boxes_of(post.get("boxes", "")),
            quote=post.get("quote", ""), text=post.get("text", ""), item=post.get("item", ""),
            revision=whole_of(post.get("revision", "")), entry_key=key,
        )  # fmt: skip
