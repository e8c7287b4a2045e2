"""Stages changed on a page: shown first, refused as in a file, kept as an edit that the next import knows."""

import html
import re

import pytest

from courseplatform.courses.course_file.service import course_import, plan_import
from courseplatform.courses.models import Course, Enrolment, Role, ScheduleChange
from courseplatform.courses.stages import stages_of

pytestmark = pytest.mark.django_db
FILE = """\
course: {slug: small, title: Small, zone: America/New_York, starts_on: 2023-08-29, ends_on: 2023-12-08}
assignments:
  - {slug: sharing, kind: writeup, short: Sharing, due: "2023-10-27 23:59"}
project:
  teams: {least: 2, most: 3}
  stages:
    - {key: inference, title: Inference, from: 2023-10-09, until: 2023-10-27, budget_mah: 4000, assignment: sharing}
    - maximizing power
"""
ADDRESS = "/courses/small/stages/"


@pytest.fixture
def small(client, cast):
    course, _ = course_import(plan=plan_import(FILE.encode()))
    for person, role in ((cast.helen, Role.INSTRUCTOR), (cast.amit, Role.TA), (cast.ruth, Role.STUDENT)):
        Enrolment.objects.create(course=course, person=person, role=role)
    client.force_login(cast.helen)
    return course


def form(**changes):
    rows = [
        {"key": "inference", "title": "Inference", "first": "2023-10-09", "last": "2023-10-27", "budget_mah": "4000", "assignment": "sharing"},
        {"key": "maximizing-power", "title": "maximizing power", "first": "", "last": "", "budget_mah": "", "assignment": ""},
        {"key": "", "title": "", "first": "", "last": "", "budget_mah": "", "assignment": ""},
    ]  # fmt: skip
    data = {f"form-{n}-{name}": value for n, row in enumerate(rows) for name, value in row.items()}
    return data | {"form-TOTAL_FORMS": "3", "form-INITIAL_FORMS": "2", "do": "show"} | changes


def words(answer):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def saved(client, **changes):
    looked = client.post(ADDRESS, form(**changes))
    seen = re.search(r'name="seen" value="(\w+)"', looked.content.decode())[1]
    return client.post(ADDRESS, form(**changes, do="save", seen=seen))


MORE = {
    "form-1-first": "2023-10-28",
    "form-1-last": "2023-11-21",
    "form-2-title": "Updates",
    "form-2-budget_mah": "2500.5",
}


def test_a_look_shows_what_would_change_and_changes_nothing(client, small):
    said = words(client.post(ADDRESS, form(**{"form-0-last": "2023-10-26"})))
    assert "~ project.stages[2023-10-09 inference].until: 2023-10-27 -> 2023-10-26" in said
    assert stages_of(Course.objects.get(pk=small.pk)) == stages_of(small)


def test_days_and_a_new_stage_are_saved_and_the_next_import_knows_the_edit(client, small):
    assert saved(client, **MORE).status_code == 302
    course = Course.objects.get(pk=small.pk)
    assert [(stage.key, f"{stage.first}", f"{stage.budget_mah}") for stage in stages_of(course)] == [
        ("inference", "2023-10-09", "4000"), ("maximizing-power", "2023-10-28", "4000"), ("updates", "None", "2500.5"),
    ]  # fmt: skip
    assert course.fact("project", "teams", "most") == 3
    assert ScheduleChange.objects.filter(course=course, sentence="The stages of the project were changed.").exists()
    assert any("stages" in edit.key for edit in plan_import(FILE.encode()).edits)


def test_a_stage_whose_title_is_emptied_is_left_out(client, small):
    assert saved(client, **{"form-1-title": ""}).status_code == 302
    assert [stage.key for stage in stages_of(Course.objects.get(pk=small.pk))] == ["inference"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"form-1-first": "2023-10-20", "form-1-last": "2023-11-21"}, "Inference lasts until 2023-10-27"),
        ({"form-0-last": ""}, "from and until go together"),
        ({"form-0-last": "2023-10-01"}, "before it begins"),
        ({"form-0-budget_mah": "0"}, "A budget is more than 0 mAh."),
        ({"form-0-budget_mah": "-4"}, "greater than or equal to 0"),
        ({"form-2-first": "2023-12-01"}, "A stage needs a title."),
        ({"form-0-assignment": "nothing-such"}, "not one of the available choices"),
        ({"form-0-first": "0202-10-09"}, "Check the year."),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(client, small, changes, says):
    answer = client.post(ADDRESS, form(**changes))
    assert answer.status_code == 422 and says in words(answer)


@pytest.mark.parametrize(
    "data", [{}, {"form-TOTAL_FORMS": "x"}, {"form-TOTAL_FORMS": "100000", "form-INITIAL_FORMS": "0"}]
)
def test_a_form_that_is_none_is_refused(client, small, data):
    assert client.post(ADDRESS, data).status_code == 422


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(client, small):
    looked = client.post(ADDRESS, form(**MORE))
    seen = re.search(r'name="seen" value="(\w+)"', looked.content.decode())[1]
    saved(client, **{"form-0-last": "2023-10-26"})
    answer = client.post(ADDRESS, form(**MORE, do="save", seen=seen))
    assert answer.status_code == 409 and "changed meanwhile" in words(answer)


def test_only_instructors_change_them(client, cast, small):
    for person in (cast.amit, cast.ruth):
        client.force_login(person)
        assert client.get(ADDRESS).status_code == 403
