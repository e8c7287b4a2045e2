"""Out of what a runtime says when it fails, the part that helps the author of a model."""

from __future__ import annotations

import re

# Where in the runtime's own source it happened, and under which of its own names.
SOURCE = re.compile(r"([\w.-]*/\S+|\b\w+)\.(cc|cpp|h|hpp|cu|py)(:\d+|\", line \d+)[^\n]*?(\)|(?= )|$)\s?")
RUNTIME_MARKS = re.compile(r"\[ONNXRuntimeError\] : \d+ : \w+ : |\b(builtins|torch\.jit)\.(?=\w*(Error|Exception))")
FUNCTION = re.compile(r"(?:[\w:]+[*&]* )?(?!aten::|quantized::)\b(?:\w+::)+~?\w+\([^)]+\)(?: const)? ?")
# LiteRT puts its reasons one after the other without a space.
NEXT_REASON = re.compile(r"(?<=[^\s.])\.?(?=Node number \d)")
FOLDERS = re.compile(r"(?<!\w)/(?:[\w.+-]+/)+")
# Lines that point at something or belong to a trace, and say nothing by themselves.
EMPTY = re.compile(
    r"^[\s~^]*(<--- HERE)?\s*$|^Traceback|^File \"|^code/__torch__|^The following operation failed|^Exception raised from"
    r"|^frame #\d|^Arguments for call|^Please check the warnings|^Serialized\s+File|^Overloaded torch operator"
)
# What follows helps whoever builds the runtime, not whoever made the model.
ASIDE = re.compile(
    r"\s*(This is an internal miniz error|Please check the warnings|If you are seeing this|Please file).*$"
)
ERROR = re.compile(r"^(\w*(?:Error|Exception)): ?")
# A runtime quotes what a file holds, however long that is, and the patterns above take the square of a line's length.
# What went wrong stands at the beginning or, below a trace, at the end.
MOST_TEXT, MOST_LINE = 20_000, 1_000
NAMELESS = {"RuntimeError", "Error", "Exception"}


def useful_line(text: str, most: int = 300) -> str:
    """One line of ``text``: the first that names an error, else the first that says anything; without paths and marks.

    Empty where no line says anything.
    """
    if len(text) > MOST_TEXT:
        text = f"{text[: MOST_TEXT // 2]}\n{text[-MOST_TEXT // 2 :]}"
    lines = [" ".join(_plain(line[:MOST_LINE]).split()) for line in text.splitlines()]
    lines = [line for line in lines if line and not EMPTY.match(line)]
    named = [line for line in lines if ERROR.match(line)]
    said = (named or lines or [""])[0]
    found = ERROR.match(said)
    if found and found[1] in NAMELESS and said[found.end() :]:
        said = said[found.end() :]
    return said if len(said) <= most else said[: most - 1].rsplit(" ", 1)[0] + "…"


def raised_by_itself(text: str) -> str | None:
    """What the model's own code raised, where ``text`` is TorchScript's account of that. Else None."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    own = [line.partition(": ")[2] for line in lines if line.startswith(("builtins.", "AssertionError:"))]
    return own[-1][:300] if own and "TorchScript interpreter" in text else None


def _plain(line: str) -> str:
    line = NEXT_REASON.sub(". ", line)
    return ASIDE.sub("", FOLDERS.sub("", FUNCTION.sub("", SOURCE.sub("", RUNTIME_MARKS.sub("", line)))))
