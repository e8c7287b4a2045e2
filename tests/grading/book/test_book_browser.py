"""The gradebook in a browser: keys, the window over a cell, setting and undoing, filter and order, a phone, and what axe says."""

import pytest
from playwright.sync_api import expect

from grading.models import GradeEvent
from tests.browsing import axe_finds, sign_in, wrong_but
from tests.courseplatform.teams.builders import make_team
from tests.grading.book.classes import CMU, make_work, mark, release, with_scheme
from tests.grading.canvas.files import HEADER, POINTS, RUTH, written

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
BOOK = "/courses/odml/grades/"


@pytest.fixture
def cast(cast):
    cast.lab.delete()
    with_scheme(cast.course, CMU)
    first, *_ = (make_work(cast.course, f"report{n}") for n in (1, 2, 3))
    mark(cast, first, cast.ruth, 9.5)
    mark(cast, first, cast.daniel, 6)
    release(first)
    make_team(cast, "Magpie", cast.ruth)
    return cast


@pytest.fixture
def tab(page_of, cast):
    page = page_of(cast.helen, 1440)
    yield page
    assert wrong_but(page, "status of 4", "ERR_FAILED") == []  # a refusal; a request that a test has cut off


def cell(tab, person, n):
    """The n-th cell of a row; the name is the 0th."""
    return tab.locator(f"#p{person.pk} > :nth-child({n + 1})")


def stand(tab, person, n):
    """As after the arrow keys: only the cell that they have reached takes the focus."""
    cell(tab, person, n).evaluate("cell => cell.dispatchEvent(new CustomEvent('book:go', { bubbles: true }))")


def names(tab):
    return [name.strip() for name in tab.locator(".book tbody tr:not([hidden]) th").all_inner_texts()]


QUERIES = ("", "?sort=report1&dir=down", "?sort=report1", "?sort=team", "?sort=team&dir=down", "?sort=percent&dir=down", "?sort=&dir=down",
           "?show=missing&q=da", "?sort=risk&dir=down")  # fmt: skip
R1 = 4  # name, team, participation, presentations, report 1


def test_a_grade_is_set_and_undone_with_the_keyboard_alone(tab, cast):
    tab.goto(BOOK)
    tab.keyboard.press("/")
    tab.keyboard.type("ruth")
    tab.keyboard.press("Enter")
    for _ in range(R1 - 2):
        tab.keyboard.press("ArrowRight")
    expect(cell(tab, cast.ruth, R1)).to_be_focused()
    tab.keyboard.press("Enter")
    window = tab.locator("dialog.why")
    expect(window.get_by_role("heading")).to_contain_text("4.75 of 5")
    for _ in range(12):  # the focus goes round inside
        tab.keyboard.press("Tab")
        assert tab.evaluate(
            "document.activeElement === document.body || document.querySelector('dialog.why').contains(document.activeElement)"
        )
    tab.keyboard.press("Escape")
    expect(window).to_be_hidden()
    expect(cell(tab, cast.ruth, R1)).to_be_focused()
    tab.keyboard.press("7")
    expect(window.get_by_label("Points of 10")).to_have_value("7")
    expect(window.get_by_label("Points of 10")).to_be_focused()
    tab.keyboard.press("Tab")
    tab.keyboard.type("A slip of mine")
    tab.keyboard.press("Enter")
    expect(cell(tab, cast.ruth, R1)).to_have_text("3.50")
    expect(cell(tab, cast.ruth, R1)).to_be_focused()
    expect(window).to_be_hidden()
    tab.keyboard.press("Control+z")
    expect(cell(tab, cast.ruth, R1)).to_have_text("4.75")
    expect(tab.locator(".toasts")).to_contain_text("is as it was")
    assert GradeEvent.objects.filter(kind="override").count() == 2


def test_a_refusal_and_a_closed_window_keep_what_was_typed(tab, cast):
    tab.goto(BOOK)
    stand(tab, cast.ruth, R1)
    tab.keyboard.press("9")
    window = tab.locator("dialog.why")
    window.get_by_label("Points of 10").fill("many")
    window.get_by_label("Reason").fill("Because")
    tab.keyboard.press("Enter")
    expect(window.get_by_role("alert")).to_contain_text("not_points")
    expect(window.get_by_label("Points of 10")).to_have_value("many")
    tab.keyboard.press("Escape")
    expect(window).to_be_hidden()
    tab.keyboard.press("Enter")
    expect(window.get_by_label("Reason")).to_have_value("Because")
    assert not GradeEvent.objects.filter(kind="override").exists()


def test_what_the_server_does_not_take_stays_in_the_form(tab, cast):
    tab.goto(BOOK)
    stand(tab, cast.ruth, R1)
    tab.keyboard.press("9")
    window = tab.locator("dialog.why")
    window.get_by_label("Reason").fill("Because")
    tab.route("**/set/", lambda route: route.abort())
    tab.keyboard.press("Enter")
    expect(window.locator(".error")).to_contain_text("still here")
    expect(window.get_by_label("Reason")).to_have_value("Because")


def test_filter_and_order_are_at_once_and_stand_in_the_address(tab, cast):
    tab.goto(BOOK)
    requests = []
    tab.on("request", lambda request: "/static/" in request.url or requests.append(request.url))
    tab.get_by_role("searchbox").fill("magp")
    assert names(tab) == ["Ruth"] and "q=magp" in tab.url
    expect(tab.locator(".book tfoot td").nth(R1 - 1)).to_have_text("4.75")
    tab.get_by_role("searchbox").fill("")
    tab.get_by_role("link", name="Report1").click()
    assert names(tab)[:2] == ["Ruth", "Daniel"] and "sort=report1&dir=down" in tab.url
    tab.get_by_role("link", name="Report1").click()
    assert names(tab) == ["Sofia", "Daniel", "Ruth"]
    tab.get_by_role("link", name="In grading").click()
    expect(tab.get_by_role("heading", name="Nobody here")).to_be_visible()
    assert requests == []
    tab.reload()
    assert names(tab) == [] and "show=grading" in tab.url
    tab.get_by_role("link", name="All", exact=False).first.click()
    assert names(tab) == ["Sofia", "Daniel", "Ruth"]


def test_the_server_and_the_browser_sort_and_filter_alike(tab, cast):
    for query in QUERIES:
        tab.goto(BOOK + query)
        by_server = names(tab), tab.locator(".book tfoot").inner_text()
        tab.evaluate(
            "document.querySelector('.sorter select').dispatchEvent(new CustomEvent('change'))"
        )  # the other way round
        tab.evaluate("document.querySelector('.sorter select').dispatchEvent(new CustomEvent('change'))")
        tab.evaluate("document.querySelector('[data-book]').dispatchEvent(new CustomEvent('book:changed'))")
        assert (names(tab), tab.locator(".book tfoot").inner_text()) == by_server, query


def test_a_teaching_assistant_opens_a_cell_and_has_no_form(tab, cast, live_server):
    sign_in(tab.context, cast.amit, live_server.url)
    tab.goto(BOOK)
    stand(tab, cast.ruth, R1)
    tab.keyboard.press("7")
    expect(tab.locator("dialog.why")).to_be_hidden()
    tab.keyboard.press("Enter")
    expect(tab.locator("dialog.why").get_by_role("heading")).to_contain_text("4.75 of 5")
    expect(tab.locator("dialog.why form")).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 360])
def test_no_page_of_the_book_has_what_axe_calls_wrong_nor_is_wider_than_the_window(tab, cast, width):
    tab.set_viewport_size({"width": width, "height": 800})
    tab.goto(BOOK + "canvas/")
    tab.locator("#file").set_input_files(
        {"name": "a.csv", "mimeType": "text/csv", "buffer": written([HEADER, POINTS, ["Ruth", *RUTH[1:]], RUTH])}
    )
    tab.get_by_role("button", name="Show what would change").click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("would change")
    for address in (tab.url, BOOK + "canvas/", BOOK, f"{BOOK}{cast.sofia.pk}/", f"{BOOK}{cast.ruth.pk}/report1/"):
        tab.goto(address)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, address
        assert axe_finds(tab) == []
    if width > 1000:
        tab.goto(BOOK)
        stand(tab, cast.ruth, R1)
        tab.keyboard.press("7")
        expect(tab.locator("dialog.why").get_by_label("Reason")).to_be_visible()
        assert axe_finds(tab) == []
