"""What notices adds to the course home."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from courseplatform.core.kept import kept_rows
from courseplatform.core.prepared import Prepared
from courseplatform.courses.access import Visit
from courseplatform.notices.models.announcements import Announcement
from courseplatform.notices.models.surveys import Completion, Phase, Survey, SurveyStatus
from courseplatform.notices.selectors.announcements import home_rows
from courseplatform.notices.services.announcements import announcements_publish_due

ANSWERED = Prepared(
    lambda course, person: Completion.objects.filter(survey__course=course, person=person), course=int, person=int
)


def announcements(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """Whoever reads publishes what is due, so that a worker that is down makes nothing late."""
    course = visit.course

    def scheduled() -> QuerySet[Announcement]:
        return Announcement.objects.scheduled().filter(course=course).select_related("course")

    waiting = kept_rows("scheduled announcements", course.pk, scheduled)
    coming = [item.goes_out for item in waiting]
    if any(at is not None and at <= now for at in coming):
        announcements_publish_due(course=visit.course, now=now)
    rows = home_rows(visit, now)
    return {"rows": rows} if rows else None


def surveys(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """The open surveys, for students until they have answered, for staff with the count."""

    def published() -> QuerySet[Survey]:
        found = Survey.objects.filter(course=visit.course, status=SurveyStatus.PUBLISHED, ended_at=None)
        return found.select_related("course")

    standing = kept_rows("surveys", visit.course.pk, published)
    open_now = [survey for survey in standing if survey.phase(now) == Phase.OPEN]
    if not open_now:
        return None
    if visit.is_staff:
        counted = list(Completion.objects.filter(survey__in=open_now).values_list("survey", flat=True))
        return {"rows": [{"survey": survey, "answered": counted.count(survey.pk)} for survey in open_now]}
    mine = {row.survey_id for row in ANSWERED(course=visit.course.pk, person=visit.person.pk)}
    rows = [{"survey": survey} for survey in open_now if survey.pk not in mine]
    return {"rows": rows} if rows else None
