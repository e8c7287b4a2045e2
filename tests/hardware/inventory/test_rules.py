"""What a tag, a serial number and an amount may be, and tags by a pattern."""

from decimal import Decimal

import pytest

from courseplatform.core.errors import BadInput
from hardware.inventory.stock import rules


def refused(call, *args):
    with pytest.raises(BadInput) as caught:
        call(*args)
    return caught.value.code


@pytest.mark.parametrize(("text", "tag"), [("pi-07", "PI-07"), (" A ", "A"), ("7", "7"), ("X" * 24, "X" * 24)])
def test_a_tag_is_kept_in_capitals(text, tag):
    assert rules.tag_of(text) == tag


@pytest.mark.parametrize("text", ["", "-PI", "PI-", "PI 07", "PI/07", "Ä-1", "X" * 25, "PI_07", "<b>"])
def test_what_is_no_tag_is_refused(text):
    assert refused(rules.tag_of, text) == "bad_tag"


def test_a_pattern_gives_tags_with_the_width_of_its_first_number():
    assert rules.tags_of("PI-[01-30]")[::29] == ["PI-01", "PI-30"]
    assert rules.tags_of("pi-[8-11]") == ["PI-8", "PI-9", "PI-10", "PI-11"]
    assert rules.tags_of("PI-07") == ["PI-07"]
    assert rules.tags_of("N[098-102]-A")[:3] == ["N098-A", "N099-A", "N100-A"]


@pytest.mark.parametrize(
    ("pattern", "code"),
    [("PI-[30-01]", "bad_pattern"), ("PI-[01-30", "bad_pattern"), ("[1-2]-[1-2]", "bad_pattern"), ("PI-[a-b]", "bad_pattern"),
     ("PI-[1-501]", "too_many_tags"), ("PI-[1-999999]", "too_many_tags"), ("-[1-2]", "bad_tag")],
)  # fmt: skip
def test_a_pattern_that_says_nothing_or_too_much_is_refused(pattern, code):
    assert refused(rules.tags_of, pattern) == code


def test_a_serial_number_that_a_spreadsheet_shortened_is_not_guessed_back():
    assert refused(rules.serial_of, "1.00000E+15") == "damaged_number"
    assert rules.serial_of(" 10000000a3b2c1d0 ") == "10000000a3b2c1d0"
    assert refused(rules.serial_of, "séries") == "bad_serial"


@pytest.mark.parametrize(("text", "value"), [("", None), ("45", "45.00"), ("45,9", "45.90"), ("1234.56", "1234.56")])
def test_an_amount_is_read_with_a_point_or_a_comma(text, value):
    assert rules.value_of(text) == (Decimal(value) if value else None)


@pytest.mark.parametrize("text", ["1,234", "$45", "4.567", "-3", "1e3", "99999999"])
def test_an_amount_that_could_mean_two_things_is_refused(text):
    assert refused(rules.value_of, text) == "bad_value"


@pytest.mark.parametrize("text", ["05/09/2023", "2023-02-30", "0202-01-01", "20230905", "2023-9-5"])
def test_a_day_is_year_month_and_day(text):
    assert refused(rules.day_of, text) == "bad_day"


def test_the_apostrophe_of_an_export_is_taken_off_again():
    assert rules.text_of("'=1+1", 80) == "=1+1"
    assert rules.text_of("O'Neill's shelf", 80) == "O'Neill's shelf"


@pytest.mark.parametrize("text", ["javascript:alert(1)", "ftp://x.org/a", "https://nodot", "http://a.b/<script>"])
def test_a_data_sheet_is_a_web_address(text):
    assert refused(rules.url_of, text) == "bad_url"
