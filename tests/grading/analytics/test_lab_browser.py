"""The analytics of a lab in a browser: every figure is drawn, a table by the keyboard, a PNG that is one, and nothing that axe finds."""

import pytest
from playwright.sync_api import expect

from courseplatform.courses.models import Enrolment, Role
from tests.browsing import axe_finds
from tests.grading.analytics.classes import compare_on, make_class
from tests.people import SPEC, make_user

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
PAGE = "/courses/odml/assignments/lab3/analytics/"
DRAWN = ("points", "cost", "attempts", "late", "late-left", "graders")
BLIND = [["2.50", "2.50", "2.25"], ["2.25", "2.50", "2.00"], ["2.75", "2.50", "2.50"]]


@pytest.fixture
def cast(cast, settings):
    settings.DEMO = True
    Enrolment.objects.filter(course=cast.course, role=Role.STUDENT).delete()
    graders = [cast.amit, make_user("Tomas"), make_user("Priya")]
    Enrolment.objects.bulk_create(Enrolment(course=cast.course, person=one, role=Role.TA) for one in graders[1:])
    compare_on(make_class(cast.course, SPEC, 30, attempts=10, graders=graders), graders, BLIND)
    return cast


def drawn(page):
    """Scroll to each figure until Plotly has drawn it."""
    for key in DRAWN:
        page.locator(f'[data-plot="{key}"]').scroll_into_view_if_needed()
        expect(page.locator(f'[data-plot="{key}"] .main-svg').first).to_be_visible()


WIDER = [pytest.param(1440, scheme, marks=pytest.mark.whole) for scheme in ("light", "dark")]


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), *WIDER])
def test_every_figure_is_drawn_and_axe_finds_nothing(cast, page_of, width, scheme):
    page = page_of(cast.helen, width, color_scheme=scheme)
    page.goto(PAGE)
    drawn(page)
    assert page.wrong == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert axe_finds(page) == []


def test_words_in_a_figure_lie_on_no_other_words(cast, page_of):
    page = page_of(cast.helen, 1440)
    page.goto(PAGE)
    drawn(page)
    over = page.evaluate(
        """() => [...document.querySelectorAll("[data-plot]")].flatMap((plot) => {
          const words = [...plot.querySelectorAll(".annotation-text")].map((one) => [one.textContent, one.getBoundingClientRect()]);
          return words.flatMap(([a, one], n) => words.slice(n + 1).filter(([, other]) =>
            Math.min(one.right, other.right) - Math.max(one.left, other.left) > 2 && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 5
          ).map(([b]) => `${a} | ${b}`));
        })"""
    )
    assert over == []


def test_a_table_opens_by_the_keyboard_and_a_png_is_one(cast, page_of):
    page = page_of(cast.helen, 1440)
    page.goto(PAGE)
    drawn(page)
    button = page.get_by_role("button", name="Table of Graders")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#graders-table table")).to_be_visible()
    expect(button).to_have_attribute("aria-expanded", "true")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="PNG of Points").click()
    assert waiting.value.suggested_filename == "points.png"
    assert waiting.value.path().read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV of Late days left").click()
    assert waiting.value.suggested_filename == "odml-lab3-late-left.csv"


def test_another_cost_is_drawn_by_its_link(cast, page_of):
    page = page_of(cast.helen, 1440)
    page.goto(PAGE)
    page.get_by_role("link", name="MACs", exact=True).click()
    page.wait_for_url("**/analytics/?cost=macs#cost")
    expect(page.locator('[data-plot="cost"] .main-svg').first).to_be_visible()
    expect(page.locator('[data-plot="cost"]')).to_contain_text("MACs, k")
    page.get_by_role("link", name="CSV of Accuracy and cost").click(trial=True)
    assert (
        page.get_by_role("link", name="CSV of Accuracy and cost").get_attribute("href") == f"{PAGE}cost.csv?cost=macs"
    )
