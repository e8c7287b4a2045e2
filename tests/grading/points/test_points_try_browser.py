"""The sliders in a real browser: with the keyboard, heard by a screen reader, on a phone, and inside the form of the editor."""

import pytest
from playwright.sync_api import expect

from tests.grading.grades.test_rule_pages import BENCH

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(cast):
    cast.lab.bench_spec = BENCH
    cast.lab.save()
    return cast


@pytest.fixture
def open_as(page_of):
    def opened(person, width, path):
        page = page_of(person, width)
        page.goto(path)
        return page

    return opened


def test_an_arrow_key_moves_the_points_and_the_dot_and_is_heard(open_as, cast):
    page = open_as(cast.ruth, 1280, cast.lab.get_absolute_url())
    slider, points = page.locator("#try-accuracy"), page.locator("#try-points-curve")
    dot = page.locator("#try-drawn-curve circle")
    before, place = points.inner_text(), float(dot.get_attribute("cx"))
    page.evaluate("window.kept = document.getElementById('try-accuracy')")
    slider.focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    value = float(slider.input_value())
    # (0.9, 0.75) to (1, 1) of 2 points, and (0.7, 0) to (0.9, 0.75) before: what Python gives is told on the page.
    share = (value - 0.7) / 0.2 * 0.75 if value <= 0.9 else 0.75 + (value - 0.9) / 0.1 * 0.25
    expect(points).to_have_text(f"{2 * share + 1e-9:.2f} of 2.00")
    assert points.inner_text() != before and float(page.locator("#try-drawn-curve circle").get_attribute("cx")) > place
    expect(slider).to_have_attribute("aria-valuetext", f"{100 * value:.1f}\u202f%")
    assert page.evaluate("document.activeElement === window.kept && window.kept.isConnected")
    assert page.wrong == []


def test_the_sum_and_the_switch_of_the_board_follow(open_as, cast):
    page = open_as(cast.ruth, 360, cast.lab.get_absolute_url())
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    total = float(page.locator("#try-total b").inner_text())
    page.get_by_label("It fits the board").first.uncheck()
    expect(page.locator("#try-points-board")).to_have_text("0.00 of 1.00")
    left = float(page.locator("#try-total b").inner_text())
    assert left == pytest.approx(total - 1, abs=0.001)
    assert page.wrong == []


def test_in_the_editor_a_slider_tries_what_was_typed_and_draws_nothing_anew(open_as, cast):
    page = open_as(cast.helen, 1280, f"{cast.lab.get_absolute_url()}edit/")
    page.fill("[name='criteria-1-points']", "4")
    page.press("[name='criteria-1-points']", "Tab")
    expect(page.locator("#try-points-curve")).to_contain_text("of 4.00")
    page.evaluate("window.kept = document.getElementById('try-accuracy')")
    page.locator("#try-accuracy").focus()
    page.keyboard.press("End")
    expect(page.locator("#try-points-curve")).to_have_text("4.00 of 4.00")
    page.keyboard.press("Home")
    expect(page.locator("#try-points-curve")).to_have_text("0.00 of 4.00")
    page.wait_for_timeout(600)  # longer than the editor waits before it draws its table anew
    assert page.evaluate("window.kept.isConnected"), "the slider that was moved is still the same"
    assert page.input_value("[name='criteria-1-points']") == "4" and page.wrong == []
