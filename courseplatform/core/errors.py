"""Errors that people read and programs compare.

Tests and clients compare `code`; people read `message`, which says what is wrong, where, and what to do. The error
middleware turns any of these into a page or a JSON document with the right HTTP status, so no view catches them.
"""

from typing import Any, ClassVar


class AppError(Exception):
    """A refusal with a code.

    Attributes:
        code: snake_case, stable, compared by tests and clients.
        message: one or two sentences for the person.
        http_status: what the web answers.
        title: the head of its page, where that of its status does not say it.
        details: JSON-ready facts beside the sentence (limits, numbers), never needed to understand it.
    """

    http_status: ClassVar[int] = 400
    default_code: ClassVar[str] = "refused"
    title: ClassVar[str] = ""

    def __init__(self, message: str, *, code: str = "", details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code or self.default_code
        self.message = message
        self.details = details or {}

    def to_json(self) -> dict[str, Any]:
        return {
            "error": {"code": self.code, "message": self.message, **({"details": self.details} if self.details else {})}
        }


class BadInput(AppError):
    """What was sent cannot be used; sending something else can succeed."""

    http_status = 422
    default_code = "bad_input"


class TooLarge(AppError):
    http_status = 413
    default_code = "too_large"


class NotHere(AppError):
    """The object does not exist, or is not this person's: deliberately the same answer."""

    http_status = 404
    default_code = "not_found"


class NotSignedIn(AppError):
    """Nobody knows who is asking, or the key that was shown opens nothing. For programs; pages lead to the sign-in instead."""

    http_status = 401
    default_code = "not_signed_in"


class Forbidden(AppError):
    """The person may see that the thing exists, but may not do this."""

    http_status = 403
    default_code = "forbidden"


class NotOpenYet(Forbidden):
    """It will be this person's to see, and is not yet."""

    default_code = "not_open_yet"
    title = "Not open yet"  # marked for translation in error_pages.py: this module knows no Django


class Conflict(AppError):
    """The state changed, or does not allow this now."""

    http_status = 409
    default_code = "conflict"


class TooMany(AppError):
    """The person did this too often in a short time; later it works again."""

    http_status = 429
    default_code = "too_many"


class Unavailable(AppError):
    """Something of ours does not work now (a full disk, a missing service). Never the person's fault."""

    http_status = 503
    default_code = "unavailable"


class IllegalMove(Conflict):
    """A move that the table of moves does not hold, or that somebody else made first."""

    default_code = "illegal_move"
