"""What files are uploaded for. Upper rooms register a purpose; it is asked before the first byte, and again when the file is taken."""

from collections.abc import Callable
from dataclasses import dataclass

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, TooLarge


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


def register_purpose(name: str, purpose: Purpose) -> None:
    PURPOSES[name] = purpose


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
