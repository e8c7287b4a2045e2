"""A course file that changes a rubric says whose grade it changes before it is taken, and then changes exactly those."""

import pytest
import yaml
from django.utils import timezone

from courseplatform.courses.course_file.reading import FileError
from courseplatform.courses.course_file.service import course_import, plan_import, sign_of
from courseplatform.courses.models import Enrolment, Role
from grading.grade_facts import grade_for
from grading.models import Assignment, GradeEvent, RubricItem
from grading.models.grades import GradeRelease
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
      - key: report
        title: Report
        points: 3
        options:
          - {key: complete, title: Complete, points: 3}
          - {key: interval, title: No interval, points: -0.25}
      - {key: plot, title: Plot, points: 2}
"""
DEARER = FILE.replace("-0.25", "-0.5")


@pytest.fixture
def people():
    course, _ = course_import(plan=plan_import(FILE.encode()))
    lab, found = Assignment.objects.get(), [make_user(f"Person{n:02}") for n in range(10)]
    report, plot = RubricItem.objects.get(key="report"), RubricItem.objects.get(key="plot")
    for person in found:
        Enrolment.objects.create(course=course, person=person, role=Role.STUDENT)
        GradeEvent.objects.create(assignment=lab, person=person, kind="rubric", item=report, points="2.75",
                                  options=["complete", "interval"], actor="Amit")  # fmt: skip
        GradeEvent.objects.create(assignment=lab, person=person, kind="rubric", item=plot, points=2, actor="Amit")
    return found


def notes(text):
    return [note for note in plan_import(text.encode()).notes if note.startswith("Lab 1: ")]


def test_the_notes_say_whose_grade_would_change_by_how_much_and_who_sees_it(people):
    (note,) = notes(DEARER)
    assert note.startswith(
        "Lab 1: its rubric would change 10 grades, by \N{MINUS SIGN}2.50 points together: Person00: 4.75 \N{RIGHTWARDS ARROW} 4.50; "
    )
    assert note.endswith("; and 2 more.")
    GradeRelease.objects.create(assignment=Assignment.objects.get(), is_released=True, by="H", at=timezone.now())
    assert "10 grades, which students see, by" in notes(DEARER)[0]


def test_looking_writes_nothing_and_taking_writes_what_was_said(people):
    plan = plan_import(DEARER.encode())
    assert GradeEvent.objects.count() == 20
    course_import(plan=plan)
    assert {f"{grade_for(Assignment.objects.get(), one).points}" for one in people} == {"4.50"}
    assert GradeEvent.objects.count() == 30 and GradeEvent.objects.last().actor == "course file"


def test_what_goes_back_to_be_graded_and_what_opens_is_said(people):
    one_of = FILE.replace("      - {key: plot", "        exactly_one: true\n      - {key: plot")
    assert "10 go back to be graded." in notes(one_of)[0]
    more = FILE + "      - {key: table, title: Table, points: 1}\n"
    assert notes(more) == ["Lab 1: 10 grades that were complete would have something to be graded."]


def test_an_import_that_leaves_the_rubric_says_nothing_of_it(people):
    assert notes(FILE.replace("title: Plot", "title: Drawing")) == []
    assert notes(FILE.replace("title: Small", "title: Large")) == []


def test_a_grade_that_came_meanwhile_makes_another_plan_of_it(people):
    before = sign_of(plan_import(DEARER.encode()))
    GradeEvent.objects.create(
        assignment=Assignment.objects.get(), person=people[0], kind="rubric", item=RubricItem.objects.get(key="report"),
        points=3, options=["complete"], actor="Amit",
    )  # fmt: skip
    assert sign_of(plan_import(DEARER.encode())) != before


def test_options_and_their_flags_survive_the_file(people):
    given = yaml.safe_load(DEARER)
    course_import(plan=plan_import(yaml.safe_dump(given).encode()))
    assert plan_import(yaml.safe_dump(given).encode()).changes == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("points: -0.25", "points: -0.255", "too_many_decimals"),
        ("title: Plot, points: 2", "title: Plot, points: 1.999", "too_many_decimals"),
        ("title: Complete, points: 3", "title: Complete, points: 1", "never_full"),
        ("title: Plot, points: 2}", "title: Plot, points: 2, exactly_one: true}", "one_of_nothing"),
    ],
)
def test_what_a_rubric_cannot_be_is_refused_with_its_line(people, old, new, code):
    with pytest.raises(FileError) as refused:
        plan_import(FILE.replace(old, new).encode())
    assert [(found.code, found.line > 7) for found in refused.value.findings] == [(code, True)]
