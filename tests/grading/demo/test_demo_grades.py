"""The demo shows a released grade with its reasons, and one regrade request that waits."""

from datetime import datetime
from decimal import Decimal
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from grading.demo import grades, load
from grading.grade_facts import grade_for, measured_of
from grading.models import Assignment, GradeEvent, GradeRelease, RegradeRequest

NOW = datetime(2026, 11, 24, 10, 12, tzinfo=ZoneInfo("America/New_York"))
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def demo(module_dir):
    took = {}
    real = grades.load

    def timed(**facts):
        began = perf_counter()
        real(**facts)
        took["s"] = perf_counter() - began

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(grades, "load", timed)
        assert load.load_demo(now=NOW)
    return took


def test_one_lab_is_graded_and_released_and_one_request_waits(demo):
    lab = Assignment.objects.get(course__slug=load.SLUG, slug=grades.LAB)
    daniel = User.objects.get(email="daniel.park@example.edu")
    grade = grade_for(lab, daniel)
    assert (grade.points_of("discussion"), grade.points_of("report"), grade.of) == (Decimal("0.75"), 2, 10)
    assert [option.title for option in grade.line_of("report").ticked] == [
        "Complete: set-up, numbers with units, one plot"
    ]
    assert GradeRelease.objects.get(assignment=lab).is_released
    row = RegradeRequest.objects.get()
    assert (row.person, row.status, row.graded_by) == (daniel, "open", "Amit Rosen")


def test_what_was_graded_stands_in_the_order_of_its_days(demo):
    days = list(GradeEvent.objects.order_by("person", "pk").values_list("person", "made_at"))
    assert days == sorted(days)
    assert max(at for _, at in days) < NOW


def test_the_rubric_of_the_demo_adds_up_to_its_points(demo):
    lab = Assignment.objects.get(course__slug=load.SLUG, slug=grades.LAB)
    assert [(item.title, item.points) for item in lab.rubric.all()] == [
        ("Report", 2),
        ("Discussion", 1),
        ("Extra credit", 2),
    ]
    assert sum(item.points for item in lab.rubric.filter(is_extra=False)) + measured_of(lab) == lab.points == 10


def test_four_reports_are_released_and_the_fifth_waits(demo):
    released = GradeRelease.objects.filter(assignment__kind="report", is_released=True)
    assert sorted(released.values_list("assignment__slug", flat=True)) == ["report1", "report2", "report3", "report4"]
    assert GradeEvent.objects.filter(assignment__slug="report5").exists()


def test_it_takes_less_than_a_second(demo):
    assert Course.objects.filter(slug=load.SLUG).exists()
    assert demo["s"] < 1
