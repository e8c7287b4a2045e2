"""The narrow rows of grades while several people change them at once: real threads on a real database."""

from contextlib import suppress
from decimal import Decimal

import pytest
from django.db import connection

from courseplatform.core.errors import AppError
from grading.course_file.assignment_item import item_of
from grading.models import Assignment, GradeNow
from grading.services.assignment_rows import assignment_apply
from grading.services.grade_rows import differing, wanted_of
from grading.services.grades import grade_give
from grading.services.releasing import grades_release, grades_take_back
from tests.courseplatform.teams.builders import make_students
from tests.grading.grades.grades import seen, with_rubric
from tests.grading.handing_in.test_hand_in_races import at_once
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


def is_true(lab):
    lab = Assignment.objects.select_related("course").get(pk=lab.pk)
    return differing(lab, wanted_of(lab)) == {}


def test_marks_beside_another_rubric_and_releases_leave_no_row_behind(cast):
    """Four graders, one who changes the points of the rubric, one who releases and takes back: what comes last is what stands."""
    lab = with_rubric(cast)
    people = make_students(cast, 12)
    visit, helen = cast.visit(cast.amit), cast.visit(cast.helen)
    work = [
        lambda some=some: _mark_all(visit, lab, some)
        for some in (people[0::4], people[1::4], people[2::4], people[3::4])
    ]
    work += [lambda: _change_rubric(lab), lambda: _release_often(helen, lab)]

    def act():
        work.pop()()
        return "done"

    assert at_once(act, times=6) == ["done"] * 6
    assert GradeNow.objects.filter(assignment=lab).count() == 12
    assert is_true(lab)


def _mark_all(visit, lab, people):
    for points in ("1", "2"):
        for person in people:
            marks = {"report": Decimal(points), "plot": Decimal(1)}
            grade_give(visit=visit, assignment=lab, person=person, marks=marks, seen=seen(lab, person), reason="x")


def _change_rubric(lab):
    for points in (5, 7, 9, 11):
        row = Assignment.objects.select_related("course").get(pk=lab.pk)
        assignment_apply(row=row, item=item_of(row, set()) | {"points": points}, position=0)


def _release_often(visit, lab):
    for act, more in ((grades_release, {}), (grades_take_back, {"reason": "x"}), (grades_release, {})):
        with suppress(AppError):
            act(visit=visit, assignment=lab, **more)
