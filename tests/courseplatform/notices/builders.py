"""Notifications, announcements and surveys of the cast's course."""

from datetime import date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.models import Enrolment, Role
from courseplatform.notices.models import Notification
from courseplatform.notices.services.announcements import Draft, announcement_create
from courseplatform.notices.services.notifications import notification_send
from courseplatform.notices.services.surveys import (
    QuestionDraft,
    SurveyDraft,
    question_add,
    survey_create,
    survey_publish,
)

NY = ZoneInfo("America/New_York")


def tell(cast, *people, kind="announcement", key="event-1", title="The lab opens", **more):
    notification_send(course=cast.course, people=people, kind=kind, key=key, title=title, **more)
    return list(Notification.objects.filter(key=key).order_by("person__email"))


def announce(cast, title="Room change", by=None, now=None, **facts):
    draft = Draft(**{"title": title, "text": "We meet in **GHC 4307**.", **facts})
    return announcement_create(visit=cast.visit(by or cast.helen), draft=draft, made_with=uuid4(), now=now)


def make_survey(cast, *, opens=None, closes=None, publish=True, **facts):
    """Open now, for six more days, with a scale, a choice and a free text, unless told otherwise."""
    now = timezone.now().astimezone(NY)
    opens, closes = opens or now - timedelta(days=1), closes or now + timedelta(days=6)
    draft = SurveyDraft(
        **{"title": "Mid-term survey", "intro": "", "opens_on": opens.date(), "opens_at": opens.time().replace(microsecond=0),
           "closes_on": closes.date(), "closes_at": closes.time().replace(microsecond=0), **facts}
    )  # fmt: skip
    visit = cast.visit(cast.helen)
    survey = survey_create(visit=visit, draft=draft, made_with=uuid4())
    question_add(survey=survey, draft=QuestionDraft("scale", "Pace?", low="slow", high="fast"))
    question_add(survey=survey, draft=QuestionDraft("choice", "Hours?", options=("few", "many")))
    question_add(survey=survey, draft=QuestionDraft("text", "What else?", is_required=False))
    if publish:
        survey_publish(visit=visit, survey=survey, now=opens - timedelta(hours=1))
        survey.refresh_from_db()
    return survey


def answers(survey, *values):
    return dict(zip(survey.questions.values_list("pk", flat=True), values, strict=False))


def students(cast, count):
    """So many more students of the course."""
    made = User.objects.bulk_create(
        User(email=f"student{n}@example.edu", name=f"Student {n}", password="!") for n in range(count)
    )
    people = list(User.objects.filter(email__in=[person.email for person in made]).order_by("pk"))
    Enrolment.objects.bulk_create(Enrolment(course=cast.course, person=person, role=Role.STUDENT) for person in people)
    return people


def notices_of(cast):
    """Placeholders of addresses, with objects that Ruth sees."""
    note = tell(cast, cast.ruth, key="for-the-addresses")[0]
    survey = make_survey(cast)
    return {
        "<int:notification>": str(note.pk), "<int:announcement>": str(announce(cast).pk), "<int:survey>": str(survey.pk),
        "<int:question>": str(survey.questions.first().pk),
    }  # fmt: skip


def at(day: date, hour: int, minute: int = 0, zone: ZoneInfo = NY) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=zone)
