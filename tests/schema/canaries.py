"""Words that stand in the seeded database, and who may read each: an answer that says one to anybody else has leaked it.

A canary is a word that nothing else on the site says, or a number with so many digits that nothing else comes to it.
"""

import re
from dataclasses import dataclass

STAFF = frozenset({"helen", "ines", "amit"})
NOBODY: frozenset[str] = frozenset()
SPACES = str.maketrans({"\u202f": " ", "\u2009": " ", "\u00a0": " "})


@dataclass(frozen=True)
class Canary:
    """`word` may be said to `seen_by`. at: `api`, `pages`, or both where it is empty."""

    word: str
    what: str
    seen_by: frozenset[str]
    at: str = ""

    def is_in(self, text: str) -> bool:
        if re.fullmatch(r"[\d.]+", self.word):
            return re.search(rf"(?<![\d.]){re.escape(self.word)}(?!\d)", text) is not None
        return self.word.lower() in text


@dataclass(frozen=True)
class Linked:
    """Two kinds of words that must not stand in one answer to the staff: whose work it is, and what tells which work."""

    names: tuple[str, ...]
    marks: tuple[str, ...]


def plain(text: str) -> str:
    """As it is searched: small letters, one kind of space."""
    return text.translate(SPACES).lower()


def leaks(canaries, who: str, where: str, said: str, asked: str) -> list[str]:
    """What of it `who` must not read. said: body and headers of the answer. asked: what was sent, whose words may come back."""
    text, sent = plain(said), plain(asked)
    return [
        f"{one.what} ({one.word})"
        for one in canaries
        if who not in one.seen_by and one.at in ("", where) and one.is_in(text) and not one.is_in(sent)
    ]


def named(links, who: str, said: str, asked: str) -> list[str]:
    """Names of work whose names are hidden, to the staff: beside a mark of that work. The audit tells one thing a line."""
    if who not in STAFF:
        return []
    text, sent = plain(said), plain(asked)
    pieces = (
        re.split(r"<tr\b|\n", text)
        if "/audit.csv" in asked
        else re.split(r"<tr\b", text)
        if "/audit/" in asked
        else [text]
    )
    return [found for link in links for piece in pieces for found in _beside(link, piece, sent)]


def _beside(link: Linked, text: str, sent: str) -> list[str]:
    marks = [one for one in link.marks if one.lower() in text or one.lower() in sent]
    names = [one for one in link.names if one.lower() in text and one.lower() not in sent]
    return [f"{name} beside {marks}" for name in names if marks]
