"""A draft is there for the staff alone: on pages, in feeds, in the API, and in what counts late days."""

import pytest

from courseplatform.calendars.services import feed_of
from courseplatform.calendars.tokens import token_of
from courseplatform.core.errors import AppError
from courseplatform.courses.course_file.service import course_import, plan_import
from courseplatform.courses.models import Course
from grading.handing_in.upload_purpose import hand_in as purpose
from grading.late_rows.facts import everybody, facts_of
from grading.models import Assignment
from tests.courseplatform.accounts.builders import headers_of
from tests.grading.late_days.staff import handed_in, late_cast
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db
TITLE = "Secret of the draft"


@pytest.fixture
def cast(data_dir):
    found = late_cast()
    found.course.is_public = True
    found.course.save()
    Assignment.objects.filter(pk=found.lab.pk).update(is_draft=True, title=TITLE, short="Lab Zed")
    found.lab.refresh_from_db()
    return found


PAGES = ("", "assignments/", "schedule/", "calendar/", "late-days/", "about/", "policies/")


@pytest.mark.parametrize("name", ["ruth", None])
def test_no_page_of_a_student_or_a_visitor_names_a_draft(client, cast, name):
    if name:
        client.force_login(getattr(cast, name))
    seen = 0
    for page in PAGES:
        answer = client.get(f"/courses/odml/{page}")
        seen += answer.status_code == 200
        assert "Lab Zed" not in answer.content.decode() and TITLE not in answer.content.decode(), page
    assert seen >= 3


def test_a_draft_is_not_there_for_a_student(client, cast):
    client.force_login(cast.ruth)
    for more in ("", "grade/", "compare/"):
        assert client.get(f"/courses/odml/assignments/lab1/{more}").status_code == 404


@pytest.mark.parametrize("name", ["helen", "amit"])
def test_staff_see_the_draft_and_that_it_is_one(client, cast, name):
    client.force_login(getattr(cast, name))
    page = client.get("/courses/odml/assignments/").content.decode()
    assert "Lab Zed" in page and "draft" in page
    assert client.get("/courses/odml/assignments/lab1/").status_code == 200


@pytest.mark.parametrize("name", ["helen", "ruth"])
def test_no_calendar_holds_a_draft(client, cast, name):
    token = token_of(feed_of(person=getattr(cast, name)))
    for address in (f"/calendar/{token}.ics", "/courses/odml/calendar.ics"):
        answer = client.get(address)
        assert answer.status_code == 200 and "Lab Zed" not in answer.content.decode()


def test_the_api_gives_a_draft_to_staff_alone(client, cast):
    of = "/api/v1/courses/odml/assignments"
    assert client.get(of, **headers_of(cast.ruth, ["read"])).json()["results"] == []
    assert client.get(f"{of}/lab1", **headers_of(cast.ruth, ["read"])).status_code == 404
    assert client.get(of, **headers_of(cast.amit, ["read"])).json()["results"][0]["is_draft"] is True


def test_nobody_hands_in_to_a_draft(cast, tmp_path):
    for person in (cast.ruth, cast.amit):
        with pytest.raises(AppError) as error:
            hand_in(cast, person, onnx_like(tmp_path))
        assert error.value.code == "not_released"
    with pytest.raises(AppError) as error:
        purpose(cast.ruth, str(cast.lab.pk))
    assert error.value.code == "not_found"


def test_a_draft_costs_no_late_day(cast):
    assert facts_of(everybody(cast.course)).deadlines == {}


FILE = """
course: {slug: odml, title: On-Device Machine Learning, zone: America/New_York}
assignments:
  - {slug: lab1, kind: lab, short: Lab 1, draft: true}
"""


def test_a_course_file_holds_its_drafts():
    course, _ = course_import(plan=plan_import(FILE.encode()))
    assert course.assignments.get().is_draft
    assert plan_import(FILE.encode()).changes == []
    course_import(plan=plan_import(FILE.replace(", draft: true", "").encode()))
    assert not Course.objects.get(slug="odml").assignments.get().is_draft


def test_work_that_somebody_handed_in_does_not_become_a_draft_again(cast):
    Assignment.objects.filter(pk=cast.lab.pk).update(is_draft=False)
    handed_in(cast, cast.ruth)
    _, kept = course_import(plan=plan_import(FILE.encode()))
    assert "Lab 1 stays published, because work was handed in." in kept
    assert not Assignment.objects.get(pk=cast.lab.pk).is_draft
