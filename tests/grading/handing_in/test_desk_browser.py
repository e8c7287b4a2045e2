"""The desk in a browser: what is typed into one part outlives the saving of another, and two members do not overwrite each other."""

import pytest

from courseplatform.core import pdfs
from grading.models import Piece
from tests.grading.handing_in.parts import NOTES, REPORT, pdf_file, put_report, put_text
from tests.grading.late_days.test_late_days import make_team
from tests.people import make_lab

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
MORE = NOTES | {"key": "more", "title": "More", "required": False}
LINK = {"key": "video", "kind": "link", "title": "Video"}
ESSAY = "/courses/odml/assignments/essay/"


@pytest.fixture
def essay(cast):
    parts = [REPORT, NOTES, MORE, LINK]
    return make_lab(cast.course, "essay", bench_spec={}, short="Essay", parts=parts, is_individual=False)


@pytest.fixture
def page(page_of, cast):
    return page_of(cast.ruth)


def save(page, part):
    page.locator(f"#part-{part} form[data-desk-form] button[type=submit]").click()
    page.wait_for_load_state()


def typed(page, part):
    return page.locator(f"#text-{part}").input_value()


def kept(page):
    return page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('desk '))")


def test_what_is_typed_into_other_parts_outlives_the_saving_of_one(page, cast, essay):
    put_text(cast.ruth, essay, "Before.", raw=MORE)
    page.goto(ESSAY)
    page.locator("#text-notes").fill("Not saved.\n\nTwo lines.")
    page.locator("#part-more summary").click()
    page.locator("#text-more").fill("Changed.")
    page.locator("#text-video").fill("https://example.org/1")
    save(page, "video")
    assert typed(page, "notes") == "Not saved.\n\nTwo lines." and typed(page, "more") == "Changed."
    assert page.locator("#text-more").is_visible()
    assert page.locator("[data-desk-kept]:visible").count() == 2
    assert kept(page) == []  # put back, and forgotten
    save(page, "notes")
    page.reload()
    assert Piece.objects.standing().get(part="notes").text == "Not saved.\n\nTwo lines."
    assert typed(page, "more") == "Before."  # a reload by hand is the page anew


def test_what_was_refused_is_not_lost_to_the_next_save_either(page, essay):
    page.goto(ESSAY)
    page.locator("#text-video").fill("http://nowhere")
    save(page, "video")
    assert page.locator("#error-video").is_visible()
    page.locator("#text-notes").fill("Said.")
    save(page, "notes")
    assert page.url.endswith("#part-notes") and typed(page, "video") == "http://nowhere"


def test_what_is_typed_outlives_an_upload_and_its_team_mate(page, cast, essay, tmp_path):
    team = make_team(cast, cast.ruth, cast.daniel)
    put_text(cast.daniel, essay, "First of Daniel.", team=team)
    page.goto(ESSAY)
    page.locator("#part-notes summary").click()
    page.locator("#text-notes").fill("Of Ruth.")
    put_text(cast.daniel, essay, "Second of Daniel.", team=team)
    page.locator("#file-report").set_input_files(pdf_file(tmp_path).path)
    page.wait_for_url("**put=**")
    assert typed(page, "notes") == "Of Ruth."
    save(page, "notes")  # typed over the first one: the second must not go without a word
    assert (
        "Daniel saved another one" in page.locator("#error-notes").inner_text() and typed(page, "notes") == "Of Ruth."
    )
    save(page, "notes")
    assert Piece.objects.standing().get(part="notes").text == "Of Ruth."


def test_of_two_files_sent_at_once_the_later_one_asks_first(page, cast, essay, tmp_path):
    team = make_team(cast, cast.ruth, cast.daniel)
    page.goto(ESSAY)
    theirs = put_report(cast.daniel, essay, tmp_path, team=team)
    page.locator("#file-report").set_input_files(pdf_file(tmp_path, name="mine.pdf").path)
    page.get_by_text("Daniel saved another one").wait_for()
    assert Piece.objects.standing().get(part="report") == theirs
    page.locator("#part-report [data-upload-found-use]").click()
    page.wait_for_url("**put=**")
    assert Piece.objects.standing().get(part="report").person == cast.ruth


def test_a_file_that_nobody_could_look_at_is_sent_again_by_itself(page, cast, essay, tmp_path, monkeypatch):
    monkeypatch.setattr(pdfs, "WAIT_S", 0.1)
    page.goto(ESSAY)
    with pdfs._slot(), pdfs._slot():
        page.locator("#file-report").set_input_files(pdf_file(tmp_path).path)
        page.locator("#part-report").get_by_text("Trying again in").first.wait_for()
        assert not Piece.objects.exists()
    page.wait_for_url("**put=**")
    assert Piece.objects.get().part == "report"
