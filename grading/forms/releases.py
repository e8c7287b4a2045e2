"""What the page of the release sends."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from django.http import QueryDict

from grading.releases.choice import ReleaseChoice


@dataclass(frozen=True)
class ReleaseForm:
    """act: release, take_back, or look: show the page again with what was chosen. who: of whom the preview is."""

    act: str
    only_graded: bool
    statistics_shown: bool
    is_mailed: bool
    words: str
    reason: str
    who: str
    key: UUID

    @classmethod
    def of(cls, sent: QueryDict) -> "ReleaseForm":
        act = sent.get("to", "")
        return cls(
            act if act in ("release", "take_back") else "look", sent.get("scope") == "graded", bool(sent.get("statistics")),
            bool(sent.get("mail")), sent.get("words", "")[:10_000], sent.get("reason", "")[:10_000], sent.get("who", "")[:20], _key(sent.get("key", "")),
        )  # fmt: skip

    @classmethod
    def first(cls, *, statistics_shown: bool, who: str) -> "ReleaseForm":
        """As the page is opened."""
        return cls("look", False, statistics_shown, True, "", "", who[:20], uuid4())

    @property
    def choice(self) -> ReleaseChoice:
        return ReleaseChoice(self.only_graded, self.statistics_shown, self.is_mailed, self.words, self.key)


def _key(text: str) -> UUID:
    """One that is none is a new press."""
    try:
        return UUID(text)
    except ValueError:
        return uuid4()
