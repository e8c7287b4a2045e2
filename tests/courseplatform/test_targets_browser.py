"""Fields in a browser: what a finger or a pointer aims at is at least 24 px, and each stop of Tab can be seen."""

import pytest

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
LOW = """() => [...document.querySelectorAll("main label:has(input), main input:not(label input), main select, main button")]
  .filter((one) => one.getBoundingClientRect().height > 0 && one.getBoundingClientRect().height < 24).map((one) => one.outerHTML)"""
RING = "() => [document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle]"


@pytest.fixture
def page(page_of, cast):
    return page_of(cast.helen, 1440)


def test_targets_of_the_token_form_are_large_enough_and_every_stop_is_seen(page):
    page.goto("/accounts/tokens/")
    assert page.evaluate(LOW) == []
    page.locator("#name").focus()
    stops = []
    for _ in range(7):  # three scopes; month, day, year and the button of the calendar
        page.keyboard.press("Tab")
        stops.append(page.evaluate(RING))
    assert [name for name, _ in stops] == ["scope-read", "scope-hand_in", "scope-hardware", *["expires_on"] * 4]
    assert {style for _, style in stops} == {"solid"}


def test_the_form_of_an_announcement_has_large_targets_too(page):
    page.goto("/courses/odml/announcements/new/")
    assert page.evaluate(LOW) == []
