"""Numbers as people type them: a decimal comma is taken in every form, and what can be read in two ways is asked again."""

import re
from pathlib import Path

import pytest
from django import forms

from courseplatform.core.errors import BadInput
from courseplatform.core.form_fields import ExactField, NumberField, WholeField
from courseplatform.core.typed_numbers import TwoWays, point_form
from grading.forms.grades import points_of


@pytest.mark.parametrize(
    ("typed", "read"),
    [("2,5", "2.5"), (" 2.5 ", "2.5"), ("-0,25", "-0.25"), ("\u22120.25", "-0.25"), ("0,125", "0.125"), (",5", ".5"), ("7", "7"),
     ("12\u2009346", "12346"), ("1\u00a0250,5", "1250.5"), ("2\u066b5", "2.5"), ("1,25", "1.25"), ("1234,567", "1234.567")],
)  # fmt: skip
def test_the_decimal_sign_of_the_reader_is_taken(typed, read):
    assert point_form(typed) == read


@pytest.mark.parametrize("typed", ["1,250", "-12,000", "999,999"])
def test_what_half_of_the_world_reads_otherwise_is_asked_again(typed):
    with pytest.raises(TwoWays, match="in two ways"):
        point_form(typed)


def test_the_sentence_says_both_readings():
    with pytest.raises(TwoWays) as found:
        point_form("1,250")
    assert str(found.value) == "1,250 can be read in two ways: write 1250, or 1.25."


@pytest.mark.parametrize("typed", ["1,250.5", "1.250,5", "2,5,5", "two", "1,250,000"])
def test_what_is_no_number_stays_none(typed):
    with pytest.raises(forms.ValidationError) as found:
        NumberField().clean(typed)
    assert (found.value.code, found.value.messages) == ("invalid", ["Write a number, like 2.5."])


@pytest.mark.parametrize("field", [NumberField(), ExactField(max_digits=6, decimal_places=2)])
def test_fields_of_forms_take_the_comma_and_refuse_two_readings(field):
    assert float(field.clean("2,5")) == 2.5
    with pytest.raises(forms.ValidationError) as found:
        field.clean("1,250")
    assert found.value.code == "two_ways"


@pytest.mark.parametrize("field", [NumberField(), ExactField(), WholeField()])
def test_a_number_is_no_number_field_of_the_browser(field):
    """Chromium's takes no comma, and sends 25 for 2,5."""
    assert field.widget.input_type == "text"


def test_a_part_of_a_late_day_is_told_so():
    with pytest.raises(forms.ValidationError) as found:
        WholeField().clean("2,5")
    assert found.value.messages == ["Write a whole number, like 2."]


def test_points_of_the_desk_and_of_the_book_are_read_by_the_same_rule():
    assert str(points_of("2,5", "points")) == "2.5"
    with pytest.raises(BadInput) as found:
        points_of("1,250", "points")
    assert (found.value.code, found.value.details) == ("two_ways", {"field": "points"})


# -- whole numbers ----------------------------------------------------------------------------------------------------

ROOT = Path(__file__).resolve().parents[2]
# What no person types: revisions and keys that a page carries along.
CARRIED = {"seen_revision", "sequence", "revision", "version", "slot"}
OF_DJANGO = re.compile(r"(\w+)[^\n=]*=\s*forms\.(?:IntegerField|FloatField|DecimalField)\(|forms\.NumberInput")


def test_every_number_that_somebody_types_is_read_in_one_way():
    found = {
        (path.relative_to(ROOT).as_posix(), one[1] or one[0])
        for room in ("courseplatform", "grading", "hardware")
        for path in (ROOT / room).rglob("*.py")
        for one in OF_DJANGO.finditer(path.read_text())
    }
    assert {one for one in found if one[1] not in CARRIED} == set()


def test_no_page_has_a_number_field_of_the_browser():
    """Chromium makes 25 of 2,5 in it, without a word."""
    pages = [path for path in (ROOT / "templates").rglob("*.html") if 'type="number"' in path.read_text()]
    assert pages == []


@pytest.mark.parametrize("typed", ["2,5", "2.5", "2 5", "two", "1e3"])
def test_a_whole_number_refuses_parts_with_a_sentence(typed):
    with pytest.raises(forms.ValidationError) as found:
        WholeField(min_value=1, max_value=50).clean(typed)
    assert found.value.messages == ["Write a whole number, like 2."]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "field", "words"),
    [
        ("teams/slots/", "capacity", "Write a whole number, like 2."),
        ("teams/slots/", "minutes", "Write a whole number of minutes."),
        ("papers/manage/rounds/", "least", "Write a whole number, like 2."),
        ("retention/", "audit", "Write a whole number, like 2."),
        ("schedule/new/", "number", "Write a whole number, like 2."),
        ("scribe/assign/spread/", "times", "Write a whole number of lectures, from 1 to 10."),
    ],
)
@pytest.mark.parametrize("typed", ["2,5", "2.5"])
def test_a_form_refuses_it_too_and_shows_what_was_typed(client, cast, address, field, words, typed):
    client.force_login(cast.helen)
    answer = client.post(f"/courses/{cast.course.slug}/{address}", {field: typed})
    text = answer.content.decode()
    assert answer.status_code in (400, 422)
    assert words in text
    assert f'value="{typed}"' in text
