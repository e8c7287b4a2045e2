"""Partials that are drawn once for equal facts: other facts never get what was drawn, and nothing but the facts is in them."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from courseplatform.core import drawn as module
from courseplatform.core.drawn import drawn
from courseplatform.core.templatetags.ui import badge, icon
from courseplatform.courses.models import Enrolment, Role, Session
from tests.people import make_course, make_user

TEMPLATES = Path(settings.BASE_DIR) / "templates"
SHORTCUTS = "components/_course_shortcuts.html"
# Tags that show the hour, who asks or a token, and what the context processors bring.
NOT_PLAIN = re.compile(
    r"\{%-? *(in_words|length_of|now|csrf_token|course_nav|course_shortcuts)\b"
    r"|\|(timesince|timeuntil|naturaltime)|\{[{%][^}]*\b(request|user|visit|messages|perms)\."
)


def drawn_partials():
    """Of templates and of Python, with all that they include."""
    root = Path(settings.BASE_DIR)
    said = [
        *TEMPLATES.rglob("*.html"),
        *(file for room in ("courseplatform", "grading", "hardware") for file in (root / room).rglob("*.py")),
    ]
    found = {
        name
        for file in said
        if file.name != "drawn.py"
        for name in re.findall(r"""\bdrawn(?:\(\s*| )["']([\w/.]+\.html)""", file.read_text())
    }
    waiting = list(found)
    while waiting:
        text = (TEMPLATES / waiting.pop()).read_text()
        new = set(re.findall(r'\{% include "([^"]+)"', text)) - found
        found |= new
        waiting += new
    return sorted(found)


def test_the_partials_are_found():
    assert {"courses/_time_rule.html", "courses/_session.html", "components/_course_nav.html", SHORTCUTS} <= set(
        drawn_partials()
    )


@pytest.mark.parametrize("name", drawn_partials())
def test_a_drawn_partial_shows_neither_the_hour_nor_who_asks(name):
    assert not NOT_PLAIN.search((TEMPLATES / name).read_text())


def test_equal_facts_are_drawn_once_and_others_anew(monkeypatch):
    monkeypatch.setattr(module, "_kept", module.ByValue(most=10))
    made = []
    monkeypatch.setattr(module, "render_to_string", lambda name, facts: made.append(facts) or str(len(made)))
    facts = [[{"key": "h", "label": "Home"}], [{"key": "h", "label": "Homes"}], [{"key": "h", "label": "Home"}]]
    assert [drawn(SHORTCUTS, links=links) for links in facts] == ["1", "2", "1"]
    with timezone.override("Asia/Tokyo"):  # a partial may write an instant on the reader's clock
        assert drawn(SHORTCUTS, links=facts[0]) == "3"


def test_what_is_safe_is_another_fact_than_what_is_to_be_escaped():
    shown = [drawn(SHORTCUTS, links=[{"key": "x", "label": word}]) for word in (SafeString("<b>"), "<b>")]
    assert "<b>" in shown[0] and "<b>" not in shown[1] and "&lt;b&gt;" in shown[1]
    assert "<i>" in icon(SafeString("<i>")) and "<i>" not in icon("<i>")

    class Found:
        tone, icon, word = "good", "check", SafeString("<u>")

    assert "<u>" in badge(Found)
    Found.word = "<u>"
    assert "<u>" not in badge(Found)


# -- pages ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def course(transactional_db):
    course = make_course("drawn")
    course.sessions.create(title="Pruning", held_on=timezone.localdate() + timedelta(days=1), position=1)
    return course


def member(course, name, role=Role.STUDENT):
    person = make_user(name)
    Enrolment.objects.create(course=course, person=person, role=role)
    client = Client()
    client.force_login(person)
    return client


def shown(client, course, name):
    answer = client.get(reverse(f"courses:{name}", args=[course.slug]))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("name", ["home", "schedule"])
def test_each_change_of_a_session_is_on_the_page_at_once(course, name):
    client = member(course, "Kim")
    assert "Pruning" in shown(client, course, name)
    Session.objects.update(title="Quantization")
    page = shown(client, course, name)
    assert "Quantization" in page and "Pruning" not in page
    session = Session.objects.get()
    session.is_cancelled = True
    session.save()
    assert "ancelled" in shown(client, course, name)
    course.sessions.create(title="Distillation", held_on=timezone.localdate() + timedelta(days=2), position=2)
    assert "Distillation" in shown(client, course, name)
    Session.objects.filter(title="Quantization").delete()
    assert "Quantization" not in shown(client, course, name)


def test_the_office_hours_of_the_home_are_those_of_the_rows(course):
    client = member(course, "Kim")
    hour = course.office_hours.create(who="Helen", note="by appointment", position=1)
    assert "Helen" in shown(client, course, "home")
    hour.who = "Marta"
    hour.save()
    page = shown(client, course, "home")
    assert "Marta" in page and "Helen" not in page
    hour.delete()
    assert "Marta" not in shown(client, course, "home")


def test_what_an_instructor_may_edit_is_no_students(course):
    student, instructor = member(course, "Kim"), member(course, "Helen", Role.INSTRUCTOR)
    edit = reverse("courses:session", args=[course.slug, Session.objects.get().pk])
    for _ in range(2):  # whoever came first
        assert edit in shown(instructor, course, "schedule")
        assert edit not in shown(student, course, "schedule")


def test_the_bar_is_that_of_the_role_of_now(course):
    client = member(course, "Kim")
    settings_url = reverse("courses:settings", args=[course.slug])
    assert settings_url not in shown(client, course, "schedule")
    Enrolment.objects.update(role=Role.INSTRUCTOR)
    assert settings_url in shown(client, course, "schedule")


def test_a_session_that_was_ended_and_a_person_who_was_shut_out_open_nothing(course):
    client = member(course, "Kim")
    other = member(course, "Lee")
    address = reverse("courses:home", args=[course.slug])
    assert client.get(address).status_code == other.get(address).status_code == 200
    client.session.flush()
    assert client.get(address).status_code == 302
    person = Enrolment.objects.get(person__name__startswith="Lee").person
    person.is_active = False
    person.save()
    assert other.get(address).status_code == 302


@pytest.mark.parametrize(("name", "most"), [("home", 11), ("schedule", 6)])
def test_a_student_who_has_nothing_yet_costs_few_queries(course, name, most, django_assert_max_num_queries):
    client = member(course, "Kim")
    shown(client, course, name)
    with django_assert_max_num_queries(most):
        shown(client, course, name)
