"""The student's way through the browser: sign in, hand in, watch, read the result. Real Chromium, real worker."""

from contextlib import suppress

import pytest
from playwright.sync_api import expect

from tests.browsing import launched, windows, wrong_but
from tests.journeys.world import demo_world
from tests.load.page_paint import FEW, LIMIT_KB, painted
from tests.parts import ROOT

pytestmark = pytest.mark.part("chromium")
MODELS = ROOT / "grading" / "demo" / "models"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    running = demo_world(tmp_path_factory.mktemp("browser") / "data")
    try:
        running.wait_healthy()
        yield running
    finally:
        running.end()


@pytest.fixture(scope="module")
def chromium():
    # Playwright turns the cache of the back button off; people have it.
    with launched(ignore_default_args=["--disable-back-forward-cache"]) as browser:
        yield browser


@pytest.fixture
def page_of(world, chromium):
    with windows(chromium, world.url) as opened:
        yield opened


@pytest.fixture
def tab(world, page_of):
    """A new visitor; every script error, console error and request to another host is a failure of the test."""
    page = page_of()
    page.on(
        "request",
        lambda asked: asked.url.startswith((world.url, "data:", "blob:")) or page.wrong.append(asked.url),
    )
    yield page
    assert wrong_but(page, "status of 4") == []


def sign_in(tab, person):
    tab.goto("/accounts/login/")
    tab.locator(f'[data-demo-account="{person}@example.edu"]').click()
    expect(tab.get_by_role("navigation", name="Course")).to_be_visible()


def hand_in(tab, lab, file):
    tab.goto(f"/courses/demo/assignments/{lab}/")
    tab.locator("#model").set_input_files(str(file))


def test_from_sign_in_to_points_and_plots(tab):
    sign_in(tab, "sofia.lindgren")
    hand_in(tab, "lab3", MODELS / "digits-middle-int8.tflite")
    expect(tab.get_by_role("heading", name="It is here, on time")).to_be_visible()
    tab.get_by_role("link", name="Watch attempt 1").or_(tab.get_by_role("link", name="See the result")).click()
    # The page refreshes itself until the result is there: nobody clicks anything.
    expect(tab.get_by_text("measured points")).to_be_visible(timeout=60_000)
    expect(tab.get_by_text("Quantization").first).to_be_visible()
    tab.locator("#memory").scroll_into_view_if_needed()
    expect(tab.locator("#memory .main-svg").first).to_be_visible(timeout=15_000)
    button = tab.locator("#memory").get_by_role("button", name="Table")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.press("Space")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(tab.get_by_role("region", name="Memory, table")).to_be_visible()
    tab.locator("#accuracy").scroll_into_view_if_needed()
    expect(tab.locator("#accuracy .main-svg").first).to_be_visible(timeout=15_000)


def test_a_model_of_another_shape_is_stopped_at_the_check_and_costs_nothing(tab):
    sign_in(tab, "sofia.lindgren")
    hand_in(tab, "lab1", MODELS / "wrong-shape.onnx")
    tab.get_by_role("link", name="Watch attempt").or_(tab.get_by_role("link", name="See the result")).click()
    expect(tab.get_by_role("heading", name="stopped at the check")).to_be_visible(timeout=60_000)
    expect(tab.get_by_text("This model expects")).to_be_visible()
    expect(tab.get_by_text("The check comes before an attempt is counted")).to_be_visible()


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(tab, tmp_path):
    large = tmp_path / "large.onnx"
    large.write_bytes(b"\x08\x08" + bytes(3 << 20))
    sign_in(tab, "sofia.lindgren")
    sent = []
    tab.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    hand_in(tab, "lab3", large)
    expect(tab.get_by_role("alert")).to_contain_text("Lab 3 takes at most")
    assert sent == []


def test_a_cancelled_upload_is_no_error_and_leads_back_to_the_button(tab):
    sign_in(tab, "sofia.lindgren")
    tab.route("**/uploads/*/", lambda route: None)  # the network stands still
    hand_in(tab, "lab3", MODELS / "digits-narrow.onnx")
    tab.get_by_role("button", name="Cancel the upload").click()
    expect(tab.get_by_role("status").filter(has_text="You cancelled the upload")).to_be_visible()
    expect(tab.get_by_role("alert")).to_have_count(0)
    expect(tab.locator("#hand-in").get_by_role("button", name="Choose file")).to_be_focused()


def test_a_refusal_after_the_last_byte_is_final_and_says_why(tab):
    """Only a line or a server that is away is asked again."""
    sign_in(tab, "sofia.lindgren")
    said = '{"error": {"code": "no_attempts_left", "message": "All 10 attempts of Lab 3 are used."}}'
    tab.route("**/hand-in/", lambda route: route.fulfill(status=409, content_type="application/json", body=said))
    hand_in(tab, "lab3", MODELS / "digits-narrow.tflite")
    expect(tab.get_by_role("alert")).to_contain_text("All 10 attempts of Lab 3 are used.")
    tab.unroute("**/hand-in/")
    tab.reload()
    expect(tab.locator("#hand-in [data-upload-found]")).to_contain_text("is here, but not handed in yet")
    tab.get_by_role("button", name="Hand it in").click()
    expect(tab.get_by_role("heading", name="It is here, on time")).to_be_visible()


def test_another_kind_of_file_is_refused_before_it_is_sent(tab, tmp_path):
    archive = tmp_path / "model.zip"
    archive.write_bytes(b"PK")
    sign_in(tab, "sofia.lindgren")
    hand_in(tab, "lab3", archive)
    expect(tab.get_by_role("alert")).to_contain_text("model.zip does not end as a model does: Lab 3 takes .onnx")


def test_a_renamed_pdf_gets_its_sentence_in_place(tab, tmp_path):
    paper = tmp_path / "report.onnx"
    paper.write_bytes(b"%PDF-1.7\n" + b"0" * 2000)
    sign_in(tab, "sofia.lindgren")
    hand_in(tab, "lab3", paper)
    expect(tab.get_by_role("alert")).to_contain_text("This is a PDF")


def test_without_javascript_the_form_says_the_same(page_of, tmp_path):
    tab = page_of(java_script_enabled=False)
    sign_in(tab, "sofia.lindgren")
    empty = tmp_path / "empty.onnx"
    empty.write_bytes(b"")
    hand_in(tab, "lab3", empty)
    tab.get_by_role("button", name="Hand in").click()
    expect(tab.get_by_role("alert")).to_contain_text("This file is empty")
    hand_in(tab, "lab3", MODELS / "digits-narrow.onnx")
    tab.get_by_role("button", name="Hand in").click()
    expect(tab.get_by_role("heading", name="It is here, on time")).to_be_visible()
    expect(tab.get_by_role("button", name="Light or dark")).to_have_count(0)


def test_staff_see_every_hand_in_and_filter_in_the_address(tab):
    sign_in(tab, "amit.rosen")
    tab.locator("nav .more summary").click()
    tab.get_by_role("link", name="Submissions").click()
    expect(tab.get_by_role("cell", name="Ruth Adeyemi").first).to_be_visible()
    tab.get_by_label("Assignment").select_option("lab2")
    tab.get_by_role("button", name="Filter").click()
    assert "assignment=lab2" in tab.url
    expect(tab.get_by_role("cell", name="Lab 3")).to_have_count(0)


def test_the_keyboard_reaches_the_main_things(tab):
    sign_in(tab, "ruth.adeyemi")
    tab.wait_for_load_state("load")  # the scripts that listen come last
    tab.keyboard.press("?")
    expect(tab.get_by_role("dialog")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("dialog")).to_be_hidden()  # until then the keys are the dialog's
    heading = tab.get_by_role("heading", name="Schedule")
    # Both are to come within 1.5 s. Playwright waits for the page between them, on a busy machine for longer than that.
    for _ in range(4):
        tab.keyboard.press("g")
        tab.keyboard.press("s")
        with suppress(AssertionError):
            expect(heading).to_be_visible(timeout=8000)
            break
    expect(heading).to_be_visible()


def test_after_signing_out_the_back_button_shows_no_grades(tab):
    sign_in(tab, "ruth.adeyemi")
    tab.goto("/courses/demo/assignments/")
    tab.locator(".menu summary").click()
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_text("You are signed out.")).to_be_visible()
    tab.go_back()
    expect(tab.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()


def test_pages_are_light(world, chromium):
    rows = list(painted(chromium, world.url, FEW, times=1))
    assert [row for row in rows if row["missing"] or row["kb"] > LIMIT_KB] == []
    assert any(row["plots"] > 100 for row in rows)  # so the plots are told apart


def test_plots_are_fetched_when_they_come_near_the_window(tab):
    asked = []
    tab.on("request", lambda request: "/vendor/plotly" in request.url and asked.append(request.url))
    tab.set_viewport_size({"width": 1280, "height": 100})
    tab.goto("/devices/")
    tab.wait_for_load_state("networkidle")
    assert asked == []
    tab.locator("[data-plot-url]").first.scroll_into_view_if_needed()
    expect(tab.locator(".main-svg").first).to_be_visible(timeout=60_000)
    assert len(asked) == 1
