"""The pages of scribe notes: who sees what, the review, assigning, and all of it with 600 people."""

import re

import pytest

from courseplatform.accounts.models import User
from courseplatform.courses.models import Enrolment, Role, Session
from courseplatform.scribe.models import NoteImage, RequestStatus, ScribeDuty, ScribeMember, Status
from courseplatform.scribe.services import review as writing
from courseplatform.scribe.services.images import image_add
from tests.courseplatform.scribe.builders import (
    BASE,
    TEXT,
    days_ago,
    duty_of,
    handed_in,
    now_of,
    png,
    session_of,
)

pytestmark = pytest.mark.django_db


# -- the review ---------------------------------------------------------------------------------------------------------


def test_line_place_and_request_share_one_number(cast, amit, duty):
    handed_in(cast, duty)
    amit.post(
        f"{BASE}{duty.pk}/review/decide/", {"round": "1", "line": "5", "text": "<b>Z</b> is missing", "act": "add"}
    )
    page = amit.get(f"{BASE}{duty.pk}/review/").content.decode()
    assert re.search(r'<li id="L5" class="open formula">.*href="#request-1">1</a>', page)
    assert 'class="equation" data-mark="1" data-tone="open"' in page
    assert 'id="request-1"' in page
    assert "&lt;b&gt;Z&lt;/b&gt; is missing" in page
    assert "1 change is still open" in page


def test_a_line_is_chosen_without_a_script(cast, amit, duty):
    handed_in(cast, duty)
    assert 'name="line" inputmode="numeric" value="5"' in amit.get(f"{BASE}{duty.pk}/review/?line=5").content.decode()


def test_a_request_that_is_typed_goes_with_the_decision(cast, amit, duty):
    handed_in(cast, duty)
    amit.post(f"{BASE}{duty.pk}/review/decide/", {"round": "1", "line": "", "text": "say more", "act": "ask"})
    assert (now_of(duty).status, duty.requests.get().text) == (Status.CHANGES_REQUESTED, "say more")


def test_a_decision_that_is_refused_records_nothing_and_keeps_what_was_typed(cast, amit, duty):
    handed_in(cast, duty)
    handed_in(cast, duty, TEXT + "more")
    response = amit.post(
        f"{BASE}{duty.pk}/review/decide/", {"round": "1", "line": "5", "text": "typed words", "act": "approve"}
    )
    assert response.status_code == 409
    assert "typed words" in response.content.decode()
    assert not duty.requests.exists()


@pytest.mark.parametrize(
    "data",
    [
        {"act": "add", "text": ""},
        {"act": "add", "text": "x", "line": "zz"},
        {"act": "add", "text": "x", "line": "999"},
        {"act": "nothing"},
        {"act": "ask"},
    ],
)
def test_a_decision_without_sense_is_answered(cast, amit, duty, data):
    handed_in(cast, duty)
    assert amit.post(f"{BASE}{duty.pk}/review/decide/", {"round": "1"} | data).status_code == 422


def test_scribes_reply_and_say_what_is_done_and_staff_confirm(cast, client, duty):
    version = handed_in(cast, duty)
    asked = writing.request_create(visit=cast.visit(cast.amit), version=version, line=5, text="a")
    url = f"{BASE}{duty.pk}/review/requests/1/"
    client.force_login(cast.ruth)
    assert client.post(url, {"act": "done", "reply": "see line 7"}).status_code == 302
    assert client.post(url, {"act": "confirm"}).status_code == 404
    assert client.post(url, {"act": "reply", "reply": " "}).status_code == 422
    client.force_login(cast.amit)
    client.post(url, {"act": "confirm"})
    asked.refresh_from_db()
    assert (asked.status, asked.replies.get().text) == (RequestStatus.CONFIRMED, "see line 7")
    assert client.post(f"{BASE}{duty.pk}/review/requests/9/").status_code == 404


def test_a_scribe_decides_nothing(cast, ruth, duty):
    handed_in(cast, duty)
    assert ruth.post(f"{BASE}{duty.pk}/review/decide/", {"round": "1", "act": "approve"}).status_code == 403
    assert "Approve</button>" not in ruth.get(f"{BASE}{duty.pk}/review/").content.decode()
    assert now_of(duty).status == Status.HANDED_IN


# -- who sees what ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["edit/", "review/", "edit/import/", "edit/texts/1/"])
@pytest.mark.parametrize("name", ["sofia", "lena", "oscar"])
def test_the_work_of_others_is_not_there(cast, client, duty, name, page):
    client.force_login(getattr(cast, name))
    assert client.get(f"{BASE}{duty.pk}/{page}").status_code == 404


@pytest.mark.parametrize(
    "page", ["edit/", "edit/save/", "edit/preview/", "edit/images/", "edit/import/", "review/requests/1/"]
)
def test_nobody_else_writes(cast, client, duty, page):
    client.force_login(cast.sofia)
    assert client.post(f"{BASE}{duty.pk}/{page}", {"text": "x", "edition": "0", "act": "save"}).status_code == 404
    assert now_of(duty).text == ""


def test_staff_read_in_the_review_and_write_not(cast, amit, duty):
    assert amit.get(f"{BASE}{duty.pk}/edit/").status_code == 302
    assert amit.post(f"{BASE}{duty.pk}/edit/save/", {"text": "x", "edition": "0"}).status_code == 404


def test_a_duty_of_another_course_is_not_there(cast, client):
    other = Session.objects.create(course=cast.other_course, held_on=days_ago(1), title="Theirs")
    theirs = ScribeDuty.objects.create(course=cast.other_course, session=other, due_clock="23:59")
    client.force_login(cast.helen)
    for page in ("", "review/", "edit/", "duty/"):
        assert client.get(f"{BASE}{theirs.pk}/{page}").status_code == 404


@pytest.mark.parametrize("pk", ["0", "99999999", "9" * 30])
def test_a_number_that_is_none_of_ours_is_not_found(amit, pk):
    assert amit.get(f"{BASE}{pk}/").status_code == 404


def test_visitors_read_published_notes_of_a_public_course_with_their_images_and_nothing_else(cast, client, duty):
    shown = image_add(visit=cast.visit(cast.ruth), duty=duty, name="a.png", content=png(2, 2))
    hidden = image_add(visit=cast.visit(cast.ruth), duty=duty, name="b.png", content=png(3, 3))
    version = handed_in(cast, duty, TEXT + "\n![x](a.png)\n")
    writing.request_create(visit=cast.visit(cast.amit), version=version, line=5, text="still to do")
    NoteImage.objects.filter(pk=hidden.pk).update(is_current=False)
    url = f"{BASE}{duty.pk}/"
    cast.course.is_public = True
    cast.course.save()
    assert client.get(url).status_code == 404
    assert client.get(shown.get_absolute_url()).status_code == 404
    version = handed_in(cast, duty, TEXT + "\n![x](a.png) more\n")
    writing.note_approve(visit=cast.visit(cast.amit), version=version)
    page = client.get(url)
    assert page.status_code == 200
    assert "notes by Ruth and Daniel" in page.content.decode()
    assert "still to do" not in page.content.decode()
    assert client.get(shown.get_absolute_url()).status_code == 200
    assert client.get(hidden.get_absolute_url()).status_code == 404
    cast.course.is_public = False
    cast.course.save()
    assert client.get(url).status_code == 302


def test_a_member_sees_how_far_unpublished_notes_are(cast, client, duty):
    client.force_login(cast.sofia)
    page = client.get(f"{BASE}{duty.pk}/").content.decode()
    assert "Not published yet" in page
    assert "Ruth and Daniel" in page


def test_a_hostile_note_is_harmless_wherever_it_is_shown(cast, client, duty):
    text = "# A\n\n<script>alert(1)</script> [x](javascript:alert(1)) ![x](data:image/png;base64,xx)\n"
    text += "$\\text{<script>alert(1)</script>}$ $\\href{javascript:x}{y}$\n"
    version = handed_in(cast, duty, text)
    writing.note_approve(visit=cast.visit(cast.amit), version=version)
    client.force_login(cast.amit)
    for page in ("", "review/"):
        html = client.get(f"{BASE}{duty.pk}/{page}").content.decode()
        assert "<script>alert" not in html
        assert 'href="javascript' not in html
        assert 'src="data:' not in html


# -- the index and assigning --------------------------------------------------------------------------------------------


def test_the_own_duty_is_the_title(ruth, duty):
    page = ruth.get(BASE).content.decode()
    assert re.search(r"<h1>Compression: your notes are due", page)


def test_staff_filter_and_export(cast, amit, duty):
    session_of(cast, title="=cmd()", held_on=days_ago(30))
    handed_in(cast, duty)
    assert "nobody yet" in amit.get(f"{BASE}?state=nobody").content.decode()
    page = amit.get(f"{BASE}?state=read&person=ruth").content.decode()
    assert "Compression" in page
    assert "=cmd()" not in page
    assert "No notes fit these filters" in amit.get(f"{BASE}?state=published").content.decode()
    csv = amit.get(f"{BASE}notes.csv").content.decode("utf-8-sig")
    assert "'=cmd()" in csv
    assert "Ruth; Daniel,ruth@example.edu; daniel@example.edu" in csv


def test_staff_assign_a_team_and_an_example(cast, amit):
    session = session_of(cast)
    data = {"session": session.pk, "people": [cast.ruth.pk, cast.sofia.pk], "due_on": ""}
    assert amit.post(f"{BASE}assign/", data).status_code == 302
    assert set(ScribeMember.objects.values_list("person__name", flat=True)) == {"Ruth", "Sofia"}
    assert (
        amit.post(f"{BASE}assign/", {"session": session.pk, "people": [cast.amit.pk], "is_example": "on"}).status_code
        == 302
    )


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ({"people": []}, 422, "no_scribe"),
        ({"people": ["lena"]}, 422, "not_of_this_course"),
        ({"people": ["x"]}, 422, "not_of_this_course"),
        ({"people": ["ruth"], "due_on": "soon"}, 422, "bad_day"),
        ({"people": ["ruth"], "due_on": "2001-01-01"}, 422, "due_before_session"),
        ({"people": ["ruth"], "is_example": "on"}, 422, "bad_example"),
        ({"people": ["ruth"], "session": "0"}, 422, "no_such_session"),
        ({"people": ["ruth"], "session": "9" * 40}, 422, "no_such_session"),
    ],
)
def test_an_assignment_that_cannot_be_is_refused_on_the_page(cast, amit, data, status, code):
    people = [getattr(cast, name).pk if hasattr(cast, name) else name for name in data["people"]]
    response = amit.post(f"{BASE}assign/", {"session": session_of(cast).pk} | data | {"people": people})
    assert response.status_code == status
    assert code in response.content.decode()
    assert not ScribeDuty.objects.exists()


def test_a_spreading_is_looked_at_before_it_is_made(cast, amit):
    session_of(cast, title="Later", held_on=days_ago(-7))
    page = amit.get(f"{BASE}assign/spread/?times=1").content.decode()
    assert not ScribeDuty.objects.exists()
    key = re.search(r'name="key" value="(\w+)"', page)[1]
    assert amit.post(f"{BASE}assign/spread/", {"times": "1", "key": "old"}).status_code == 409
    assert amit.post(f"{BASE}assign/spread/", {"times": "1", "key": key}).status_code == 302
    assert sorted(ScribeMember.objects.values_list("person__name", flat=True)) == ["Daniel", "Ruth", "Sofia"]


def test_a_duty_is_changed_and_taken_back(cast, amit, duty):
    url = f"{BASE}{duty.pk}/duty/"
    assert amit.post(url, {"people": [cast.sofia.pk], "due_on": days_ago(-3).isoformat()}).status_code == 302
    assert [member.person for member in duty.members.all()] == [cast.sofia]
    assert amit.post(url, {"people": []}).status_code == 422
    assert amit.post(f"{BASE}{duty.pk}/remove/").status_code == 302
    assert not ScribeDuty.objects.exists()


# -- sizes --------------------------------------------------------------------------------------------------------------


def crowd(cast, students, lectures):
    people = User.objects.bulk_create([User(email=f"s{n}@example.edu", name=f"S {n}") for n in range(students)])
    Enrolment.objects.bulk_create(
        [Enrolment(course=cast.course, person=person, role=Role.STUDENT) for person in people]
    )
    sessions = Session.objects.bulk_create(
        [Session(course=cast.course, held_on=days_ago(n), title=f"L {n}", column="lecture") for n in range(lectures)]
    )
    duties = ScribeDuty.objects.bulk_create(
        [ScribeDuty(course=cast.course, session=session, due_clock="23:59") for session in sessions]
    )
    ScribeMember.objects.bulk_create(
        [ScribeMember(duty=duties[n % lectures], person=person) for n, person in enumerate(people)]
    )


@pytest.mark.parametrize(("students", "lectures"), [(5, 3), (600, 30)])
@pytest.mark.parametrize("page", ["", "assign/", "assign/spread/?times=2", "notes.csv"])
def test_pages_ask_as_much_for_600_people_as_for_five(
    cast, amit, django_assert_max_num_queries, students, lectures, page
):
    crowd(cast, students, lectures)
    with django_assert_max_num_queries(14):
        assert amit.get(BASE + page).status_code == 200


@pytest.mark.parametrize("requests", [1, 40])
@pytest.mark.parametrize("page", ["review/", "edit/", ""])
def test_pages_of_a_note_ask_as_much_for_many_requests_as_for_one(
    cast, client, duty, django_assert_max_num_queries, requests, page
):
    version = handed_in(cast, duty)
    for n in range(requests):
        asked = writing.request_create(visit=cast.visit(cast.amit), version=version, line=5, text=f"r {n}")
        writing.request_reply(visit=cast.visit(cast.ruth), request=asked, text="a")
    writing.note_approve(visit=cast.visit(cast.amit), version=version)
    client.force_login(cast.amit if page == "review/" else cast.ruth)
    with django_assert_max_num_queries(18):
        assert client.get(f"{BASE}{duty.pk}/{page}").status_code == 200


def test_students_see_no_duty_in_a_session_that_is_not_published_but_their_own(client, cast):
    hidden = session_of(cast, title="Not on the schedule yet", is_published=False)
    duty_of(cast, cast.daniel, session=hidden)
    for person, sees in ((cast.ruth, False), (cast.daniel, True), (cast.amit, True)):
        client.force_login(person)
        page = client.get(f"/courses/{cast.course.slug}/scribe/").content.decode()
        assert ("Not on the schedule yet" in page) is sees
