"""While staff see a course as a student, the database takes no writing from the page: what a view would note in the student's name is refused."""

import re
from collections.abc import Callable
from typing import Any

from courseplatform.core.errors import Forbidden

READS = re.compile(
    r"\s*(SELECT|WITH(?!.*\b(INSERT|UPDATE|DELETE)\b)|SAVEPOINT|RELEASE|ROLLBACK|BEGIN|PRAGMA|EXPLAIN)\b",
    re.IGNORECASE | re.DOTALL,
)


class WhileViewing(Forbidden):
    """What whoever views as a student may not do, and may do as oneself."""

    title = "You view as a student"


def read_only(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """For `connection.execute_wrapper`. Raises WhileViewing (`viewing_cannot_write`); what was begun is rolled back."""
    if not READS.match(sql):
        said = "This page would note something in the student's name, and while you view the course as a student nothing is written."
        raise WhileViewing(said, code="viewing_cannot_write")
    return execute(sql, params, many, context)
