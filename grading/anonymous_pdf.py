"""Which words of a report are names of its authors, told to the browser without saying them. Pure: no database, no Django.

The viewer (static/js/report-names.js) reads a report word by word, makes each word plain as `plain` does, and covers it where its hash is in the
list. Both sides have to agree letter by letter; tests/grading/notes/test_viewer_browser.py holds them together.

What it cannot find: names inside pictures, and a name that is written in another way than the course knows it. The salt keeps two reports of the
same person from having the same list; it is no secret, and a grader who wants to guess a name can.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

WORD = re.compile(r"[^\W_]+")
LEAST = 2  # a single letter is an initial, and every second word has it


def plain(word: str) -> str:
    """Without accents and capitals, in the letters of `NFKD`: Adébáyò -> adebayo."""
    spelled = unicodedata.normalize("NFKD", word)
    return "".join(sign for sign in spelled if not unicodedata.category(sign).startswith("M")).lower()


def tokens(texts: Iterable[str]) -> set[str]:
    """The plain words of names and of the first parts of e-mail addresses."""
    found = {plain(word) for text in texts for word in WORD.findall(unicodedata.normalize("NFC", text.split("@")[0]))}
    return {word for word in found if len(word) >= LEAST and not word.isdigit()}


def name_hashes(texts: Iterable[str], salt: str) -> list[str]:
    """SHA-256 of the salt and each plain word, as hexadecimal text, sorted.

    Args:
        texts: names and e-mail addresses of the authors, and what else would tell who they are (the name of their team).
        salt: another one for each report.
    """
    return sorted(hashlib.sha256(f"{salt}:{word}".encode()).hexdigest() for word in tokens(texts))
