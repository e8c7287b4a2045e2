"""Where there is little room: the bar with longer words than the English ones, and the tables of the status page on a phone."""

import re
from types import SimpleNamespace

import pytest
from django.template.loader import render_to_string

from courseplatform.core.badges import Badge

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
BAR = """() => ({
  wide: document.documentElement.scrollWidth, tight: !!document.querySelector(".tight"),
  left: document.querySelectorAll(".bar nav > a").length, moved: document.querySelectorAll(".bar nav .panel > a").length,
  number: document.querySelector(".bar .course span").getBoundingClientRect().width,
  needs: document.querySelector(".bar .course span").scrollWidth,
})"""


@pytest.fixture
def page(page_of, cast):
    return page_of(cast.helen, 1440)


def longer(route):
    """The same page in a language whose words are 40 % longer."""
    answer = route.fetch()
    bar, found, rest = answer.text().partition("</nav>")
    words = re.compile(r"(?<=>)(\w[\w ]+)(?=</a>)")
    bar = words.sub(lambda one: one[1] + "o" * round(0.4 * len(one[1]) + 0.5), bar)
    route.fulfill(response=answer, body=bar + found + rest)


@pytest.mark.parametrize("width", [1440, 1280, 1100])
def test_with_longer_words_links_move_into_the_menu_and_the_number_stays_whole(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.route("**/courses/odml/schedule/", longer)
    page.goto("/courses/odml/schedule/")
    page.wait_for_function(
        "() => document.querySelector('.tight') || document.querySelectorAll('.bar nav .panel > a').length > 6"
    )
    found = page.evaluate(BAR)
    assert found["wide"] <= width and found["number"] > min(found["needs"], 60) - 1
    all_links = found["left"] + found["moved"]
    page.set_viewport_size({"width": 2400, "height": 900})
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_timeout(300)
    again = page.evaluate(BAR)
    assert again["left"] + again["moved"] == all_links and again["wide"] <= width


def test_in_english_the_bar_of_a_large_screen_keeps_its_links(page):
    page.goto("/courses/odml/schedule/")
    before = page.content().partition("</nav>")[0].count("<a ")
    page.wait_for_timeout(300)
    found = page.evaluate(BAR)
    assert not found["tight"] and found["left"] > 6 and before


def test_the_tables_of_the_status_page_fit_on_a_phone(page):
    rows = [
        SimpleNamespace(
            name=name, what="a board", badge=Badge("bad", "octagon", "not answering"), now=now, lasts="10 min 44 s"
        )
        for name, now in (("raspberry-pi-4-02", "its runs go to other boards"), ("bench-1", "a count of instructions"))
    ]
    table = render_to_string("status/_machines.html", {"machines": {"rows": rows, "well": 1, "all": 2}})
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto("/status/")
    page.evaluate("(html) => { document.querySelector('#status').innerHTML = html; }", table)
    scrolls = page.locator("section:has(#machines-title) .scroll")
    assert scrolls.evaluate("(one) => one.scrollWidth - one.clientWidth") <= 0
