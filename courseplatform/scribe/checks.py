"""What a note's text can be checked for without a person: formulas, images, links, headings, length."""

import re
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from courseplatform.core.markdown import Facts
from courseplatform.core.numbers import count

# One way only to read each space: with two, as `\s*<?\s*`, a note of 20 000 spaces keeps the site busy for half a minute.
REFUSED_LINK = re.compile(r"\]\(\s*(?:<\s*)?((?:javascript|vbscript|data|file)\s*:[^)\s]{0,60})", re.IGNORECASE)
NAMED = 5  # findings of one kind that are named by line


@dataclass(frozen=True)
class Check:
    """`line` 0 is the text as a whole."""

    is_good: bool
    words: str
    line: int = 0


def check_note(text: str, facts: Facts) -> list[dict[str, Any]]:
    """What was found, in the order in which it is shown, ready to be stored as JSON."""
    found = [*_formulas(facts), *_images(facts), *_headings(facts), *_links(text, facts), *_length(facts)]
    return [asdict(check) for check in found]


def _plural(number: int, word: str) -> str:
    return f"{count(number)} {word}" if number == 1 else f"{count(number)} {word}s"


def _formulas(facts: Facts) -> list[Check]:
    bad = [Check(False, f"formula not drawn: {why}", line) for line, _, why in facts.bad_formulas[:NAMED]]
    if len(facts.bad_formulas) > NAMED:
        bad.append(Check(False, f"{len(facts.bad_formulas) - NAMED} more formulas are not drawn"))
    if not facts.formulas:
        return [Check(True, "no formula")]
    drawn = facts.formulas - len(facts.bad_formulas)
    return [*bad, Check(True, f"{_plural(drawn, 'formula')} {'is' if drawn == 1 else 'are'} drawn")] if drawn else bad


def _images(facts: Facts) -> list[Check]:
    missing = [
        Check(False, f"{source[:60]} is not attached", line) for line, source, _, there in facts.images if not there
    ]
    silent = [
        Check(False, f"{source[:60]} has no text for who cannot see it", line)
        for line, source, alt, _ in facts.images
        if not alt
    ]
    if missing or silent:
        return [*missing[:NAMED], *silent[:NAMED]]
    return [
        Check(
            True,
            f"{_plural(len(facts.images), 'image')}, each attached and with a text" if facts.images else "no image",
        )
    ]


def _headings(facts: Facts) -> list[Check]:
    if not facts.headings:
        return [Check(False, "no heading: a reader cannot find a part")]
    found, last = [], facts.headings[0][1]
    for line, level, _ in facts.headings:
        if level > last + 1:
            found.append(Check(False, f"heading jumps from level {last} to {level}", line))
        last = level
    return found[:NAMED] or [Check(True, f"{_plural(len(facts.headings), 'heading')} in order")]


def _links(text: str, facts: Facts) -> list[Check]:
    refused = [
        Check(False, f"link not taken: {found[1][:40]}", text.count("\n", 0, found.start()) + 1)
        for found in REFUSED_LINK.finditer(text)
    ]
    broken = [
        Check(False, f"link leads nowhere: {href[:60] or 'empty'}", line)
        for line, href in facts.links
        if not is_address(href)
    ]
    if refused or broken:
        return [*refused[:NAMED], *broken[:NAMED]]
    return [Check(True, f"{_plural(len(facts.links), 'link')}, well formed")] if facts.links else []


def is_address(href: str) -> bool:
    """An address that can be right: written whole, with a host that has a dot. Nobody is asked over the network."""
    try:
        parts = urlsplit(href)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "mailto":
        return bool(re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", parts.path))
    return parts.scheme in ("http", "https") and bool(re.fullmatch(r"[\w-]+(\.[\w-]+)+", host))


def _length(facts: Facts) -> list[Check]:
    return [Check(facts.words > 0, f"{_plural(facts.words, 'word')}" if facts.words else "no words yet")]
