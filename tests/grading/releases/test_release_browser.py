"""The release in a browser: by the keyboard alone, and nothing that axe finds in light, dark and on a phone."""

import pytest
from playwright.sync_api import expect

from grading.models import GradeRelease
from tests.browsing import axe_finds
from tests.courseplatform.teams.builders import make_students
from tests.grading.grades.grades import give, with_rubric

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
RELEASE = "/courses/odml/assignments/lab1/grades/release/"
SIZES = ((1440, 900), (360, 780))


@pytest.fixture
def cast(cast, settings):
    settings.DEMO = True
    with_rubric(cast)
    for n, person in enumerate(make_students(cast, 6)):
        give(cast, person, report=n % 4, plot=n % 3)
    return cast


def tab_to(page, locator, most=80):
    for _ in range(most):
        if locator.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab does not reach it")


def test_grades_are_released_and_taken_back_with_the_keyboard_alone(page_of, cast):
    page = page_of(cast.helen)
    page.goto(RELEASE)
    statistics = page.get_by_label("Students see how the grades are spread")
    tab_to(page, page.get_by_label("all 9 students"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("the 6 whose grade is complete")).to_be_checked()
    tab_to(page, statistics)
    page.keyboard.press("Space")
    tab_to(page, page.get_by_role("button", name="Release the grades"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("everybody who is graded is told on the site and by mail")).to_be_visible()
    row = GradeRelease.objects.get()
    assert (row.is_partial, row.statistics_shown, row.is_mailed) == (True, True, True)
    page.goto(RELEASE)
    tab_to(page, page.get_by_label("Reason"))
    page.keyboard.type("Item 2 was wrong.")
    tab_to(page, page.get_by_role("button", name="Hide the grades of 6 students"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("are hidden from students").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["dark", pytest.param("light", marks=pytest.mark.whole)])
def test_axe_finds_nothing_before_and_after_the_release(page_of, cast, scheme):
    for width, height in SIZES:
        page = page_of(cast.helen, width, height, color_scheme=scheme)
        page.goto(RELEASE)
        assert axe_finds(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Release the grades").click()
    page.goto(RELEASE)
    assert axe_finds(page) == []
