"""Pages of devices in a browser: nothing is wider than a phone, targets are large enough, the plot is drawn in both themes."""

import os

import pytest
from playwright.sync_api import sync_playwright

from tests.hardware.builders import device_of_course
from tests.parts import chromium_path
from tests.people import make_cast

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
BASE = "/courses/odml/device-profiles/"
PAGES = (
    "/devices/",
    "/devices/stm32f746/",
    BASE,
    f"{BASE}jetson-orin/",
    f"{BASE}new/?from=stm32f746",
    f"{BASE}jetson-orin/edit/",
)
LOW = """() => [...document.querySelectorAll("main label:has(input), main input:not(label input), main select, main button")]
  .filter((one) => one.getBoundingClientRect().height > 0 && one.getBoundingClientRect().height < 24).map((one) => one.outerHTML)"""
TOO_WIDE = "() => document.documentElement.scrollWidth - window.innerWidth"


@pytest.fixture
def browse(client, settings, tmp_path, transactional_db, live_server):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    cast = make_cast()
    device_of_course(cast)
    client.force_login(cast.helen)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])

        def page(width, scheme):
            context = browser.new_context(
                base_url=live_server.url, viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
            context.add_cookies([cookie])
            return context.new_page()

        yield page
        browser.close()


WIDER = [pytest.param(*one, marks=pytest.mark.whole) for one in ((768, "light"), (1440, "dark"))]


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), *WIDER])
def test_no_page_is_wider_than_its_window_and_every_target_is_large_enough(browse, width, scheme):
    page = browse(width, scheme)
    for number, address in enumerate(PAGES):
        page.goto(address)
        if "plot.json" in page.content():
            page.locator("[data-plot]").scroll_into_view_if_needed()
            page.wait_for_selector(".js-plotly-plot .xtick text", timeout=60_000)
        assert page.evaluate(TOO_WIDE) <= 0, address
        assert page.evaluate(LOW) == [], address
        if folder := os.environ.get("MILLIAMP_SHOTS"):
            page.screenshot(path=f"{folder}/devices-{number}-{width}.png", full_page=True)
