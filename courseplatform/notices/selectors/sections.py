"""What notices adds to the course home."""

from datetime import datetime
from typing import Any

from courseplatform.courses.access import Visit
from courseplatform.notices.models.surveys import Completion, Phase, Survey, SurveyStatus
from courseplatform.notices.selectors.announcements import home_rows
from courseplatform.notices.services.announcements import announcements_publish_due


def announcements(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """Whoever reads publishes what is due, so that a worker that is down makes nothing late."""
    announcements_publish_due(course=visit.course, now=now)
    rows = home_rows(visit, now)
    return {"rows": rows} if rows else None


def surveys(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """The open surveys, for students until they have answered, for staff with the count."""
    published = Survey.objects.filter(course=visit.course, status=SurveyStatus.PUBLISHED, ended_at=None)
    open_now = [survey for survey in published.select_related("course") if survey.phase(now) == Phase.OPEN]
    if not open_now:
        return None
    done = Completion.objects.filter(survey__in=open_now)
    if visit.is_staff:
        counted = list(done.values_list("survey", flat=True))
        return {"rows": [{"survey": survey, "answered": counted.count(survey.pk)} for survey in open_now]}
    mine = set(done.filter(person=visit.person).values_list("survey", flat=True))
    rows = [{"survey": survey} for survey in open_now if survey.pk not in mine]
    return {"rows": rows} if rows else None
