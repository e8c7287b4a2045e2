"""What the clock brings: scheduled announcements, surveys that open or end. Every part may run twice and at once."""

from datetime import datetime

from django.utils import timezone

from courseplatform.notices.services.announcements import announcements_publish_due
from courseplatform.notices.services.survey_clock import surveys_end_due, surveys_tell_due


def run(now: datetime | None = None) -> None:
    now = now or timezone.now()
    announcements_publish_due(now=now)
    surveys_tell_due(now=now)
    surveys_end_due(now=now)
