"""How a command ends: exit codes, and the errors that lead to them. Each holds a code for programs and a sentence for people."""

from __future__ import annotations

from typing import Any

DONE, REFUSED, USAGE, SIGNED_OUT, NO_LINE, NOT_MEASURED, NOT_SAID, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130
CODES = (
    (DONE, "done"),
    (REFUSED, "the site refused it; the sentence says why, and the code stands beside it"),
    (USAGE, "wrong arguments, or a file that cannot be read or sent"),
    (SIGNED_OUT, "not signed in, or the token opens nothing any more"),
    (NO_LINE, "the site cannot be reached, or is busy: the same command later goes on"),
    (NOT_MEASURED, "the run has ended, and nothing was measured"),
    (NOT_SAID, "it would cost something, and nobody said yes"),
    (INTERRUPTED, "interrupted with Ctrl-C: the same command goes on"),
)


class Stop(Exception):
    """Ends the command. exit_code: one of `CODES`. code: stable, for programs. details: what the site said besides."""

    exit_code = REFUSED

    def __init__(self, sentence: str, code: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(sentence)
        self.sentence, self.code, self.details = sentence, code, details or {}

    def document(self) -> dict[str, Any]:
        """In the shape of the API's own refusals."""
        found: dict[str, Any] = {"code": self.code, "message": self.sentence}
        return {"error": {**found, "details": self.details} if self.details else found}


class Refused(Stop):
    """The site said no. http_status: of the answer."""

    def __init__(self, sentence: str, code: str, status: int, details: dict[str, Any] | None = None) -> None:
        super().__init__(sentence, code, details)
        self.http_status = status


class WrongUse(Stop):
    exit_code = USAGE


class SignedOut(Stop):
    exit_code = SIGNED_OUT


class NoLine(Stop):
    exit_code = NO_LINE


class NotMeasured(Stop):
    exit_code = NOT_MEASURED


class NotSaid(Stop):
    exit_code = NOT_SAID
