"""Staff see a course as a student: what they see, what is refused, and how it ends. Attacked."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.utils import timezone

from courseplatform.audit.models import StudentView, ViewRules
from courseplatform.audit.sweep import audit_sweep
from courseplatform.audit.view_as import rules
from courseplatform.audit.view_as.current import ANY_EMAIL, MARK
from courseplatform.calendars.models import PersonalFeed
from courseplatform.core.audience import Audience
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.courses.views import pages
from courseplatform.notices.models.notifications import Notification
from courseplatform.notices.services.notifications import notification_send
from tests.courseplatform.accounts.builders import headers_of
from tests.courseplatform.audit.builders import STOP, VIEW, begin_view, enrolment_of, lines
from tests.courseplatform.test_access import addresses_of
from tests.people import hand_in, make_lab, onnx_like

pytestmark = pytest.mark.django_db
HOME = "/courses/odml/"


@pytest.fixture(autouse=True)
def _nothing_is_known():
    cache.clear()


@pytest.fixture
def viewing(client, cast):
    """Helen as Ruth."""
    assert begin_view(client, cast, cast.helen, cast.ruth).status_code == 302
    return client


def code_of(answer):
    found = answer.content.decode()
    return next((code for code in CODES if code in found), "")


CODES = (
    "viewing_read_only",
    "viewing_one_course",
    "viewing_cannot_write",
    "viewing_over",
    "view_as_not_allowed",
    "view_as_of_staff",
    "view_as_objection",
)


def test_pages_are_those_of_the_student_with_the_banner(viewing, cast, tmp_path):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    text = viewing.get(f"{HOME}assignments/lab1/").content.decode()
    assert "You see 11-767 as <b>Ruth</b>" in text and "Stop viewing" in text
    own = Client()
    own.force_login(cast.ruth)
    assert "Stop viewing" not in own.get(f"{HOME}assignments/lab1/").content.decode()
    assert viewing.get(f"{HOME}people/").status_code == 403  # as the student gets it
    assert "Stop viewing" in viewing.get(f"{HOME}people/").content.decode()


def test_stop_gives_oneself_back_and_both_ends_are_in_the_audit(viewing, cast):
    assert viewing.post(STOP).status_code == 302
    assert viewing.get(f"{HOME}people/").status_code == 200
    began, ended = [line for line in lines() if line[1] == "viewed_as"]
    assert began == ("Helen", "viewed_as", "Began to view the course as Ruth, ruth@example.edu", "Ruth")
    assert ended[2] == "Ended the view as Ruth, ruth@example.edu (1 minute, stopped)"
    known = len(lines())
    assert viewing.post(STOP).status_code == 302 and len(lines()) == known


WRITING = (
    f"{HOME}assignments/lab1/hand-in/", f"{HOME}calendar/renew/", f"{HOME}teams/new/", f"{HOME}people/add/", "/accounts/tokens/",
    "/accounts/export/download/", "/notifications/read/", "/accounts/sessions/end/", "/accounts/profile/", VIEW, "/uploads/",
    "/api/v1/uploads/", "/accounts/demo/", "/accounts/login/",
)  # fmt: skip


def test_nothing_is_written(viewing):
    for address in WRITING:
        for method in (viewing.post, viewing.put, viewing.patch, viewing.delete):
            answer = method(address, {"text": "Dear all, this took an hour."})
            assert answer.status_code == 403 and code_of(answer) == "viewing_read_only", address


def test_what_was_typed_is_given_back(cast):
    """Another tab had a form open when the view began in this one."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.helen)
    token = client.get(f"{HOME}people/add/").cookies["csrftoken"].value
    sent = {"csrfmiddlewaretoken": token}
    client.post(VIEW, {"student": enrolment_of(cast, cast.ruth).pk, **sent})
    answer = client.post(
        f"{HOME}announcements/new/", {"title": "The lab is on Monday", **sent}, HTTP_REFERER=f"http://testserver{HOME}"
    )
    assert code_of(answer) == "viewing_read_only" and "The lab is on Monday" in answer.content.decode()


def test_beginning_and_stopping_need_the_form_token(cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.helen)
    assert client.post(VIEW, {"student": "any"}).status_code == 403
    assert not StudentView.objects.exists()


ELSEWHERE = (
    "/", "/accounts/profile/", "/accounts/tokens/", "/accounts/sessions/", "/accounts/export/", "/notifications/", "/hardware/mine/",
    "/api/v1/me", "/api/v1/courses", "/api/v1/uploads/", "/new-course/", "/accounts/login/",
)  # fmt: skip


def test_only_the_course_opens(viewing):
    for address in ELSEWHERE:
        answer = viewing.get(address)
        assert answer.status_code == 403 and code_of(answer) == "viewing_one_course", address
        assert "Stop viewing" in answer.content.decode() or address.startswith("/api/")


@pytest.mark.parametrize("address", ["/docs/glossary/", "/devices/", "/style/"])
def test_documents_are_the_same_for_everybody(viewing, address):
    answer = viewing.get(address)
    assert answer.status_code == 200 and "Stop viewing" in answer.content.decode()


def test_other_courses_of_the_student_are_not_there(viewing, cast):
    Enrolment.objects.create(course=cast.other_course, person=cast.ruth, role=Role.STUDENT)
    Course.objects.update(is_public=True)
    for path in ("", "assignments/", "schedule/", "calendar/"):
        assert viewing.get(f"/courses/tinyml/{path}").status_code == 404
        assert viewing.get(f"/courses/nowhere/{path}").status_code == 404


def test_work_of_another_course_is_not_there_by_its_key_either(viewing, cast, tmp_path):
    Enrolment.objects.create(course=cast.other_course, person=cast.ruth, role=Role.STUDENT)
    lab = make_lab(cast.other_course)
    there, here = hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab), hand_in(cast, cast.ruth, onnx_like(tmp_path))
    assert viewing.get(f"/api/v1/submissions/{here.pk}").status_code == 200
    assert viewing.get(f"/api/v1/submissions/{there.pk}").status_code == 404
    assert viewing.get("/api/v1/courses/tinyml/assignments").status_code == 404


def test_the_private_calendar_is_neither_made_nor_shown(viewing, cast):
    text = viewing.get(f"{HOME}calendar/").content.decode()
    assert "not shown to you" in text and "/calendar/" not in text.replace(f"{HOME}calendar/", "")
    assert not PersonalFeed.objects.exists()


def test_notifications_stay_unread(viewing, cast):
    viewing.post(STOP)
    notification_send(course=cast.course, people=[cast.ruth], kind="team", key="k", title="A title", text="", path=HOME)
    begin_view(viewing, cast, cast.helen, cast.ruth)
    row = Notification.objects.get(person=cast.ruth)
    viewing.get(HOME)
    for way in (viewing.get, viewing.post):
        assert way(f"/notifications/{row.pk}/open/").status_code == 403
    row.refresh_from_db()
    assert row.read_at is None


def test_the_api_writes_nothing_in_this_session(viewing, cast):
    answer = viewing.post("/api/v1/courses/odml/assignments/lab1/submissions", {}, content_type="application/json")
    assert answer.status_code == 403 and answer.json()["error"]["code"] == "viewing_read_only"


def test_a_token_is_still_its_own_person_and_no_header_lets_the_session_write(viewing, cast):
    answer = viewing.get("/api/v1/courses/odml", **headers_of(cast.helen, ["read"]))
    assert answer.status_code == 200 and answer.json()["role"] == "instructor"
    for header in ("Bearer mlp_made_up", "Basic x", " "):
        assert viewing.post("/api/v1/uploads/", HTTP_AUTHORIZATION=header).status_code in (401, 403)
        assert viewing.post(f"{HOME}teams/new/", HTTP_AUTHORIZATION=header).status_code == 403


def test_half_an_hour_and_it_is_over(viewing, cast):
    StudentView.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    answer = viewing.get(f"{HOME}assignments/lab1/")
    assert (answer.status_code, answer["Location"]) == (302, VIEW)  # not the staff's page in place of the student's
    assert "half an hour was over" in viewing.get(VIEW).content.decode()
    assert StudentView.objects.get().why == "time" and "its time was over" in lines()[-1][2]


def test_a_form_that_was_sent_as_it_ended_is_refused(viewing, cast):
    StudentView.objects.update(ends_at=timezone.now())
    answer = viewing.post(f"{HOME}people/add/", {"email": "x@example.edu", "name": "X", "role": "student"})
    assert answer.status_code == 409 and code_of(answer) == "viewing_over"
    assert not cast.course.enrolments.filter(person__email="x@example.edu").exists()


def test_the_sweep_ends_what_nobody_ended(viewing):
    assert audit_sweep(timezone.now() + timedelta(minutes=31))["views"] == 1
    assert audit_sweep(timezone.now() + timedelta(minutes=32))["views"] == 0
    row = StudentView.objects.get()
    assert row.ended_at == row.ends_at and "(30 minutes, its time was over)" in lines()[-1][2]


def test_signing_out_ends_it(viewing):
    viewing.post("/accounts/logout/")
    assert StudentView.objects.get().why == "signed_out"


@pytest.mark.parametrize("loses", ["role", "student", "operator", "account"])
def test_what_allowed_it_is_asked_again_with_every_page(viewing, cast, loses):
    if loses == "role":
        cast.course.enrolments.filter(person=cast.helen).update(role=Role.STUDENT)
    elif loses == "student":
        Enrolment.objects.create(course=cast.other_course, person=cast.ruth, role=Role.TA)
    elif loses == "operator":
        type(cast.ruth).objects.filter(pk=cast.ruth.pk).update(is_operator=True)
    else:
        type(cast.ruth).objects.filter(pk=cast.ruth.pk).update(is_active=False)
    assert viewing.get(HOME).status_code == 302
    assert StudentView.objects.get().why == "refused"


@pytest.mark.parametrize("whose", ["other_session", "other_person", "ended", "words"])
def test_a_mark_in_the_session_opens_nothing_by_itself(cast, client, whose):
    """As if somebody could write into the session: the row must be of this session and person, and open."""
    elsewhere = Client()
    begin_view(elsewhere, cast, cast.ines if whose == "other_person" else cast.helen, cast.ruth)
    view = StudentView.objects.get()
    if whose == "ended":
        elsewhere.post(STOP)
        client = elsewhere
    else:
        client.force_login(cast.daniel if whose == "other_person" else cast.helen)
    session = client.session
    session[MARK] = "1 OR 1=1" if whose == "words" else view.pk
    session.save()
    assert client.get(f"{HOME}assignments/lab1/").status_code == 302
    assert MARK not in client.session
    assert "Stop viewing" not in client.get(HOME).content.decode()


def test_students_and_strangers_begin_none(cast, client):
    for person, status in ((cast.ruth, 403), (cast.lena, 404), (cast.olu, 404)):
        client.force_login(person)
        assert client.get(VIEW).status_code == status
        assert client.post(VIEW, {"student": "any"}).status_code == status
    assert not StudentView.objects.exists()


def test_tas_only_where_the_course_lets_them(cast, client):
    assert code_of(begin_view(client, cast, cast.amit, cast.ruth)) == "view_as_not_allowed"
    assert client.post("/courses/odml/view-as/rules/", {"tas": "on"}).status_code == 403
    client.force_login(cast.helen)
    client.post("/courses/odml/view-as/rules/", {"tas": "on"})
    assert ViewRules.objects.get().tas_may_view
    assert begin_view(client, cast, cast.amit, cast.ruth).status_code == 302
    ViewRules.objects.update(tas_may_view=False)
    assert client.get(HOME).status_code == 302  # at once


def test_nobody_is_viewed_who_is_staff_anywhere_or_an_operator(cast, client):
    Enrolment.objects.create(course=cast.other_course, person=cast.ruth, role=Role.TA)
    Enrolment.objects.create(course=cast.course, person=cast.olu, role=Role.STUDENT)
    for person in (cast.ruth, cast.olu):
        assert code_of(begin_view(client, cast, cast.helen, person)) == "view_as_of_staff"
    for person in (cast.amit, cast.ines, cast.helen):
        assert begin_view(client, cast, cast.helen, person).status_code == 404
    assert client.post(VIEW, {"student": enrolment_of(cast, cast.lena, cast.other_course).pk}).status_code == 404
    for nonsense in ("", "-1", "0", "9" * 30, "ruth"):
        assert client.post(VIEW, {"student": nonsense}).status_code == 404
    assert not StudentView.objects.exists()
    text = client.get(VIEW).content.decode()
    assert "ruth@" not in text and "daniel@" in text and "amit@" not in text


def test_a_room_can_object(cast, client, monkeypatch):
    """As grading does for reports that are graded without names."""
    monkeypatch.setattr(
        rules,
        "objections",
        [lambda visit, student: "Names are hidden until the grades are released." if student else ""],
    )
    assert code_of(begin_view(client, cast, cast.helen, cast.ruth)) == "view_as_objection"
    assert begin_view(client, cast, cast.helen).status_code == 302


def test_any_student_sees_the_course_and_is_on_no_list(cast, client):
    assert begin_view(client, cast, cast.helen).status_code == 302
    for path in (
        "",
        "assignments/",
        "assignments/lab1/",
        "late-days/",
        "teams/",
        "participation/",
        "schedule/",
        "calendar/",
        "surveys/",
    ):
        answer = client.get(f"{HOME}{path}", follow=True)
        assert answer.status_code == 200 and "a student who sees what all see" in answer.content.decode(), path
    client.post(STOP)
    assert ANY_EMAIL not in client.get(f"{HOME}people/").content.decode()
    assert not Enrolment.objects.filter(person__email=ANY_EMAIL).exists()
    client.post("/accounts/logout/")
    assert client.post("/accounts/login/", {"login": ANY_EMAIL, "password": ""}).status_code == 200


def test_a_page_that_would_write_is_refused_and_writes_nothing(viewing, cast, monkeypatch):
    def writing(*_, **__):
        cast.course.enrolments.filter(person=cast.ruth).update(is_active=False)

    monkeypatch.setattr(pages, "built_sections", writing)
    answer = viewing.get(HOME)
    assert answer.status_code == 403 and code_of(answer) == "viewing_cannot_write"
    transaction.set_rollback(False)  # the test's own transaction, in which the refusal fell
    assert enrolment_of(cast, cast.ruth).is_active


def test_two_tabs_of_one_browser_have_one_view(viewing, cast):
    assert code_of(viewing.post(VIEW, {"student": enrolment_of(cast, cast.daniel).pk})) == "viewing_read_only"
    assert StudentView.objects.filter(ended_at=None).count() == 1


def test_a_view_whose_mark_was_lost_does_not_stand_in_the_way(viewing, cast):
    session = viewing.session
    del session[MARK]
    session.save()
    assert viewing.post(VIEW, {"student": enrolment_of(cast, cast.daniel).pk}).status_code == 302
    assert list(StudentView.objects.order_by("pk").values_list("student__name", "why")) == [
        ("Ruth", "stopped"),
        ("Daniel", ""),
    ]


def test_what_is_seen_as_a_student_is_no_look_of_the_staff(viewing, cast, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    assert viewing.get(submission.get_absolute_url()).status_code == 200
    assert [act for _, act, _, _ in lines()] == ["signed_in", "viewed_as"]


def test_a_draft_is_refused_as_to_its_students(viewing, cast):
    Course.objects.filter(pk=cast.course.pk).update(is_published=False)
    answer = viewing.get(HOME)
    assert (
        answer.status_code == 403
        and "course_is_draft" in answer.content.decode()
        and "Stop viewing" in answer.content.decode()
    )


def test_every_page_of_a_student_is_shown_and_none_writes_by_being_looked_at(module_dir, cast):
    """As Ruth gets it, but for what is refused to whoever views; the database takes no writing meanwhile."""
    own, viewing = Client(), Client()
    addresses = [
        address
        for address, audience in addresses_of(cast, module_dir)
        if audience in (Audience.COURSE_MEMBERS, Audience.COURSE_PUBLIC)
    ]
    own.force_login(cast.ruth)
    begin_view(viewing, cast, cast.helen, cast.ruth)
    for address in addresses:
        as_ruth, answer = (
            own.get(address),
            viewing.get(address),
        )  # the site's own name for its calendars is made by the first who asks
        assert answer.status_code == as_ruth.status_code, address
        if (
            answer.headers["Content-Type"].startswith("text/html")
            and answer.status_code == 200
            and not answer.streaming
        ):
            text = answer.content.decode()
            assert "viewing_cannot_write" not in text and ("Stop viewing" in text or "<html" not in text), address
