"""When a database is busy (somebody else kept a row or the file locked for too long) or away: nothing is broken, and the same again can succeed."""

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext

from courseplatform.core.errors import Unavailable

AGAIN_IN_S = 5
# SQLite says it in words, PostgreSQL by a code: lock_timeout, deadlock, serialization failure.
SQLITE_SAYS = ("database is locked", "database table is locked", "database schema is locked")
POSTGRES_CODES = frozenset({"55P03", "40P01", "40001"})


# It starts or stops, has thrown us out, has no room for one more of us, or none on its disk.
POSTGRES_AWAY = frozenset({"57P01", "57P02", "57P03", "57P05", "53100", "53200", "53300"})


def is_busy(error: BaseException | None) -> bool:
    """Whether this is a lock that was not had in time. What was begun is rolled back then."""
    if not isinstance(error, OperationalError):
        return False
    cause = error.__cause__
    code = getattr(cause, "pgcode", None) or getattr(cause, "sqlstate", None)
    return code in POSTGRES_CODES or str(error) in SQLITE_SAYS


def is_away(error: BaseException | None) -> bool:
    """Whether PostgreSQL cannot be reached, or cannot serve anybody now. What was begun is rolled back then."""
    cause = error.__cause__ if isinstance(error, OperationalError | InterfaceError) else None
    if not hasattr(cause, "pgcode"):
        return False
    code = getattr(cause, "pgcode", None)
    return (
        code is None or code in POSTGRES_AWAY or str(code).startswith("08")
    )  # none: the line broke before it could say one


def away() -> Unavailable:
    return Unavailable(
        gettext(
            "Our database does not answer in this moment; it is not your fault. What has a receipt is safe. Whether what you sent just now was "
            "kept is not known: wait a few seconds, go back, and send it once more. What is sent twice counts once."
        ),
        code="database_away",
        details={"wait_s": AGAIN_IN_S},
    )


def too_busy() -> Unavailable:
    return Unavailable(
        gettext(
            "Many people write in this moment, and this was in line for too long. Nothing of it was kept: wait a few seconds, go back, and send "
            "it once more. What is sent twice counts once."
        ),
        code="writes_busy",
        details={"wait_s": AGAIN_IN_S},
    )
