"""Addresses in templates: those that Django finds, each sought once."""

from uuid import uuid4

import pytest
from django.template import Context, Template
from django.test import override_settings
from django.urls import NoReverseMatch, reverse

from courseplatform.core.templatetags import addresses

RUN = "{% url 'grading:run' course=slug run=run %}"


def drawn(text, **values):
    return Template(text).render(Context(values))


def test_it_is_the_address_that_django_finds_and_is_sought_once(monkeypatch):
    addresses._found.cache_clear()
    sought, run = [], uuid4()
    monkeypatch.setattr(addresses, "reverse", lambda *args, **named: sought.append(args) or reverse(*args, **named))
    wanted = reverse("grading:run", kwargs={"course": "demo", "run": run})
    assert [drawn(RUN, slug="demo", run=run) for _ in range(2)] == [wanted] * 2
    assert drawn("{% url 'core:page' name='class' %}") == reverse("core:page", args=["class"])
    assert drawn("{% url 'core:page' 'class' %}") == reverse("core:page", args=["class"])
    assert len(sought) == 3


def test_values_of_two_kinds_are_not_mixed_up():
    text = "{% url 'core:page' name=name %}"
    for name in (1, True, "1"):
        assert drawn(text, name=name) == reverse("core:page", args=[name])


def test_what_is_nowhere_is_said_each_time_and_may_be_asked_for():
    for _ in range(2):
        with pytest.raises(NoReverseMatch):
            drawn(RUN, slug="demo", run="")
    assert drawn("{% url 'nowhere' as found %}[{{ found }}]") == "[]"


def test_another_table_of_routes_has_other_addresses():
    front = drawn("{% url 'front' %}")
    with override_settings(ROOT_URLCONF="courseplatform.core.urls"), pytest.raises(NoReverseMatch):
        drawn("{% url 'front' %}")
    assert drawn("{% url 'front' %}") == front
