"""What whoever releases grades has chosen, and how the news of it is called. Pure."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class ReleaseChoice:
    """only_graded: to those whose grade is complete alone. words: Markdown that the news says besides. made_with: names the press of the
    button; the same one again releases nothing more."""

    only_graded: bool = False
    statistics_shown: bool = False
    is_mailed: bool = True
    words: str = ""
    made_with: UUID | None = None


def release_title(short: str) -> str:
    """The title of the notification, and the subject of its mail."""
    return f"Grades of {short} are released"
