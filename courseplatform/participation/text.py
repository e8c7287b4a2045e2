"""Text from outside, made safe to store and short enough to show."""

import html
import re

MOST_READ = 20_000  # characters of one message that are looked at
UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
SPACES = re.compile(r"\s+")
TAG = re.compile(r"<[^<>]*>")
SLACK_MARK = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)


def clean(value: object, most: int) -> str:
    """One line of at most `most` characters that every database takes: no control characters, no half of a surrogate pair."""
    text = str(value)[: 4 * most] if isinstance(value, str) else ""
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = SPACES.sub(" ", UNSTORABLE.sub("", text)).strip()
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def slack_plain(text: object) -> str:
    """A Slack message as a person reads it. Mentions lose the name: an excerpt is shown to others than its readers there."""
    found = str(text)[:MOST_READ] if isinstance(text, str) else ""
    return html.unescape(SLACK_MARK.sub(_slack_mark, found))


def _slack_mark(match: "re.Match[str]") -> str:
    target, label = match.group(1), match.group(2) or ""
    if target.startswith("@"):
        return "@somebody"
    if target.startswith(("#", "!")):
        return target[:1].replace("!", "@") + (label or "all").lstrip("@#")
    return label or "(link)"


def html_plain(text: object) -> str:
    """The words of a Piazza post, without its tags."""
    found = str(text)[:MOST_READ] if isinstance(text, str) else ""
    return html.unescape(TAG.sub(" ", found))


def asks(plain: str) -> bool:
    """A question mark outside code, where it may be an operator, and outside addresses."""
    words = CODE.sub(" ", plain).split()
    return any("?" in word and "://" not in word for word in words)
