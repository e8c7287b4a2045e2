"""The bar of a view as a student, in a real browser: in sight wherever one scrolls, readable in both themes, reached by the keyboard."""

import pytest
from playwright.sync_api import expect

from courseplatform.audit.models import StudentView

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
CONTRAST = """bar => {
  const light = words => { const c = words.match(/\\d+/g).slice(0, 3).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]; };
  const style = getComputedStyle(bar), [a, b] = [light(style.color), light(style.backgroundColor)].sort();
  return (b + 0.05) / (a + 0.05); }"""


@pytest.fixture
def page(page_of, cast):
    return page_of(cast.helen, 1440)


def test_the_bar_stays_in_sight_is_readable_and_stops_by_the_keyboard(page):
    page.goto("/courses/odml/view-as/")
    page.get_by_role("button", name="View as Ruth").click()
    bar = page.get_by_role("region", name="You view the course as a student")
    for width, theme in ((1440, "light"), (360, "dark")):
        page.set_viewport_size({"width": width, "height": 640})
        page.goto("/docs/measurement/")
        page.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        page.evaluate("() => window.scrollTo(0, document.body.scrollHeight)")
        expect(bar).to_contain_text("You see 11-767 as Ruth. Nothing can be changed.")
        expect(bar).to_be_in_viewport(ratio=1)
        assert bar.evaluate(CONTRAST) >= 4.5
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        page.emulate_media(media="print")
        expect(bar).to_be_visible()
        page.emulate_media(media="screen")
    page.goto("/courses/odml/")
    page.keyboard.press("Tab")  # to the content
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(bar).to_have_count(0)
    assert StudentView.objects.get().why == "stopped"
