"""A rubric that is changed while people grade by it: real threads on a real database."""

import pytest
from django.db import connection

from courseplatform.courses.course_file.service import course_export, course_import, plan_import
from grading.grade_facts import grades_of, items_of
from grading.models import GradeEvent
from grading.rubric import ticked
from grading.rubric_plan import plan_rubric
from grading.services.grades import grade_give
from grading.services.rubric_editing import rubric_change
from tests.courseplatform.teams.builders import make_students
from tests.grading.grades.grades import seen
from tests.grading.handing_in.test_hand_in_races import at_once
from tests.grading.rubrics.rubrics import other, rubric_of, tick, with_rubric
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]
DEARER = other(((0, "options", 1, "points"), -0.5))


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


def every_mark_fits(lab, people):
    """No mark stands that the rubric of now would not give for its ticks."""
    (report,) = [item for item in items_of(lab) if item.key == "report"]
    for grade in grades_of(lab, {one.pk for one in people}).values():
        line = grade.line_of("report")
        if line.points is not None:
            assert ticked(report, line.options).points == line.points


def test_nobody_is_graded_by_a_rubric_that_is_gone(cast):
    lab = with_rubric(cast.lab)
    people = make_students(cast, 4)
    for person in people[:2]:
        tick(cast, person, report=["complete", "interval"])
    digest, marks = plan_rubric(lab, DEARER).digest, {one.pk: seen(lab, one) for one in people}
    work = ["edit", *people]

    def act():
        mine = work.pop()
        if mine == "edit":
            rubric_change(visit=cast.visit(cast.helen), slug=lab.slug, rubric=DEARER, seen=digest)
            return "edited"
        grade_give(visit=cast.visit(cast.amit), assignment=lab, person=mine, seen=marks[mine.pk], reason="read",
                   ticks={"report": ["interval", "complete"] if mine in people[2:] else ["complete"]})  # fmt: skip
        return "graded"

    found = at_once(act, times=5)
    assert set(found) <= {"edited", "graded", "stale_grade", "preview_differs"}
    assert (rubric_of(lab) == DEARER) == ("edited" in found)
    every_mark_fits(lab, people)


def test_of_two_who_apply_the_same_preview_one_is_told(cast):
    lab = with_rubric(cast.lab)
    tick(cast, cast.ruth, report=["complete", "interval"])
    digest, visit = plan_rubric(lab, DEARER).digest, cast.visit(cast.helen)

    def act():
        rubric_change(visit=visit, slug=lab.slug, rubric=DEARER, seen=digest)
        return "edited"

    assert sorted(at_once(act, times=3)) == ["edited", "no_change", "no_change"]
    assert GradeEvent.objects.count() == 2


def test_an_import_and_a_grader_at_once_end_in_one_rubric(cast):
    lab = with_rubric(cast.lab)
    people = make_students(cast, 3)
    for person in people[:2]:
        tick(cast, person, report=["complete", "interval"])
    text = course_export(cast.course.slug)
    plan = plan_import(text.replace("points: -0.25", "points: -0.5").encode())
    assert any("its rubric would change 2 grades" in note for note in plan.notes)
    work = ["import", *people]
    marks = {one.pk: seen(lab, one) for one in people}

    def act():
        mine = work.pop()
        if mine == "import":
            course_import(plan=plan)
            return "imported"
        grade_give(visit=cast.visit(cast.amit), assignment=lab, person=mine, seen=marks[mine.pk], reason="read",
                   ticks={"report": ["interval"] if mine in people[:2] else ["complete", "interval"]})  # fmt: skip
        return "graded"

    found = at_once(act, times=4)
    assert "imported" in found and set(found) <= {"imported", "graded", "stale_grade"}
    every_mark_fits(lab, people)
