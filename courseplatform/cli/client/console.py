"""Everything that is written to a terminal, a pipe or a file, and every question."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import IO, Any

from courseplatform.cli.client.text import PLAIN, clean, cut, width

TONES = {"good": "32", "warn": "33", "bad": "31", "quiet": "2", "head": "1"}
USUAL_COLUMNS = 80


class Console:
    """Results go to standard output; what is said beside them, progress and questions go to standard error.

    Colours where a terminal shows them and nobody objects (NO_COLOR, TERM=dumb). What the encoding of a stream cannot say is replaced.
    """

    def __init__(self, out: IO[str] | None = None, err: IO[str] | None = None) -> None:
        self._out, self._err = out or sys.stdout, err or sys.stderr
        self._live = 0  # columns of the line that is being written over

    @property
    def is_live(self) -> bool:
        """Whether a line can be written over, so that progress is shown."""
        return self._err.isatty() and os.environ.get("TERM") != "dumb"

    @property
    def can_ask(self) -> bool:
        return sys.stdin is not None and sys.stdin.isatty() and self._err.isatty()

    @property
    def columns(self) -> int:
        """Of the terminal that shows the results; 0: no terminal, so any width."""
        return shutil.get_terminal_size((USUAL_COLUMNS, 24)).columns if self._out.isatty() else 0

    def out(self, text: str = "") -> None:
        """A line of the result, which was made of `clean` text."""
        self._write(self._out, text + "\n")

    def lines(self, lines: list[str]) -> None:
        for line in lines:
            self.out(line)

    def json(self, document: Any) -> None:
        """Plain ASCII: the same bytes on every terminal, and no escape that one would obey."""
        self._write(self._out, json.dumps(document, indent=2).replace("\x7f", "\\u007f") + "\n")

    def say(self, text: str) -> None:
        """A line beside the result."""
        self.settle()
        self._write(self._err, text + "\n")

    def fault(self, sentence: str, code: str) -> None:
        word = self.toned("Stopped:", "bad", err=True)
        self.say(f"{word} {clean(sentence)}" + (f"\nCode: {clean(code)}" if code else ""))

    def update(self, text: str) -> None:
        """Writes over the line before. Only where `is_live`."""
        shown = cut(text, max(shutil.get_terminal_size((USUAL_COLUMNS, 24)).columns - 1, 20))
        self._write(self._err, "\r" + shown + " " * max(self._live - width(shown), 0))
        self._live = width(shown)

    def settle(self) -> None:
        """Takes the line away that was written over."""
        if self._live:
            self._write(self._err, "\r" + " " * self._live + "\r")
            self._live = 0

    def ask(self, question: str) -> bool:
        """Yes or no, no where nothing is said."""
        self.settle()
        self._write(self._err, f"{question} [y/N] ")
        try:
            return sys.stdin.readline().strip().lower() in ("y", "yes")
        except UnicodeDecodeError:
            return False

    def toned(self, text: str, tone: str, *, err: bool = False) -> str:
        return (
            f"\x1b[{TONES[tone]}m{text}\x1b[0m" if tone and self._has_colour(self._err if err else self._out) else text
        )

    def _has_colour(self, stream: IO[str]) -> bool:
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
            return False
        return os.name != "nt" or bool(os.environ.get("WT_SESSION") or os.environ.get("ANSICON"))

    def _write(self, stream: IO[str], text: str) -> None:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        try:
            text.encode(encoding)
        except UnicodeEncodeError:
            text = text.translate(PLAIN).encode(encoding, "replace").decode(encoding)
        stream.write(text)
        stream.flush()
