"""What an LMS and its people are told when something cannot be."""

from typing import Any

from courseplatform.core.errors import AppError


class LaunchRefused(AppError):
    """What the LMS sent cannot be believed, or opens nothing here. Nobody was signed in."""

    http_status = 403
    default_code = "launch_refused"
    title = "This cannot be opened from here"


class LoginRefused(LaunchRefused):
    """A sign-in that cannot begin: anybody may ask, and what was asked leads nowhere."""

    http_status = 422
    default_code = "login_incomplete"


class LinkOver(AppError):
    """A link that works once, or for some minutes."""

    http_status = 410
    default_code = "link_over"
    title = "This link is used up"


class PlatformProblem(AppError):
    """The LMS did not answer as it should.

    Attributes:
        status: what it answered (HTTP), 0: it did not.
        retry_after_s: how long it asked us to wait; 0: it did not say.
        is_passing: whether the same may work later without anybody doing anything.
    """

    http_status = 503
    default_code = "lms_does_not_answer"
    title = "The LMS did not answer"

    def __init__(
        self, message: str, *, code: str = "", status: int = 0, retry_after_s: int = 0, is_passing: bool = True
    ) -> None:
        details: dict[str, Any] = {"status": status} if status else {}
        super().__init__(message, code=code, details=details)
        self.status, self.retry_after_s, self.is_passing = status, retry_after_s, is_passing
