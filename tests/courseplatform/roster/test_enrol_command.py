"""The first instructor of an imported course comes in by a command."""

from io import StringIO

import pytest
from django.core.management import call_command

from courseplatform.courses.models import Course, Enrolment
from courseplatform.roster.models import Invitation

pytestmark = pytest.mark.django_db


def enrol(*args):
    out, err = StringIO(), StringIO()
    try:
        call_command("enrol", *args, stdout=out, stderr=err)
    except SystemExit as stopped:
        return stopped.code, err.getvalue()
    return 0, out.getvalue()


def test_a_new_instructor_is_made_enrolled_and_invited():
    course = Course.objects.create(slug="new", title="New")
    assert enrol("new", "Prof@Example.edu", "--name", "Ada Prof") == (0, "Prof@Example.edu is instructor of new\n")
    enrolment = Enrolment.objects.get(course=course)
    assert (enrolment.person.email, enrolment.role) == ("prof@example.edu", "instructor")
    assert Invitation.objects.filter(enrolment=enrolment).exists()


def test_a_second_time_and_an_unknown_course_are_refused_with_a_code():
    Course.objects.create(slug="new", title="New")
    enrol("new", "prof@example.edu")
    assert enrol("new", "prof@example.edu")[0] == 2
    code, said = enrol("nothing", "prof@example.edu")
    assert code == 2
    assert said.startswith("no_such_course:")
