"""A course with a late policy and hand-ins, for the pages of its staff."""

from datetime import timedelta
from uuid import uuid4

from django.test import TestCase
from django.utils import timezone

from courseplatform.courses.models import Enrolment
from courseplatform.roster.models import CourseSection, RosterEntry
from grading.models import Extension, Submission
from grading.services.late_days import late_days_count
from grading.services.late_favours import accommodation_give, excuse_give, extension_give, owners_in
from tests.people import make_cast

PERSONAL = {"bank": {"days": 3, "owner": "person"}, "unit": {"kind": "hours"}, "penalty": {"each": 10}}
OF_TEAMS = PERSONAL | {"bank": {"days": 5, "owner": "team"}}


def late_cast(policy=PERSONAL, *, due_ago=timedelta(hours=30)):
    """The cast in a course with a policy, whose lab was due some time ago."""
    cast = make_cast()
    state(cast, policy)
    cast.lab.due_at = timezone.now() - due_ago
    cast.lab.save()
    return cast


def state(cast, policy):
    cast.course.facts = {"late_policy": {"title": "Late days", "policy": policy}}
    cast.course.save()
    cast.lab.refresh_from_db()


def handed_in(cast, person, *, team=None, ago=timedelta(), lab=None, number=1, **fields):
    """A hand-in without a file, and the count that follows it."""
    submission = Submission.objects.create(
        assignment=lab or cast.lab, person=person, team=team, number=number, received_at=timezone.now() - ago, due_at=(lab or cast.lab).due_at,
        model_file="x", file_name="x.onnx", format="onnx", size_bytes=1, sha256="0" * 64, upload_key=uuid4(), receipt=uuid4().hex, **fields,
    )  # fmt: skip
    late_days_count(course=cast.course, people={person.pk})
    return submission


def late_favours_of(cast):
    """What an address may name: one of each that Helen gave Ruth."""
    visit, owners = cast.visit(cast.helen), owners_in(cast.course, [cast.ruth])
    extension_give(visit=visit, assignment=cast.lab, owners=owners, units=1, reason="ill")
    return {
        "<int:extension>": str(Extension.objects.latest("pk").pk),
        "<int:accommodation>": str(accommodation_give(visit=visit, person=cast.ruth, extra_days=1, reason="x").pk),
        "<int:excuse>": str(excuse_give(visit=visit, assignment=cast.lab, person=cast.ruth, reason="ill").pk),
    }


def in_section(cast, name, *people):
    section, _ = CourseSection.objects.get_or_create(course=cast.course, name=name)
    for person in people:
        enrolment = Enrolment.objects.get(course=cast.course, person=person)
        entry, _ = RosterEntry.objects.get_or_create(enrolment=enrolment, course=cast.course)
        entry.sections.add(section)
    return section


def address(cast, rest):
    return f"/courses/{cast.course.slug}/{rest}"


def preview(client, url, values):
    """The first step: the page with the preview, and the digest of what it shows."""
    page = client.post(url, values | {"step": "preview"})
    found = page.context["preview"] if page.context else None
    return page, (found or {}).get("digest", "")


def apply(client, url, values, digest):
    """The second step, with the count that follows the commit."""
    with TestCase.captureOnCommitCallbacks(execute=True):
        return client.post(url, values | {"step": "apply", "seen": digest})
