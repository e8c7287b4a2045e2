"""Lecture highlights: written, handed in, returned, published."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.notices.models import Notification
from courseplatform.seminar.models import Highlight
from courseplatform.seminar.selectors.highlights import published_highlights
from courseplatform.seminar.services.highlights import (
    highlight_assign,
    highlight_publish,
    highlight_save,
    highlight_submit,
)
from tests.courseplatform.seminar.builders import code_of, make_session

pytestmark = pytest.mark.django_db
HOSTILE = "# Title\n\n<script>alert(1)</script> [x](javascript:alert(2)) ![p](https://example.edu/p.png)\n\n| a | b |\n|---|---|\n| 1 | 2 |"


@pytest.fixture
def highlight(cast):
    return highlight_assign(
        visit=cast.visit(cast.helen),
        session=make_session(cast.course, -1),
        people=[cast.ruth, cast.daniel],
        team="Magpie",
    )


def submit(cast, highlight, text="Words"):
    return highlight_submit(visit=cast.visit(cast.ruth), highlight=highlight, text=text, version=highlight.version)


def test_it_is_due_the_day_after_the_lecture_at_the_end_of_the_day_and_moves_with_it(cast, highlight):
    due = timezone.localtime(highlight.due_at, cast.course.tz)
    assert (due.date(), due.hour, due.minute) == (highlight.session.held_on + timedelta(days=1), 23, 59)
    highlight.session.held_on += timedelta(days=7)
    highlight.session.save()
    assert timezone.localtime(Highlight.objects.get().due_at, cast.course.tz).date() == due.date() + timedelta(days=7)


def test_the_writers_are_told_and_see_it_others_do_not(client, cast, highlight):
    assert {row.person for row in Notification.objects.all()} == {cast.ruth, cast.daniel}
    for person, status in ((cast.ruth, 200), (cast.daniel, 200), (cast.sofia, 404), (cast.amit, 200)):
        client.force_login(person)
        assert client.get(highlight.get_absolute_url()).status_code == status
        assert (highlight.session.title in client.get("/courses/odml/highlights/").content.decode()) == (status == 200)


def test_a_draft_is_saved_previewed_and_handed_in(client, cast, highlight):
    client.force_login(cast.ruth)
    address = highlight.get_absolute_url()
    assert "<em>so</em>" in client.post(address, {"do": "preview", "text": "*so*", "version": "0"}).content.decode()
    assert Highlight.objects.get().text == ""
    assert client.post(address, {"do": "save", "text": "Draft\r\nline", "version": "0"}).status_code == 302
    assert Highlight.objects.get().text == "Draft\nline"
    assert client.post(address, {"do": "submit", "text": "  ", "version": "1"}).status_code == 422
    assert client.post(address, {"do": "submit", "text": "Done", "version": "1"}).status_code == 302
    assert Highlight.objects.get().status == "submitted"
    assert {row.person for row in Notification.objects.filter(title__contains="handed in")} == {
        cast.helen,
        cast.ines,
        cast.amit,
    }


def test_somebody_elses_save_is_shown_beside_ones_own_text(client, cast, highlight):
    highlight_save(visit=cast.visit(cast.daniel), highlight=highlight, text="Daniel's text", version=0)
    client.force_login(cast.ruth)
    response = client.post(highlight.get_absolute_url(), {"do": "save", "text": "Ruth's text", "version": "0"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Ruth&#x27;s text" in page
    assert "Daniel&#x27;s text" in page
    assert 'name="version" value="1"' in page  # the next save is meant
    assert Highlight.objects.get().text == "Daniel's text"


def test_staff_return_it_with_words_or_publish_it(client, cast, highlight):
    submit(cast, highlight)
    client.force_login(cast.amit)
    answer = f"{highlight.get_absolute_url()}answer/"
    assert client.post(answer, {"do": "return", "wish": " "}).status_code == 422
    assert client.post(answer, {"do": "return", "wish": "Name the unit."}).status_code == 302
    client.force_login(cast.ruth)
    assert "Name the unit." in client.get(highlight.get_absolute_url()).content.decode()
    client.post(highlight.get_absolute_url(), {"do": "submit", "text": "With units", "version": "1"})
    client.force_login(cast.amit)
    assert client.post(answer, {"do": "publish"}).status_code == 302
    assert client.post(answer, {"do": "publish"}).status_code == 409
    assert [row.moved_to for row in highlight.moves.all()] == [
        "assigned",
        "submitted",
        "returned",
        "submitted",
        "published",
    ]


def test_published_it_is_read_by_all_and_written_by_nobody(client, cast, highlight):
    highlight_publish(visit=cast.visit(cast.helen), highlight=submit(cast, highlight))
    client.force_login(cast.sofia)
    assert client.get(highlight.get_absolute_url()).status_code == 200
    assert (
        client.post(highlight.get_absolute_url(), {"do": "save", "text": "Mine now", "version": "1"}).status_code == 404
    )
    assert code_of(lambda: submit(cast, Highlight.objects.get(), "Again")) == "not_writable"


def test_the_schedule_gets_what_is_published_as_safe_html(cast, highlight, django_assert_num_queries):
    assert published_highlights(cast.course) == {}
    highlight_publish(visit=cast.visit(cast.helen), highlight=submit(cast, highlight, HOSTILE))
    with django_assert_num_queries(3):
        ((session, (found,)),) = published_highlights(cast.course).items()
    assert session == highlight.session_id
    assert found.by == "Magpie: Ruth and Daniel"
    assert "<table>" in found.html
    assert "<script" not in found.html
    assert "javascript:" not in found.html.replace("[x](javascript:alert(2))", "")
    assert "<img" not in found.html


def test_nobody_chosen_is_said_at_the_field(client, cast):
    session = make_session(cast.course, 3)
    client.force_login(cast.helen)
    response = client.post("/courses/odml/highlights/assign/", {"session": session.pk})
    assert response.status_code == 422
    assert "Choose who writes it." in response.content.decode()
    assert (
        client.post("/courses/odml/highlights/assign/", {"session": session.pk, "people": [cast.lena.pk]}).status_code
        == 422
    )
    assert (
        client.post("/courses/odml/highlights/assign/", {"session": session.pk, "people": [cast.ruth.pk]}).status_code
        == 302
    )


def test_a_cancelled_one_is_gone_and_its_text_kept(client, cast, highlight):
    submit(cast, highlight, "Kept")
    client.force_login(cast.helen)
    assert client.post(f"{highlight.get_absolute_url()}answer/", {"do": "cancel"}).status_code == 302
    assert client.get(highlight.get_absolute_url()).status_code == 404
    assert Highlight.objects.get().text == "Kept"


def test_a_text_of_a_megabyte_is_refused_and_kept_in_the_field(client, cast, highlight):
    client.force_login(cast.ruth)
    response = client.post(highlight.get_absolute_url(), {"do": "save", "text": "x" * 50_000, "version": "0"})
    assert response.status_code == 422
    assert "x" * 1000 in response.content.decode()
