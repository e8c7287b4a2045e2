"""Text and numbers of strangers, made fit for a database and a page. Whatever comes out of a sandbox goes through here, once."""

import json
import re
from typing import Any

MOST_TEXT = 2000
MOST_DETAILS = 8000
# Exceptions of Python and C++ by their names, which say nothing to whoever made a model.
CLASS_NAME = re.compile(r"\b(?:\w+(?:\.|::))*(?:[A-Z]\w*)?(?:Error|Exception)\b(\s*:\s*)?")
ADDRESS = re.compile(r"\s*(?:\(of Python compilation unit )?\b(?:at:? )?0x[0-9a-fA-F]{6,}\b\)?")
SAID_BEFORE = re.compile(r"\b(?:Error|Exception)\b:?\s*")  # what a runtime puts before the words that count
# Where in its own source a runtime stood, and what Python writes around an exception: nobody can do anything with it.
TRACE = re.compile(
    r"Traceback \(most recent call last\):?\s*|\bFile \"[^\"\n]*\", line \d+(?:, in \S+)?\s*"
    r"|\b\w+(?:/[\w.-]+)+\.(?:cc|cpp|cxx)\b(?::\d+)?:?\s*"
)
REPLACED = "\N{REPLACEMENT CHARACTER}"
# Control characters but tab and line feed, what turns the direction of text, and halves of a pair. PostgreSQL takes no
# NUL; the others let a name look like another.
UNFIT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def plain_text(text: str, most: int = MOST_TEXT) -> str:
    """At most `most` characters, each of which may be stored and shown."""
    return UNFIT.sub(REPLACED, text if len(text) <= most else text[: most - 1] + "…")


def plain_sentence(text: str, most: int = MOST_TEXT) -> str:
    """Words of a runtime, or with a name from a file in them, as one line for a person: no class names of exceptions."""
    named = CLASS_NAME.sub(
        lambda found: "" if found[1] else "an error", SAID_BEFORE.sub("", ADDRESS.sub("", TRACE.sub("", text)))
    )
    return plain_text(" ".join(named.split()), most)


def plain_body(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body of a frame with all its text made plain. Numbers are not looked at here; NaN is no JSON (see frames.py)."""
    if kind == "predictions":
        return body  # base64, read by predictions.py alone and never shown
    made: dict[str, Any] = _plain(body)
    if kind == "error" and len(json.dumps(made.get("details"))) > MOST_DETAILS:
        made["details"] = {}
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {plain_text(key): _plain(item) for key, item in value.items()}
    return value
