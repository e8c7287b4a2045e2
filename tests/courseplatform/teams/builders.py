"""Teams, slots and rounds of the cast."""

from datetime import time, timedelta

from django.utils import timezone
from django.utils.text import slugify

from courseplatform.courses.models import Enrolment, Role
from courseplatform.teams.models import FeedbackRound, Membership, Slot, Team
from courseplatform.teams.services.feedback import feedback_round_create
from tests.people import make_user


def make_team(cast, name, *people, since=None, **fields):
    """A team whose members joined an hour ago, or at `since`."""
    team = Team.objects.create(course=cast.course, name=name, slug=slugify(name), **fields)
    for person in people:
        Membership.objects.create(
            team=team, course=cast.course, person=person, since_at=since or timezone.now() - timedelta(hours=1), begun_by="test"
        )  # fmt: skip
    return team


def make_students(cast, count, prefix="Student"):
    """So many more students of the course, without a team; made in bulk, for pages of 600."""
    from courseplatform.accounts.models import User

    people = User.objects.bulk_create(
        User(email=f"{prefix.lower()}{n}@example.edu", name=f"{prefix} {n:03d}") for n in range(count)
    )
    Enrolment.objects.bulk_create(Enrolment(course=cast.course, person=person, role=Role.STUDENT) for person in people)
    return people


def make_student(cast, name):
    person = make_user(name)
    Enrolment.objects.create(course=cast.course, person=person, role=Role.STUDENT)
    return person


def make_slot(cast, *, days=7, starts=time(9, 50), ends=time(10, 5), staff=None, **fields):
    day = timezone.localdate(timezone.now(), cast.course.tz) + timedelta(days=days)
    facts = {"place": "Zoom", "change_until": time(18)} | fields
    return Slot.objects.create(course=cast.course, staff=staff or cast.amit, day=day, starts=starts, ends=ends, **facts)


def make_round(cast, *teams, hours=2):
    """A round that is open now with the default questions."""
    now = timezone.now()
    return feedback_round_create(
        visit=cast.visit(cast.helen), title="Project sharing 1", opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(hours=hours), teams=list(teams),
    )  # fmt: skip


def close(round_: FeedbackRound):
    round_.closes_at = timezone.now() - timedelta(minutes=1)
    round_.save()


def set_sizes(cast, least, most):
    cast.course.facts = {"project": {"teams": {"least": least, "most": most}}}
    cast.course.save()


def scores(round_, *values, text=""):
    """Answers of a form: the scales in their order, then the free text."""
    keys = [question.pk for question in round_.questions.all()]
    return dict(zip(keys, [*values, text], strict=True))
