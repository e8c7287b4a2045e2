"""Changing the schedule on its pages: who may, what follows, what is logged, and what cannot be lost."""

from datetime import date, time, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from courseplatform.courses.course_file.reading import MOST_BYTES
from courseplatform.courses.course_file.service import course_import, export_text, plan_import
from courseplatform.courses.forms import outline_of, outline_text
from courseplatform.courses.models import Course, DatedItem, Enrolment, Role, ScheduleChange, Session
from courseplatform.courses.sections import registry
from courseplatform.courses.services.sessions import session_save
from grading.models import Assignment
from tests.people import make_lab

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(cast):
    cast.course.starts_on, cast.course.ends_on = date(2023, 8, 28), date(2023, 12, 8)
    cast.course.save()
    cast.course.sessions.all().delete()
    found = Session.objects.create(
        course=cast.course, held_on=date(2023, 10, 10), starts_at=time(9, 30), ends_at=time(10, 50), place="DH 1212", column="lecture",
        title="CNNs", releases_lab=True,
    )  # fmt: skip
    DatedItem.objects.create(session=found, on=date(2023, 10, 11), kind="highlight", label="Lecture Highlight")
    DatedItem.objects.create(session=found, on=date(2023, 10, 20), label="Fixed", follows=False)
    return found


def form(session, **changes):
    data = {
        "title": session.title, "held_on": session.held_on.isoformat(), "starts_at": "09:30", "ends_at": "10:50", "place": session.place,
        "column": session.column, "kind": session.kind, "releases_lab": "on", "is_published": "on", "tell": "on", "sequence": session.sequence,
        "outline": "", "links": "", "speakers": "", "abstract": "", "note": "", "number": "",
    }  # fmt: skip
    return {key: value for key, value in (data | changes).items() if value is not None}


def post(client, session, **changes):
    return client.post(f"/courses/{session.course.slug}/schedule/{session.pk}/", form(session, **changes))


@pytest.fixture
def heard():
    found = []
    registry.change_listeners.append(found.append)
    yield found
    registry.change_listeners.remove(
        found.append
    ) if found.append in registry.change_listeners else registry.change_listeners.pop()


def test_what_hangs_on_a_session_moves_with_it_and_due_times_stay(client, cast, session):
    lab = make_lab(cast.course, "lab9", short="Lab 9")
    lab.set_dates(released="2023-10-10 09:30", due="2023-10-20 23:59")
    lab.save()
    client.force_login(cast.helen)
    assert "Lab 9 opens on" in client.get(f"/courses/{cast.course.slug}/schedule/{session.pk}/").content.decode()
    assert post(client, session, held_on="2023-10-12").status_code == 302
    session.refresh_from_db()
    lab.refresh_from_db()
    assert session.held_on == date(2023, 10, 12)
    assert [item.on for item in session.items.order_by("on")] == [date(2023, 10, 13), date(2023, 10, 20)]
    assert (lab.released_wall, lab.due_wall) == ("2023-10-12 09:30", "2023-10-20 23:59")
    assert lab.released_at == cast.course.wall(date(2023, 10, 12), time(9, 30))
    change = ScheduleChange.objects.get()
    assert change.sentence.startswith("CNNs moved from Tue Oct 10 to Thu Oct 12.") and change.is_told


def test_work_is_listed_beside_its_session_after_a_move_and_an_export_can_be_read_again(cast):
    text = """\
course: {slug: moves, title: Moves, zone: America/New_York, starts_on: 2023-10-02, ends_on: 2023-10-30}
sessions: [{date: 2023-10-10, title: A}]
assignments: [{slug: r1, kind: report, short: R 1, listed_under: 2023-10-10}]
"""
    course = course_import(plan=plan_import(text.encode()))[0]
    Enrolment.objects.create(course=course, person=cast.helen, role=Role.INSTRUCTOR)
    one = course.sessions.get()
    session_save(visit=cast.visit(cast.helen, course), pk=one.pk, values={"held_on": date(2023, 10, 12)})
    assert Assignment.objects.get(course=course).listed_under == date(2023, 10, 12)
    assert plan_import(export_text(Course.objects.get(pk=course.pk)).encode()).changes == []


def test_members_are_told_of_what_they_plan_by_and_not_of_a_link(client, cast, session, heard):
    client.force_login(cast.helen)
    post(client, session, links="Slides https://example.org/s.pdf\nVideo")
    session.refresh_from_db()
    assert session.details["links"] == [
        {"label": "Slides", "kind": "slides", "url": "https://example.org/s.pdf"},
        {"label": "Video", "kind": "video"},
    ]
    assert heard == []
    post(client, session, place="Wean 3110", sequence=session.sequence, links="Slides https://example.org/s.pdf\nVideo")
    assert [change.sentence for change in heard] == ["CNNs is in Wean 3110."]
    session.refresh_from_db()
    post(client, session, place="GHC 1", sequence=session.sequence, tell=None)
    assert len(heard) == 1
    assert [change.is_told for change in ScheduleChange.objects.order_by("pk")] == [False, True, False]


def test_an_unpublished_session_changes_in_silence_until_it_is_published(client, cast, session, heard):
    Session.objects.filter(pk=session.pk).update(is_published=False)
    client.force_login(cast.helen)
    post(client, session, title="Transformers", is_published=None)
    assert heard == []
    session.refresh_from_db()
    client.post(f"/courses/{cast.course.slug}/schedule/{session.pk}/publish/", {"published": "1"})
    assert [change.sentence for change in heard] == ["Transformers was put on the schedule (Tue Oct 10)."]


def test_two_instructors_at_once_lose_nothing(client, cast, session):
    client.force_login(cast.helen)
    assert post(client, session, title="First").status_code == 302
    second = post(client, session, title="Second")  # opened before the first was saved
    assert second.status_code == 409
    page = second.content.decode()
    assert "Somebody else changed this session" in page and 'value="Second"' in page
    session.refresh_from_db()
    assert session.title == "First"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ends_at": "09:00"}, "before it begins"),
        ({"ends_at": ""}, "go together"),
        ({"held_on": "2024-05-01"}, "outside the course"),
        ({"held_on": "31.12."}, "Enter a valid date"),
        ({"title": ""}, "required"),
        ({"links": "Slides javascript:alert(1)"}, "must begin with https://"),
        ({"outline": "\n".join("x" * 3 for _ in range(100))}, "at most 60"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_typed_is_lost(client, cast, session, changes, said):
    client.force_login(cast.helen)
    response = post(client, session, note="keep me", **changes)
    assert response.status_code == 422
    assert said in response.content.decode() and 'value="keep me"' in response.content.decode()
    session.refresh_from_db()
    assert session.note == ""


def test_sessions_of_one_column_or_room_do_not_overlap(client, cast, session):
    other = Session.objects.create(
        course=cast.course,
        held_on=date(2023, 10, 12),
        starts_at=time(9),
        ends_at=time(10),
        place="DH 1212",
        column="lab",
        title="Lab 3",
    )
    client.force_login(cast.helen)
    assert "overlaps with Lab 3" in post(client, session, held_on="2023-10-12").content.decode()
    assert post(client, session, held_on="2023-10-12", place="Elsewhere").status_code == 302
    assert "overlaps with CNNs" in client.post(
        f"/courses/{cast.course.slug}/schedule/{other.pk}/", form(other, column="lecture", starts_at="10:00", ends_at="11:00", place="X")
    ).content.decode()  # fmt: skip


def test_only_instructors_change_the_schedule(client, cast, session):
    for person, status in ((cast.amit, 403), (cast.ruth, 403), (cast.lena, 404)):
        client.force_login(person)
        assert post(client, session, title="Mine").status_code == status
        assert client.post(f"/courses/{cast.course.slug}/schedule/{session.pk}/delete/").status_code == status
    client.force_login(cast.helen)
    foreign = Session.objects.create(course=cast.other_course, held_on=date.today(), title="Theirs")
    assert client.post(f"/courses/{cast.course.slug}/schedule/{foreign.pk}/", form(session)).status_code == 404
    session.refresh_from_db()
    assert session.title == "CNNs"


def test_students_read_in_the_log_what_they_were_told_and_staff_all(client, cast, session):
    client.force_login(cast.helen)
    post(client, session, place="Room A")
    session.refresh_from_db()
    post(client, session, note="silent", place="Room A", sequence=session.sequence)
    client.logout()
    client.force_login(cast.ruth)
    page = client.get(f"/courses/{cast.course.slug}/schedule/changes/").content.decode()
    assert "Room A" in page and "other notes" not in page and "helen@" not in page
    client.force_login(cast.amit)
    assert "other notes" in client.get(f"/courses/{cast.course.slug}/schedule/changes/").content.decode()


def test_a_cancelled_session_stands_out_and_frees_its_room(client, cast, session):
    client.force_login(cast.helen)
    post(client, session, is_cancelled="on")
    page = client.get(f"/courses/{cast.course.slug}/schedule/").content.decode()
    assert "cancelled" in page
    Session.objects.create(course=cast.course, held_on=session.held_on, column="lecture", title="Guest")
    session_save(visit=cast.visit(cast.helen), pk=session.pk, values={"note": "ill"})


def test_the_form_opens_in_the_place_of_the_session_and_sends_back_to_it(client, cast, session):
    client.force_login(cast.helen)
    address = f"/courses/{cast.course.slug}/schedule/{session.pk}/"
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part and "hx-post" in part
    answer = client.post(address, form(session, title="Moved"), headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (
        204,
        f"/courses/{cast.course.slug}/schedule/#session-{session.pk}",
    )


@pytest.mark.parametrize("text", ["a\n  b\n    c\n  d\ne", "a", "a\nb\nc", "a\n  b\n    c\n    d\n  e\n    f"])
def test_an_outline_goes_through_the_form_unchanged(text):
    assert outline_text(outline_of(text)) == text


def test_a_new_session_is_for_staff_until_it_is_put_on_the_schedule(client, cast, session, heard):
    client.force_login(cast.helen)
    data = form(session, title="Extra", held_on=(session.held_on + timedelta(days=1)).isoformat(), is_published=None)
    assert client.post(f"/courses/{cast.course.slug}/schedule/new/", data).status_code == 302
    assert not Session.objects.get(title="Extra").is_published
    assert heard == []


def test_the_course_file_page_shows_changes_before_it_takes_them(client, cast, session):
    client.force_login(cast.helen)
    base = f"/courses/{cast.course.slug}/file/"
    text = client.get(base + "download/").content.decode()
    changed = text.replace("title: CNNs", "title: Convolutions")
    preview = client.post(base + "preview/", {"text": changed}).content.decode()
    assert "Convolutions" in preview and Session.objects.get(pk=session.pk).title == "CNNs"
    refused = client.post(base + "preview/", {"text": text.replace("title:", "titel:", 1)})
    assert refused.status_code == 422
    assert "unknown_key" in refused.content.decode()
    assert client.post(base + "apply/", {"text": changed, "held": text}).status_code == 302
    assert Session.objects.get(pk=session.pk).title == "Convolutions"
    assert client.post(base + "apply/", {"text": text, "held": text}).status_code == 409  # the course is another by now
    foreign = changed.replace(f"slug: {cast.course.slug}", "slug: another")
    assert "This is the file of another" in client.post(base + "preview/", {"text": foreign}).content.decode()


def test_members_are_told_when_a_session_they_saw_is_taken_off_the_schedule(client, cast, session, heard):
    client.force_login(cast.helen)
    client.post(f"/courses/{cast.course.slug}/schedule/{session.pk}/publish/", {"published": "0"})
    assert [change.sentence for change in heard] == ["CNNs was taken off the schedule (Tue Oct 10)."]


def test_taking_off_in_silence_is_a_choice_of_the_form(client, cast, session, heard):
    client.force_login(cast.helen)
    post(client, session, is_published=None, tell=None)
    assert heard == []
    assert not ScheduleChange.objects.get().is_told


@pytest.mark.parametrize("content", [b"a: " + b"x" * MOST_BYTES, b"%PDF-1.4 \xff\xfe"])
def test_a_file_that_is_too_large_or_no_text_does_not_come_back_in_the_page(client, cast, session, content):
    client.force_login(cast.helen)
    file = SimpleUploadedFile("course.yaml", content)
    answer = client.post(f"/courses/{cast.course.slug}/file/preview/", {"file": file})
    assert answer.status_code == 422
    assert len(answer.content) < 150_000 and b"%PDF" not in answer.content


def sent_back(client, cast, change):
    """The course file, changed and taken in the browser by Helen."""
    client.force_login(cast.helen)
    base = f"/courses/{cast.course.slug}/file/"
    text = client.get(base + "download/").content.decode()
    assert client.post(base + "apply/", {"text": change(text), "held": text}).status_code == 302


def test_an_import_that_changes_the_schedule_is_logged_and_told_like_any_other_change(client, cast, session, heard):
    sent_back(client, cast, lambda text: text.replace("place: DH 1212", "place: Wean 3110"))
    assert [change.sentence for change in heard] == ["CNNs is in Wean 3110."]
    assert ScheduleChange.objects.get().by == cast.helen.email


def test_many_changes_of_one_import_are_one_message(client, cast, session, heard):
    for n in range(5):
        Session.objects.create(
            course=cast.course, held_on=date(2023, 11, n + 1), column="lab", title=f"Lab {n}", place="Old"
        )
    sent_back(client, cast, lambda text: text.replace("place: Old", "place: New"))
    assert len(heard) == 1
    assert heard[0].sentence.startswith("5 sessions of the schedule were changed.")
    assert ScheduleChange.objects.count() == 6


def test_an_import_tells_nobody_of_what_is_not_published(client, cast, session, heard):
    Session.objects.filter(pk=session.pk).update(is_published=False)
    sent_back(client, cast, lambda text: text.replace("place: DH 1212", "place: Wean 3110"))
    assert heard == []
