"""The credit for a survey that was completed, where the course's scheme has one."""

import random

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.notices.models.surveys import Survey
from courseplatform.participation.services.credits import credit_grant


def survey_credits_grant(survey: Survey, persons: set[int]) -> None:
    """Everybody at once and in no order, when the survey has ended: neither time nor place of a credit says who answered what."""
    people = list(User.objects.filter(pk__in=persons))
    now = timezone.now()
    random.SystemRandom().shuffle(people)
    for person in people:
        credit_grant(
            course=survey.course, person=person, kind="evaluation", source_key=f"survey:{survey.pk}",
            reason=f"Completed: {survey.title}", given_by="survey", now=now,
        )  # fmt: skip
