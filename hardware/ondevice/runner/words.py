"""How a run of the agent ends, for whoever started it, and the errors that lead there."""

from __future__ import annotations

DONE, FAILED, USAGE, REVOKED, TOO_OLD, NOT_READY = 0, 1, 2, 3, 4, 5
EXIT_CODES = (
    "exit codes: 0 done or drained; 1 failed; 2 wrong arguments; 3 the site has revoked this runner; "
    "4 the site speaks another version of the protocol; 5 not enrolled, or its folder cannot be used"
)


class RunnerError(Exception):
    """A sentence for whoever runs the agent, and the exit code that goes with it."""

    exit_code = FAILED


class NotReady(RunnerError):
    """Not enrolled, or the folder is not fit to hold a token."""

    exit_code = NOT_READY


class Revoked(RunnerError):
    """The site does not take this token any more (401). ``for_good``: somebody has revoked it, and it will not come back."""

    exit_code = REVOKED

    def __init__(self, sentence: str, for_good: bool = False) -> None:
        super().__init__(sentence)
        self.for_good = for_good


class TooOld(RunnerError):
    """The site speaks no version of the protocol that this agent speaks (426)."""

    exit_code = TOO_OLD


class Unreachable(Exception):
    """The site gave no answer that counts: no connection, a timeout, 429 or 5xx. It is asked again, ``after_s`` at the earliest."""

    def __init__(self, sentence: str, after_s: float = 0.0) -> None:
        super().__init__(sentence)
        self.after_s = after_s


class LeaseLost(Exception):
    """The job is no longer ours (410)."""


class DiskFull(Exception):
    """What should be kept does not fit on this disk."""
