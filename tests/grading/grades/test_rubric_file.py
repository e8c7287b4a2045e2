"""The rubric and the regrade rules in the course file: read, given back, and kept where somebody was graded."""

from decimal import Decimal

import pytest
import yaml

from courseplatform.courses.course_file.reading import FileError
from courseplatform.courses.course_file.service import course_import, export_text, plan_import
from courseplatform.courses.models import Course
from grading.models import Assignment, GradeEvent, RubricItem
from tests.people import make_user

pytestmark = pytest.mark.django_db
FILE = """
course: {slug: small, title: Small, zone: America/New_York, starts_on: 2024-01-15, ends_on: 2024-03-29}
assignments:
  - slug: lab1
    kind: lab
    short: Lab 1
    points: 5
    rubric:
      - {key: report, title: Report, points: 3, note: "one page"}
      - {key: plot, title: Plot, points: 1.75}
    regrades: {opens_hours: 0, closes_days: 5}
"""


def load(text, **more):
    course, report = course_import(plan=plan_import(text.encode(), **more))
    return course, report


def codes(text):
    with pytest.raises(FileError) as caught:
        plan_import(text.encode())
    return [(found.line, found.code) for found in caught.value.findings]


def items(**more):
    return [(row.key, row.points, row.is_withdrawn) for row in RubricItem.objects.filter(**more)]


def test_a_rubric_is_read_in_its_order_and_given_back_equal():
    course, _ = load(FILE)
    assert items() == [("report", Decimal("3.00"), False), ("plot", Decimal("1.75"), False)]
    given = yaml.safe_load(export_text(course))["assignments"]
    assert given == yaml.safe_load(FILE)["assignments"]


def test_an_item_that_nobody_used_leaves_with_its_line_and_one_that_was_used_is_withdrawn():
    load(FILE)
    lab, person = Assignment.objects.get(), make_user("Ruth")
    report = RubricItem.objects.get(key="report")
    GradeEvent.objects.create(assignment=lab, person=person, kind="rubric", item=report, points=2, actor="Amit")
    less = FILE.replace('      - {key: report, title: Report, points: 3, note: "one page"}\n', "")
    load(less.replace("key: plot", "key: drawing"))
    assert items() == [("report", Decimal("3.00"), True), ("drawing", Decimal("1.75"), False)]
    load(FILE)
    assert items(key="report") == [("report", Decimal("3.00"), False)]


def test_an_assignment_that_was_graded_is_kept_when_it_leaves_the_file():
    load(FILE)
    lab = Assignment.objects.get()
    GradeEvent.objects.create(assignment=lab, person=make_user("Ruth"), kind="override", points=2, actor="Amit")
    load(FILE.replace("slug: lab1", "slug: lab2"))
    assert list(Assignment.objects.order_by("pk").values_list("slug", "is_withdrawn")) == [
        ("lab1", True),
        ("lab2", False),
    ]


def test_points_that_do_not_add_up_are_told_and_taken():
    _, report = load(FILE)
    assert [line for line in report if "add up" in line] == [
        "Lab 1: the items of the rubric add up to 4.75, and points says 5."
    ]
    assert Course.objects.get().assignments.count() == 1


def test_a_key_that_stands_twice_is_refused_with_its_line():
    assert codes(FILE.replace("key: plot", "key: report")) == [(10, "twice")]


def test_requests_that_close_before_they_open_are_refused():
    assert codes(FILE.replace("opens_hours: 0, closes_days: 5", "opens_hours: 48, closes_days: 2")) == [
        (11, "ends_before_it_begins")
    ]


@pytest.mark.parametrize("wrong", ["points: 0}", "points: -1}", "points: 1, worth: 2}"])
def test_an_item_gives_points_and_says_nothing_else(wrong):
    assert codes(FILE.replace("points: 1.75}", wrong))[0][0] == 10
