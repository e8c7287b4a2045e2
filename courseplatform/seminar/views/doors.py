"""What only students do: staff see the same page, and are told so when they try."""

from courseplatform.core.errors import Forbidden
from courseplatform.courses.access import Visit


def only_students(visit: Visit) -> None:
    """Raises Forbidden (`students_only`)."""
    if visit.is_staff:
        raise Forbidden(
            "Students of the course do this; staff have their own buttons on the page of papers.", code="students_only"
        )
