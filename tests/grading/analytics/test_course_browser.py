"""The analytics of a course in a browser: nothing that axe finds, tables that unfold by the keyboard, and a PNG of what is drawn."""

import pytest
from playwright.sync_api import expect

from tests.browsing import axe_finds
from tests.grading.analytics.test_course_page import PAGE, everything, with_late_days

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(("theme", "width"), [("dark", 360), pytest.param("light", 1440, marks=pytest.mark.whole)])
def test_every_chart_is_drawn_and_axe_finds_nothing(page_of, cast, theme, width):
    with_late_days(cast)
    everything(cast, people=4, works=3)
    page = page_of(cast.helen, width, color_scheme=theme)
    page.goto(PAGE)
    drawn = page.locator("[data-plot-url]")
    for n in range(drawn.count()):
        drawn.nth(n).scroll_into_view_if_needed()
        expect(drawn.nth(n).locator(".main-svg").first).to_be_visible()
    assert drawn.count() >= 10
    assert page.wrong == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert axe_finds(page) == []


def test_a_table_unfolds_by_the_keyboard_and_a_figure_is_saved_as_png(page_of, cast):
    everything(cast, people=4, works=3)
    page = page_of(cast.amit, 1440)
    page.goto(PAGE)
    table = page.locator("#labs-table table")
    expect(table).to_be_hidden()
    page.locator("[data-unfold=labs-table]").focus()
    page.keyboard.press("Enter")
    expect(table).to_be_visible()
    expect(table.locator("tbody tr")).to_have_count(3)
    expect(page.locator("[data-plot=labs] .main-svg").first).to_be_visible()
    with page.expect_download() as saved:
        page.locator("[data-plot-png=labs]").press("Enter")
    assert saved.value.suggested_filename == "labs.png"
    assert saved.value.path().read_bytes().startswith(PNG)


def test_days_are_chosen_and_stay_chosen(page_of, cast):
    everything(cast, people=4, works=3)
    page = page_of(cast.helen)
    page.goto(PAGE)
    page.get_by_role("link", name="Last week").click()
    page.wait_for_url("**/analytics/?weeks=1")
    expect(page.locator(".course-range [aria-current]")).to_have_text("Last week")
    page.locator("#range-to").fill("2020-01-01")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("alert")).to_contain_text("Swap the two days.")
    expect(page.locator("#range-to")).to_have_value("2020-01-01")
