"""Absolute times in the form of the reader's country (static/js/times.js), over the words that the server wrote."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.template import Context, Template
from django.utils import timezone

SCRIPT = (Path(__file__).resolve().parents[2] / "static/js/times.js").read_text()
MOMENT = datetime(2023, 11, 4, 3, 59, 7, tzinfo=UTC)
GAP = "\u202f"  # which some languages of Chromium set before PM


def drawn(zone):
    with timezone.override(zone):
        page = Template("{% load ui %}{% at moment %} {% in_words moment %}").render(Context({"moment": MOMENT}))
    return f'<!doctype html><html lang="en"><body data-now="2023-11-04T00:00:00+00:00">{page}</body></html>'


def seen(chromium, locale, zone="America/New_York"):
    """Text, lang and dir of the absolute time; text and title of the relative one."""
    # The machine's zone is nobody's here.
    context = chromium.new_context(locale=locale, timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.set_content(drawn(zone))
    page.add_script_tag(content=SCRIPT)
    absolute, relative = page.locator("time[data-at]"), page.locator("time[data-relative]")
    found = (
        absolute.inner_text(), absolute.get_attribute("lang"), absolute.get_attribute("dir"), relative.get_attribute("title")
    )  # fmt: skip
    context.close()
    return tuple(one and one.replace(GAP, " ").replace("\u200f", "") for one in found)


def test_the_server_writes_the_wall_time_with_its_offset_and_zone():
    assert '<time datetime="2023-11-03T23:59:07-04:00" data-at>Fri Nov 3, 23:59 EDT</time>' in drawn("America/New_York")
    assert Template("{% load ui %}{% at moment %}").render(Context({"moment": None})) == ""


@pytest.mark.part("chromium")
def test_a_reader_of_english_keeps_the_words_of_the_page_and_hovers_over_those_of_the_country(chromium):
    assert seen(chromium, "en-US") == ("Fri Nov 3, 23:59 EDT", None, None, "Fri, Nov 3, 2023, 11:59:07 PM EDT")
    assert seen(chromium, "en-GB")[3] == "Fri, 3 Nov 2023, 23:59:07 EDT"


@pytest.mark.part("chromium")
@pytest.mark.parametrize(
    ("locale", "text"),
    [("de-DE", "Fr., 3. Nov., 23:59 EDT"), ("fr-FR", "ven. 3 nov., 23:59 EDT"), ("ja-JP", "11月3日(金) 23:59 EDT")],
)
def test_another_language_has_its_own_order_and_hours_in_the_zone_of_the_page(chromium, locale, text):
    found = seen(chromium, locale)
    assert found[:3] == (text, locale, "auto")
    assert found[3].endswith(" EDT")


@pytest.mark.part("chromium")
def test_the_calendar_and_the_digits_stay_ours(chromium):
    """Iran counts the year 1402 then, Thailand 2566; the file of the course says 2023."""
    for locale in ("fa-IR", "th-TH", "ar-EG"):
        assert "2023" in seen(chromium, locale)[3], locale


@pytest.mark.part("chromium")
def test_a_zone_without_a_letter_name_keeps_its_offset(chromium):
    assert seen(chromium, "de-DE", "Asia/Kathmandu")[0] == "Sa., 4. Nov., 09:44 +0545"
