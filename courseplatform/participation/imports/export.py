"""What both readers give: the people who wrote, the messages that may count, and what was left out and why."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from courseplatform.core.errors import BadInput

MOST_CANDIDATES = 30_000


@dataclass
class Author:
    """Somebody who wrote in the export. emails: lower case, possibly several, possibly none."""

    key: str
    name: str = ""
    emails: tuple[str, ...] = ()
    is_staff: bool = False


@dataclass
class Found:
    """A message that may count: one for a person and a thread. more: how many further ones of the same person in it."""

    source_key: str
    author_key: str
    kind: str
    place: str
    excerpt: str
    at: datetime
    is_anonymous: bool = False
    more: int = 0


@dataclass
class Export:
    """counts: how many messages were read, and how many were skipped by reason."""

    kind: str
    authors: dict[str, Author] = field(default_factory=dict)
    found: dict[str, Found] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, candidate: Found) -> None:
        """The first of a person in a thread stands for all. Raises BadInput (`too_many_messages`)."""
        known = self.found.get(candidate.source_key)
        if known is None:
            self.found[candidate.source_key] = candidate
        else:
            known.more += 1
        if len(self.found) > MOST_CANDIDATES:
            raise BadInput(
                f"This export holds more than {MOST_CANDIDATES} questions and answers, more than one course writes in a term. "
                "Export a shorter span of days, and import the parts one after the other.",
                code="too_many_messages",
            )


# How the page says what was left out.
SKIPPED = {
    "service": "joins, bots, deleted messages and other service lines",
    "private": "private channels, direct messages and private posts: never read",
    "not_question": "messages that start no question",
    "own_thread": "replies of the person who asked",
    "not_in_question": "replies in threads that are no question",
    "no_thread_start": "replies whose thread begins outside this export",
    "repeated": "replies repeated in the channel, counted once",
    "nameless": "anonymous to everybody, so nobody can be credited",
    "notes": "notes and polls",
    "by_staff": "questions and answers of the course staff",
    "not_readable": "entries without an author, a time or a text",
    "odd_path": "files whose names lead outside their folder",
}
