"""Telling the members of a course what was changed on its published schedule."""

from django.urls import reverse

from courseplatform.accounts.models import User
from courseplatform.courses.models import ScheduleChange
from courseplatform.notices.services.notifications import notification_send


def schedule_change_tell(change: ScheduleChange) -> None:
    """Everybody in the course but whoever made the change; once, however often it is called."""
    people = User.objects.filter(enrolments__course=change.course, enrolments__is_active=True).exclude(email=change.by)
    notification_send(
        course=change.course, people=people, kind="schedule", key=f"schedule-change-{change.pk}", title=change.sentence[:200].rstrip("."),
        path=reverse("courses:schedule", args=[change.course.slug]) + (f"#session-{change.session_id}" if change.session_id else ""),
    )  # fmt: skip
