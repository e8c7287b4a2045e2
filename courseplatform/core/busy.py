"""When a database says that somebody else kept a row or the file locked for too long: nothing is broken, and the same again can succeed."""

from django.db import OperationalError

from courseplatform.core.errors import Unavailable

AGAIN_IN_S = 5
# SQLite says it in words, PostgreSQL by a code: lock_timeout, deadlock, serialization failure.
SQLITE_SAYS = ("database is locked", "database table is locked", "database schema is locked")
POSTGRES_CODES = frozenset({"55P03", "40P01", "40001"})


def is_busy(error: BaseException | None) -> bool:
    """Whether this is a lock that was not had in time. What was begun is rolled back then."""
    if not isinstance(error, OperationalError):
        return False
    cause = error.__cause__
    code = getattr(cause, "pgcode", None) or getattr(cause, "sqlstate", None)
    return code in POSTGRES_CODES or str(error) in SQLITE_SAYS


def too_busy() -> Unavailable:
    return Unavailable(
        "Many people write in this moment, and this was in line for too long. Nothing of it was kept: wait a few seconds, go back, and send "
        "it once more. What is sent twice counts once.",
        code="writes_busy",
        details={"wait_s": AGAIN_IN_S},
    )
