"""A draft is there for its staff alone: on pages, in calendars, at the API, in the news; and who sees a course is decided on a page."""

import pytest
from django.urls import reverse

from courseplatform.calendars.services import feed_of
from courseplatform.calendars.tokens import token_of
from courseplatform.core.errors import NotHere
from courseplatform.courses.models import Course, ScheduleChange, Visibility
from courseplatform.courses.services.sessions import session_save
from courseplatform.notices.models.notifications import Notification
from grading.handing_in.upload_purpose import hand_in as hand_in_purpose
from tests.courseplatform.accounts.builders import headers_of
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(cast):
    """The course of the cast, not open yet, though its file says that anybody may read it."""
    Course.objects.filter(pk=cast.course.pk).update(is_published=False, is_public=True)
    cast.course.refresh_from_db()
    return cast.course


def address_of(course):
    return reverse("courses:visibility", args=[course.slug])


def opened(client, course, to):
    return client.post(address_of(course), {"to": to, "seen": course.visibility})


@pytest.mark.parametrize(
    "page", ["", "about/", "schedule/", "policies/", "assignments/lab1/", "calendar/", "calendar.ics"]
)
def test_a_student_of_a_draft_reads_that_it_is_not_open_yet_and_nothing_of_it(client, cast, draft, page):
    client.force_login(cast.ruth)
    answer = client.get(f"/courses/{draft.slug}/{page}")
    if answer.status_code == 404:
        pytest.fail(f"{page} is no address")
    said = answer.content.decode()
    assert answer.status_code == 403
    assert "Not open yet" in said and "course_is_draft" in said
    assert draft.title not in said and cast.lab.short not in said


def test_a_draft_is_not_there_for_visitors_and_outsiders_although_its_file_says_public(client, cast, draft):
    page = f"/courses/{draft.slug}/about/"
    assert client.get(page).status_code == 302
    assert draft.get_absolute_url() not in client.get("/").content.decode()
    client.force_login(cast.oscar)
    assert client.get(page).status_code == 404


@pytest.mark.parametrize("name", ["helen", "amit"])
def test_the_staff_go_on_in_a_draft_and_read_that_it_is_one(client, cast, draft, name):
    client.force_login(getattr(cast, name))
    said = client.get(draft.get_absolute_url()).content.decode()
    assert "A draft: only its staff see this course." in said
    assert (address_of(draft) in said) == (name == "helen")


def test_a_draft_leaves_the_front_page_the_calendar_and_the_api_of_its_students(client, cast, draft, tmp_path):
    submission = hand_in_of_an_open_course(cast, tmp_path)
    headers = headers_of(cast.ruth, ["read"])
    assert client.get("/api/v1/courses", **headers).json()["results"] == []
    refused = client.get(f"/api/v1/courses/{draft.slug}", **headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "course_is_draft")
    assert client.get(f"/api/v1/submissions/{submission.pk}", **headers).status_code == 404
    token = token_of(feed_of(person=cast.ruth))
    assert b"Compression" not in client.get(f"/calendar/{token}.ics").content
    assert client.get(f"/calendar/{token}/{draft.slug}.ics").status_code == 404
    client.force_login(cast.ruth)
    assert draft.title not in client.get("/").content.decode()
    with pytest.raises(NotHere):
        hand_in_purpose(cast.ruth, str(cast.lab.pk))


def hand_in_of_an_open_course(cast, tmp_path):
    """Ruth handed in while the course was open."""
    Course.objects.filter(pk=cast.course.pk).update(is_published=True)
    found = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    Course.objects.filter(pk=cast.course.pk).update(is_published=False)
    return found


def test_a_ta_of_a_draft_has_it_in_calendar_and_api(client, cast, draft):
    found = client.get("/api/v1/courses", **headers_of(cast.amit, ["read"])).json()["results"]
    assert {item["slug"]: item["role"] for item in found} == {draft.slug: "ta", cast.other_course.slug: "student"}
    assert b"Compression" in client.get(f"/calendar/{token_of(feed_of(person=cast.amit))}/{draft.slug}.ics").content


def test_the_calendar_of_a_draft_is_kept_by_no_cache_although_its_file_says_public(client, cast, draft):
    client.force_login(cast.helen)
    answer = client.get(f"/courses/{draft.slug}/calendar.ics")
    assert answer.status_code == 200 and "public" not in answer["Cache-Control"]


def test_students_of_a_draft_hear_nothing_of_its_changes(cast, draft):
    session = draft.sessions.get()
    session_save(visit=cast.visit(cast.helen), pk=session.pk, values={"place": "DH 1212"})
    told = set(Notification.objects.values_list("person__name", flat=True))
    assert told == {"Ines", "Amit"}


def test_opening_a_draft_is_looked_at_first_then_told_once_to_its_members(client, cast, draft):
    client.force_login(cast.helen)
    look = client.get(address_of(draft), {"to": "members"}).content.decode()
    assert "3 students, who see it at once and are told that it is open." in look
    assert "With this choice nobody but its members does." in look
    draft.refresh_from_db()
    assert not draft.is_published and not Notification.objects.exists()
    assert opened(client, draft, "members").status_code == 302
    draft.refresh_from_db()
    assert draft.visibility == Visibility.MEMBERS
    assert ScheduleChange.objects.get().sentence == f"{draft.name} is open to its members."
    told = Notification.objects.filter(title__endswith="is open to its members")
    assert set(told.values_list("person__name", flat=True)) == {"Ines", "Amit", "Ruth", "Daniel", "Sofia"}
    client.force_login(cast.ruth)
    assert client.get(draft.get_absolute_url()).status_code == 200


def test_a_course_that_is_opened_to_anybody_stands_on_the_front_page_until_it_is_closed(client, cast, draft):
    visitor = client.__class__()
    client.force_login(cast.helen)
    opened(client, draft, "anybody")
    assert draft.get_absolute_url() in visitor.get("/").content.decode()
    assert visitor.get(f"/courses/{draft.slug}/about/").status_code == 200
    draft.refresh_from_db()
    Notification.objects.all().delete()
    opened(client, draft, "draft")
    assert draft.get_absolute_url() not in visitor.get("/").content.decode()
    assert visitor.get(f"/courses/{draft.slug}/about/").status_code == 302
    assert not Notification.objects.exists()


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ({"to": "nobody", "seen": "members"}, 422, "not_a_choice"),
        ({"to": "members", "seen": "members"}, 409, "no_change"),
        ({"to": "anybody", "seen": "draft"}, 409, "changed_meanwhile"),
        ({}, 422, "not_a_choice"),
    ],
)
def test_what_cannot_be_set_is_refused_with_a_sentence(client, cast, data, status, code):
    client.force_login(cast.helen)
    answer = client.post(address_of(cast.course), data, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    cast.course.refresh_from_db()
    assert cast.course.visibility == Visibility.MEMBERS


def test_the_page_makes_few_queries(client, cast, django_assert_max_num_queries):
    client.force_login(cast.helen)
    with django_assert_max_num_queries(14):
        page = client.get(address_of(cast.course), {"to": "draft"}).content.decode()
    assert "3 students no longer see the course" in page
