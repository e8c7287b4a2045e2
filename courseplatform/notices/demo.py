"""What the demo course has been told, and asked: announcements of ten weeks, one that waits, a survey that is open and one that has ended."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from uuid import uuid4

from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Role
from courseplatform.notices.models import Announcement, Notification, Survey
from courseplatform.notices.services.announcements import Draft, announcement_create, announcement_edit
from courseplatform.notices.services.answers import survey_answer
from courseplatform.notices.services.survey_clock import survey_end, surveys_tell_due
from courseplatform.notices.services.surveys import SurveyDraft, survey_create, survey_publish

WELCOME = """Everything of the course stands here: the schedule, your labs with what was measured, papers and teams.

- Hand in as often as the lab allows; the best measured attempt counts.
- Late days belong to your **team**. The assignment page shows what one would cost before you hand in.
- Questions that others may have too are worth asking in class: novel ones count for participation."""
BOARDS = """The power meters read **too high below 0.4 A** when the board is fed through the hub. Plug the supply into the meter directly.

| fed through | shown at idle | true |
|---|---|---|
| hub | 0.52 A | 0.38 A |
| wall supply | 0.38 A | 0.38 A |

Runs of Lab 2 are not affected: nothing of its points is measured with the meter."""
ROOM = "The next discussion is in **GHC 4307**, because of an event in DH 1212. Same hour; bring your boards."
SPEED = "Teams that still look for a third member: stay ten minutes after class, we bring people together."
GRADERS = (
    "Lab 2: please compare notes on the accuracy item before you release, the first ten reports differ by half a point."
)
FINAL = """The final presentations are spread over the last two meetings. Choose a slot on your team's page once it opens.

Each team has **8 minutes and 4 for questions**; bring the measured energy of your last model, not the modelled one."""


def load(*, course: Course, people: Mapping[str, User], now: datetime) -> None:
    """Called once on a fresh demo course. What is told here is told in the past: it sends no mail."""
    helen = Visit(people["helen.castell@example.edu"], course, Role.INSTRUCTOR)
    amit = Visit(people["amit.rosen@example.edu"], course, Role.TA)
    _announcements(course, helen, amit, now)
    _surveys(course, helen, people, now)
    _as_if_told_then(course, now)


def _announcements(course: Course, helen: Visit, amit: Visit, now: datetime) -> None:
    told = (
        (helen, 62, time(10, 15), Draft("Welcome to On-Device Machine Learning", WELCOME, is_public=True)),
        (amit, 40, time(17, 40), Draft("Looking for a team", SPEED, audience=Announcement.Audience.STUDENTS)),
        (amit, 9, time(18, 5), Draft("Before you grade Lab 2", GRADERS, audience=Announcement.Audience.STAFF)),
        (helen, 5, time(13, 20), Draft("Power meters: do not feed the board through the hub", BOARDS, is_pinned=True)),
        (helen, 1, time(16, 45), Draft("Next discussion in GHC 4307", ROOM, is_urgent=True)),
    )
    today = timezone.localdate(now, course.tz)
    for visit, days, at, draft in told:
        then = course.wall(today - timedelta(days=days), at)
        made = announcement_create(visit=visit, draft=draft, made_with=uuid4(), now=then)
        if draft.is_pinned:
            announcement_edit(visit=visit, announcement=made, draft=draft, revision=0, now=then + timedelta(hours=21))
    day = today + timedelta(days=3)
    later = Draft("Final presentations: how it goes", FINAL, goes_out_on=day, goes_out_at=time(9))
    announcement_create(visit=helen, draft=later, made_with=uuid4(), now=now)


EARLY = (  # pace, lectures, labs, hours, what should stay, what should change
    ("3", "4", "5", "6 to 9", "The measured numbers after each hand-in.", ""),
    ("4", "4", "4", "10 to 12", "", "More time between Lab 1 and Lab 2."),
    (
        "3",
        "5",
        "4",
        "6 to 9",
        "Papers in class, with the strengths and weaknesses first.",
        "Slides before the lecture, please.",
    ),
    ("4", "3", "5", "10 to 12", "Office hours on Tuesday.", ""),
    ("2", "4", "4", "fewer than 6", "", "A harder variant of the labs for those who want one."),
    ("4", "4", "5", "13 to 15", "Working with the boards in class.", "A second power meter for each table."),
)
ANSWERED_NOW = 3


def _surveys(course: Course, helen: Visit, people: Mapping[str, User], now: datetime) -> None:
    students = [
        person
        for email, person in people.items()
        if course.enrolments.filter(person=person, role=Role.STUDENT).exists()
    ]
    today = timezone.localdate(now, course.tz)
    early = _survey(helen, "First weeks", today - timedelta(days=45), today - timedelta(days=38))
    midterm = _survey(helen, "Mid-term survey", today - timedelta(days=2), today + timedelta(days=5))
    answering = students[::-1]  # Ruth comes last: she has the open one before her
    for survey, count, at in ((early, len(EARLY), early.opens + timedelta(hours=1)), (midterm, ANSWERED_NOW, now)):
        questions = list(survey.questions.values_list("pk", flat=True))
        for person, answers in zip(answering[:count], EARLY, strict=False):
            values = dict(zip(questions, answers, strict=True))
            survey_answer(visit=Visit(person, course, Role.STUDENT), survey=survey, values=values, now=at)
    Survey.objects.filter(pk=early.pk).update(told_at=early.opens, reminded_at=early.closes)
    survey_end(survey=early, now=early.closes)
    surveys_tell_due(now=now)


def _survey(visit: Visit, title: str, first: date, last: date) -> Survey:
    draft = SurveyDraft(
        title=title, intro="Six questions, about three minutes. We read everything and say in class what we change.",
        opens_on=first, opens_at=time(9), closes_on=last, closes_at=time(23, 59),
    )  # fmt: skip
    made = survey_create(visit=visit, draft=draft, made_with=uuid4(), usual_questions=True)
    survey_publish(visit=visit, survey=made, now=made.opens - timedelta(hours=1))
    return made


def _as_if_told_then(course: Course, now: datetime) -> None:
    """Give what was told its hour, and nothing left to mail."""
    mine = Notification.objects.filter(course=course, kind__in=("announcement", "urgent", "survey"))
    for announcement in course.announcements.published():
        at = announcement.published_at
        told = mine.filter(key=announcement.key)
        told.update(made_at=at, mailed_at=at, mail_after=None)
        if at is not None and at < now - timedelta(days=3):
            told.update(read_at=at + timedelta(hours=2))
    mine.filter(kind="survey").update(
        made_at=now - timedelta(days=2), mailed_at=now - timedelta(days=2), mail_after=None
    )
