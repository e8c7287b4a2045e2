"""Pages of devices in a browser: nothing is wider than a phone, targets are large enough, the plot is drawn in both themes."""

import pytest

from tests.browsing import shot
from tests.hardware.builders import device_of_course

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


WIDER = [pytest.param(*one, marks=pytest.mark.whole) for one in ((768, "light"), (1440, "dark"))]


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), *WIDER])
def test_no_page_is_wider_than_its_window_and_every_target_is_large_enough(page_of, cast, width, scheme):
    device_of_course(cast)
    page = page_of(cast.helen, width, color_scheme=scheme)
    for number, address in enumerate(PAGES):
        page.goto(address)
        if "plot.json" in page.content():
            page.locator("[data-plot]").scroll_into_view_if_needed()
            page.wait_for_selector(".js-plotly-plot .xtick text", timeout=60_000)
        assert page.evaluate(TOO_WIDE) <= 0, address
        assert page.evaluate(LOW) == [], address
        shot(page, f"devices-{number}-{width}")
