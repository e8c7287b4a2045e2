"""What the forms of loans send: a day, a photo, a key."""

from datetime import date, datetime, time

from django.core.exceptions import ValidationError
from django.http import HttpRequest

from courseplatform.core.errors import AppError, BadInput
from courseplatform.core.form_fields import check_year
from courseplatform.core.image_files import MOST_BYTES
from courseplatform.courses.models import Course

LAST_MINUTE = time(23, 59)


def day_end(course: Course, text: str) -> datetime:
    """The last minute of a day in the course's zone, of a year that a course may have. Raises BadInput (`bad_day`)."""
    try:
        day = date.fromisoformat(text.strip())
        check_year(day)
        return course.wall(day, LAST_MINUTE)
    except ValidationError as error:
        raise BadInput(error.messages[0], code="bad_day") from error
    except ValueError as error:
        raise BadInput("Choose the day on which it comes back, as year, month and day: 2023-12-07.", code="bad_day") from error  # fmt: skip


def photo_of(request: HttpRequest, name: str = "photo") -> bytes | None:
    """The photo that came in a field of a form, None without one. Raises what an upload was refused for."""
    refused = getattr(request, "upload_refused", None)
    if isinstance(refused, AppError):
        raise refused
    upload = request.FILES.get(name)
    return upload.read(MOST_BYTES + 1) if upload else None
