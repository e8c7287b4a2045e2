"""The analytics of a course in a browser: nothing that axe finds, tables that unfold by the keyboard, and a PNG of what is drawn."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from tests.grading.analytics.test_course_page import PAGE, everything, with_late_days
from tests.parts import chromium_path
from tests.people import make_cast

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def cast(settings, tmp_path, transactional_db):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


@pytest.fixture
def browser():
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture
def page_of(browser, client, live_server):
    def made(person, **more):
        client.force_login(person)
        context = browser.new_context(base_url=live_server.url, **more)
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        return context.new_page()

    return made


@pytest.mark.parametrize(("theme", "width"), [("dark", 360), pytest.param("light", 1440, marks=pytest.mark.whole)])
def test_every_chart_is_drawn_and_axe_finds_nothing(page_of, cast, theme, width):
    with_late_days(cast)
    everything(cast, people=4, works=3)
    page, errors = page_of(cast.helen, color_scheme=theme, viewport={"width": width, "height": 900}), []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(PAGE)
    drawn = page.locator("[data-plot-url]")
    for n in range(drawn.count()):
        drawn.nth(n).scroll_into_view_if_needed()
        expect(drawn.nth(n).locator(".main-svg").first).to_be_visible()
    assert drawn.count() >= 10
    assert errors == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_table_unfolds_by_the_keyboard_and_a_figure_is_saved_as_png(page_of, cast):
    everything(cast, people=4, works=3)
    page = page_of(cast.amit, viewport={"width": 1440, "height": 900})
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
