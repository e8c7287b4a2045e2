"""The desk in a browser: thirty reports by the keyboard alone, two graders at one report, a line that is cut, and nothing that axe finds."""

import re
from statistics import median

import pytest
from playwright.sync_api import expect

from grading.grade_facts import grades_of
from grading.models import GradingSheet
from tests.browsing import axe_finds
from tests.grading.desk.desks import again, claimed, essay, many, sheet_of

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
DESK = "/courses/odml/assignments/essay/desk/"
MOST_KEYS, MOST_QUERIES = 4, 45


@pytest.fixture
def cast(cast, settings):
    settings.DEMO = True
    return cast


@pytest.fixture
def lab(cast):
    return essay(cast)


def saved(page):
    expect(page.locator("[data-ta-said]")).to_have_text(re.compile(r"^\s*saved \d"))


def until(page, true, seconds=20):
    for _ in range(10 * seconds):
        if true():
            return
        page.wait_for_timeout(100)
    raise AssertionError("this did not come to be")


def timed(page):
    """(milliseconds, queries) of each answer of the desk, as the site's own header says them."""
    found = []

    def heard(answer):
        said = re.search(r'total;dur=([\d.]+).*desc="(\d+) queries', answer.headers.get("server-timing", ""))
        if said and "/desk/" in answer.url:
            found.append((float(said[1]), int(said[2])))

    page.on("response", heard)
    return found


@pytest.mark.parametrize("reports", [10, pytest.param(30, marks=pytest.mark.whole)])
def test_reports_are_graded_with_the_keyboard_alone(page_of, cast, lab, tmp_path, capsys, reports):
    people = many(cast, lab, tmp_path, reports)
    page = page_of(cast.amit)
    times, keys, spent = timed(page), [], []
    page.goto(DESK)
    for n in range(reports):
        pressed = [*("1", "2")[: 1 + n % 2], ("4", "5", "6")[n % 3]]
        if n % 5 == 0:  # every fifth gets a few words
            page.keyboard.press("c")
            page.keyboard.type("Say which layer.")
            page.keyboard.press("Escape")
            pressed += ["c", *"Say which layer.", "Escape"]
        for key in [one for one in pressed if one in "123456"]:
            page.keyboard.press(key)
        before = len(times)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url, at=page.url: url != at)
        page.wait_for_load_state()
        keys.append(len(pressed) + 1)
        spent.append(sum(ms for ms, _ in times[before:]))
    assert page.url.endswith("/courses/odml/desk/")
    grades = grades_of(lab, {one.pk for one in people})
    assert all(grade.is_complete for grade in grades.values())
    assert GradingSheet.objects.done().count() == reports
    queries = max(count for _, count in times)
    with capsys.disabled():
        said = f"median {median(keys):g} keys and {median(spent):.0f} ms of server time a report"
        print(f"\n{reports} reports by keyboard: {said}; at most {queries} queries an answer")
    assert median(keys) <= MOST_KEYS and queries <= MOST_QUERIES


def test_ticks_are_saved_as_they_are_made_and_undone_by_u(page_of, cast, lab, tmp_path):
    sheet = sheet_of(cast, lab, tmp_path)
    page = page_of(cast.amit)
    page.goto(DESK)
    page.keyboard.press("1")
    page.keyboard.press("2")
    saved(page)
    expect(page.locator("[data-ta-item=report] [data-ta-points]")).to_have_text("1.75")
    page.keyboard.press("u")
    expect(page.locator("[data-ta-item=report] [data-ta-points]")).to_have_text("2.00")
    page.reload()
    expect(page.locator("[data-ta-item=report] :checked")).to_have_count(1)
    assert again(sheet).ticks == {"report": ["complete"]}


def test_what_changed_while_a_save_was_on_its_way_outlives_the_page(page_of, cast, lab, tmp_path):
    sheet = sheet_of(cast, lab, tmp_path)
    page = page_of(cast.amit)
    page.goto(DESK)
    page.keyboard.press("1")
    saved(page)
    page.evaluate(
        "() => { const ask = window.fetch; window.fetch = async (...all) => { await ask(...all); await new Promise(() => {}); }; }"
    )
    page.keyboard.press("2")  # the server has it, the page never hears so
    until(page, lambda: again(sheet).ticks == {"report": ["complete", "no-unit"]})
    page.keyboard.press("u")
    page.reload()
    expect(page.locator("[data-ta-item=report] :checked")).to_have_count(1)
    until(page, lambda: again(sheet).ticks == {"report": ["complete"]})


def test_a_page_that_is_older_than_its_own_last_save_shows_that_save(page_of, cast, lab, tmp_path):
    sheet = sheet_of(cast, lab, tmp_path)
    page = page_of(cast.amit)
    page.goto(DESK)
    page.keyboard.press("1")
    saved(page)
    before = page.context.request.get(
        DESK
    ).text()  # what a slow server would have made while the next save is on its way
    page.keyboard.press("2")
    page.evaluate("dispatchEvent(new Event('beforeunload'))")
    until(page, lambda: again(sheet).ticks == {"report": ["complete", "no-unit"]})

    def old_page_comes(route):  # what the page asks for by itself goes on as it is
        is_page = route.request.is_navigation_request()
        route.fulfill(body=before, content_type="text/html") if is_page else route.continue_()

    page.route("**/desk/**", old_page_comes)
    page.goto(DESK)
    expect(page.locator("[data-ta-item=report] :checked")).to_have_count(2)
    saved(page)
    assert again(sheet).ticks == {"report": ["complete", "no-unit"]}


def test_by_question_the_total_follows_each_tick_and_holds_the_other_items(page_of, cast, lab, tmp_path):
    sheet = sheet_of(cast, lab, tmp_path)
    GradingSheet.objects.filter(pk=sheet.pk).update(ticks={"report": ["complete", "no-unit"]})
    page = page_of(cast.amit)
    page.goto(f"{DESK}?item=why")
    total = page.locator("[data-ta-total]")
    expect(total).to_have_text("1.75")
    page.keyboard.press("5")  # the keys of an item stay, whichever are shown
    saved(page)
    expect(total).to_have_text("2.50")
    page.reload()
    expect(total).to_have_text("2.50")


def test_what_lacks_a_mark_is_said_and_zero_gives_it(page_of, cast, lab, tmp_path):
    sheet_of(cast, lab, tmp_path)
    page = page_of(cast.amit)
    page.goto(DESK)
    page.keyboard.press("5")
    page.keyboard.press("Enter")
    expect(page.locator("[data-ta-refused]")).to_contain_text("Report lacks a mark")
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    page.wait_for_url("**/courses/odml/desk/")


def test_who_is_taken_over_reads_it_and_keeps_what_was_typed(page_of, cast, lab, tmp_path):
    sheet = sheet_of(cast, lab, tmp_path)
    page = page_of(cast.amit)
    page.goto(DESK)
    page.keyboard.press("1")
    saved(page)
    claimed(cast, sheet, cast.ines, take_from=cast.amit.pk)
    page.keyboard.press("c")
    page.keyboard.type("Half a sentence")
    expect(page.locator("[data-ta-refused]")).to_contain_text("Ines took Report 1 over")
    assert page.locator("#comment").input_value() == "Half a sentence"
    assert again(sheet).comment == "" and again(sheet).ticks == {"report": ["complete"]}


def test_who_reads_along_sees_marks_appear_and_cannot_write(page_of, cast, lab, tmp_path):
    sheet = sheet_of(cast, lab, tmp_path)
    claimed(cast, sheet, cast.ines)
    page = page_of(cast.amit)
    page.goto(sheet.get_absolute_url())
    expect(page.locator(".ta-claim")).to_contain_text("Ines grades this report")
    assert page.locator("[data-ta-item] input[type=checkbox]").first.is_disabled()
    GradingSheet.objects.filter(pk=sheet.pk).update(ticks={"report": ["complete"]}, comment="Hers.")
    expect(page.locator("#comment")).to_have_value("Hers.")
    page.get_by_role("button", name="Take it over from Ines").click()
    expect(page.locator("[data-ta-claim]")).to_contain_text("claimed by you")


def test_while_the_line_is_cut_nothing_is_lost_and_it_is_sent_again(page_of, cast, lab, tmp_path):
    sheet = sheet_of(cast, lab, tmp_path)
    page = page_of(cast.amit)
    page.goto(DESK)
    page.context.set_offline(True)
    page.keyboard.press("1")
    expect(page.locator("[data-ta-said]")).to_contain_text("Not saved yet: the line is cut")
    page.keyboard.press("5")
    page.context.set_offline(False)
    saved(page)
    assert again(sheet).ticks == {"report": ["complete"], "why": ["half"]}


def test_a_snippet_is_kept_by_one_key_and_put_in_by_its_letters(page_of, cast, lab, tmp_path):
    sheet = sheet_of(cast, lab, tmp_path)
    page = page_of(cast.amit)
    page.goto(DESK)
    page.keyboard.press("c")
    page.keyboard.type("The unit is missing.")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.keyboard.type("unit")
    page.keyboard.press("Enter")
    expect(page.locator("#snippet-list li")).to_have_count(1)
    page.locator("#comment").fill("")
    page.keyboard.press("Escape")
    page.keyboard.type(":un")
    page.keyboard.press("Enter")
    expect(page.locator("#comment")).to_have_value("The unit is missing.")
    saved(page)
    assert again(sheet).comment == "The unit is missing."


@pytest.mark.parametrize("theme", ["dark", pytest.param("light", marks=pytest.mark.whole)])
def test_axe_finds_nothing_at_the_desk_nor_on_its_board(page_of, cast, lab, tmp_path, theme):
    sheet_of(cast, lab, tmp_path)
    page = page_of(cast.helen, color_scheme=theme)
    for address in (DESK, "/courses/odml/desk/", "/courses/odml/desk/snippets/"):
        page.goto(address)
        assert axe_finds(page) == [], address


def test_on_a_tablet_what_is_ticked_is_large_enough_to_touch(page_of, cast, lab, tmp_path):
    sheet_of(cast, lab, tmp_path)
    page = page_of(cast.amit, 820, 1180, has_touch=True)
    page.goto(DESK)
    for one in page.locator(".ta-option:visible, .ta-done").all():
        assert one.bounding_box()["height"] >= 44
    page.locator(".ta-option").first.tap()
    saved(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
