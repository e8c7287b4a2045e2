"""What the clock does with surveys: says that one is open, reminds once, ends it. Each is claimed by a conditional update."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.models import Role
from courseplatform.notices import hooks
from courseplatform.notices.models.surveys import Phase, Survey, SurveyStatus
from courseplatform.notices.services.notifications import notification_send

REMIND_BEFORE = timedelta(hours=24)
SHORTEST_WITH_REMINDER = timedelta(hours=48)


def _running() -> Iterator[Survey]:
    """Published and not ended: few at any time."""
    yield from Survey.objects.filter(status=SurveyStatus.PUBLISHED, ended_at=None).select_related("course")


def _students(survey: Survey) -> "list[User]":
    active = User.objects.filter(
        enrolments__course=survey.course_id, enrolments__is_active=True, enrolments__role=Role.STUDENT
    )
    return list(active.distinct())


def surveys_tell_due(*, now: datetime | None = None) -> None:
    """Say that a survey is open; remind once, a day before its end, who has not answered."""
    now = now or timezone.now()
    for survey in _running():
        if survey.phase(now) != Phase.OPEN:
            continue
        if survey.told_at is None:
            _tell_open(survey, now)
        is_late = now >= survey.closes - REMIND_BEFORE
        if survey.reminded_at is None and is_late and survey.closes - survey.opens >= SHORTEST_WITH_REMINDER:
            _remind(survey, now)


@transaction.atomic
def _tell_open(survey: Survey, now: datetime) -> None:
    if Survey.objects.filter(pk=survey.pk, told_at=None).update(told_at=now):
        until = f"{survey.closes:%a %b %-d, %H:%M %Z}"
        notification_send(
            course=survey.course, people=_students(survey), kind="survey", key=f"survey-{survey.pk}-open",
            title=f"{survey.title} is open until {until}", text="Your answers are anonymous; only that you answered is recorded.",
            path=survey.get_absolute_url(),
        )  # fmt: skip


@transaction.atomic
def _remind(survey: Survey, now: datetime) -> None:
    if Survey.objects.filter(pk=survey.pk, reminded_at=None).update(reminded_at=now):
        done = set(survey.completions.values_list("person", flat=True))
        notification_send(
            course=survey.course, people=[person for person in _students(survey) if person.pk not in done], kind="survey",
            key=f"survey-{survey.pk}-reminder", title=f"{survey.title} closes {survey.closes:%a %b %-d, %H:%M %Z}",
            text="You have not answered it yet. It takes a few minutes, and nobody can see who answered what.",
            path=survey.get_absolute_url(),
        )  # fmt: skip


def surveys_end_due(*, now: datetime | None = None) -> None:
    """End those whose hour has come."""
    now = now or timezone.now()
    for survey in _running():
        if survey.closes <= now:
            survey_end(survey=survey, now=now)


@transaction.atomic
def survey_end(*, survey: Survey, now: datetime | None = None) -> bool:
    """End a survey for good and tell who listens for credit. Returns False when it had ended already."""
    found = Survey.objects.select_for_update().get(pk=survey.pk)  # an answer in progress is finished first
    if not Survey.objects.filter(pk=found.pk, ended_at=None).update(ended_at=now or timezone.now()):
        return False
    if found.gives_credit:
        people = set(found.completions.values_list("person", flat=True))
        for listener in hooks.survey_ended:
            listener(found, people)
    return True
