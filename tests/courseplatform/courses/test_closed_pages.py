"""A page of a closed course, form by form: what of it stays. That no page of the product offers what is refused: keeping/term/test_closed_pages.py."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from courseplatform.courses.closed_pages import SAID, as_closed
from courseplatform.courses.closing import GOES_ON
from courseplatform.courses.models import Course

BASE = "/courses/odml"


def made(html, course=None, content_type="text/html; charset=utf-8"):
    course = course or Course(slug="odml", closed_at=timezone.now())
    answer = HttpResponse(html, content_type=content_type)
    return as_closed(answer, RequestFactory().get(f"{BASE}/schedule/new/"), course).content.decode()


def test_a_button_alone_goes_and_a_field_stays_to_be_read():
    hidden = '<input type="hidden" name="a" value="1">'
    alone = f'<form class="actions" method="post" action="{BASE}/schedule/1/delete/">{hidden}<button class="btn">Delete</button></form>'
    assert made(f"<div>{alone}</div>") == "<div></div>"
    said = made('<form method="post" data-rows><input name="title" value="a > b"><button>Save</button></form>')
    assert '<input disabled name="title" value="a > b">' in said
    assert f'<button disabled title="{SAID}">Save</button>' in said
    assert said.startswith('<form data-closed method="post" data-rows')
    assert said.count(SAID) == 2


def test_a_field_for_a_file_has_nothing_to_read_and_gives_way_to_the_reason():
    said = made('<form method="post" data-upload><label>Drop it</label><input type="file"><button>Save</button></form>')
    assert SAID in said and "<form" not in said and "<input" not in said


def test_what_a_script_looks_for_stays_where_nobody_sees_it():
    said = made('<form method="post" data-undo><input type="hidden" name="key"><button>Undo</button></form>')
    assert (
        said
        == f'<form hidden method="post" data-undo><input type="hidden" name="key"><button disabled title="{SAID}">Undo</button></form>'
    )


def test_words_around_a_button_stay():
    html = f'<form method="post" action="{BASE}/schedule/1/delete/"><p>It leaves with its notes.</p><button type="submit">Delete</button></form>'
    assert (
        made(html) == f'<form method="post" action="{BASE}/schedule/1/delete/"><p>It leaves with its notes.</p></form>'
    )


def test_a_button_elsewhere_on_the_page_belongs_to_its_form():
    said = made(
        '<button form="f" name="x">Out</button>'
        f'<form id="f" method="post" action="{BASE}/schedule/1/"><input></form><button form="g">In</button>'
    )
    assert f'<button disabled title="{SAID}" form="f" name="x">' in said
    assert '<button form="g">In</button>' in said


@pytest.mark.parametrize("action", ["/accounts/logout/", "/courses/another/schedule/new/", "https://example.org/", "{base}/term/open/"])  # fmt: skip
def test_what_leads_elsewhere_or_goes_on_is_left_alone(action):
    html = f'<form method="post" action="{action.format(base=BASE)}"><button>Go</button></form><form><input name="q"></form>'
    assert made(html) == html


def test_a_button_to_a_page_that_is_a_form_goes_and_one_to_a_table_stays():
    table = f'<a class="btn" href="{BASE}/schedule/">Schedule</a>'
    assert made(f'<a class="btn primary" href="{BASE}/schedule/new/">New session</a>{table}') == table


def test_an_open_course_and_what_is_no_page_are_left_as_they_are():
    html = f'<form method="post" action="{BASE}/schedule/1/delete/"><button>Delete</button></form>'
    assert made(html, content_type="text/csv") == html
    assert made(html, Course(slug="odml")) == html


def test_a_room_that_lets_it_go_on_gets_its_button_back(monkeypatch):
    html = f'<form method="post" action="{BASE}/schedule/1/delete/"><button>Delete</button></form>'
    monkeypatch.setitem(GOES_ON, "courses:session_delete", "a test says so")
    assert made(html) == html
