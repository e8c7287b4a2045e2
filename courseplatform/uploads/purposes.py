"""What files are uploaded for. Upper rooms register a purpose; it is asked before the first byte, and again when the file is taken."""

from collections.abc import Callable
from dataclasses import dataclass

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, TooLarge
from courseplatform.uploads.errors import BadRequest


@dataclass(frozen=True)
class Limit:
    """What one person may send to one target.

    Attributes:
        max_bytes: the largest file.
        endings: of file names, lower case with the dot; empty: any.
        too_large: the sentence for a file of so many bytes.
        wrong_ending: the sentence for a name that ends otherwise.
    """

    max_bytes: int
    endings: frozenset[str]
    too_large: Callable[[int], str]
    wrong_ending: Callable[[str], str]


# (person, target) -> Limit. Raises an AppError where nothing may be sent now, NotHere where the target is not theirs.
Purpose = Callable[[User, str], Limit]
PURPOSES: dict[str, Purpose] = {}
# A target as people write it -> the one spelling under which it is kept, or as it came. Says nothing about who may.
Spelling = Callable[[str], str]
SPELLINGS: dict[str, Spelling] = {}
MOST_CHARACTERS = 64


def register_purpose(name: str, purpose: Purpose, spelling: Spelling | None = None) -> None:
    PURPOSES[name] = purpose
    if spelling is not None:
        SPELLINGS[name] = spelling


def spelled(purpose: str, target: str) -> str:
    """The target as it is kept. Raises BadRequest (`bad_metadata`) where that is too long."""
    found = SPELLINGS.get(purpose, str)(target)
    if len(found) > MOST_CHARACTERS:
        raise BadRequest(f"`target` has more than {MOST_CHARACTERS} characters.", code="bad_metadata")
    return found


def check(*, person: User, purpose: str, target: str, file_name: str, size_bytes: int) -> None:
    """Raises BadInput (`unknown_purpose`, `empty_file`, `wrong_ending`), TooLarge, or what the purpose raises."""
    if purpose not in PURPOSES:
        known = ", ".join(sorted(PURPOSES))
        raise BadInput(f"An upload says what it is for: `purpose` is one of {known}.", code="unknown_purpose")
    limit = PURPOSES[purpose](person, target)
    if size_bytes == 0:
        raise BadInput("This file is empty. Export it again, and choose the new file.", code="empty_file")
    if size_bytes > limit.max_bytes:
        raise TooLarge(limit.too_large(size_bytes), code="too_large", details={"max_bytes": limit.max_bytes})
    if limit.endings and not file_name.lower().endswith(tuple(limit.endings)):
        raise BadInput(limit.wrong_ending(file_name), code="wrong_ending", details={"endings": sorted(limit.endings)})
