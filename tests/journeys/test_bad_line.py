"""A large file over a bad line, in a real browser: interrupted five times, it arrives once, whole and right."""

import hashlib

import pytest
from playwright.sync_api import expect

from tests.browsing import axe_finds, windows
from tests.journeys.bad_line import BadLine, interrupted_five_times, open_the_lab, wait_held, write_model
from tests.journeys.test_browser import sign_in
from tests.journeys.world import demo_world, wait_for

pytestmark = pytest.mark.part("chromium")
MIB = 1 << 20


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    running = demo_world(tmp_path_factory.mktemp("bad-line") / "data")
    try:
        running.wait_healthy()
        for lab in ("lab1", "lab3"):
            open_the_lab(running, lab, 500 * MIB)
        yield running
    finally:
        running.end()


@pytest.fixture
def line(world):
    found = BadLine(world.port, 6e6)
    yield found
    found.close()


@pytest.fixture
def tab(line, chromium):
    with windows(chromium, line.url) as opened:
        page = opened()
        unanswered = tell_unanswered(page)
        sign_in(page, "sofia.lindgren")
        yield page
        print("unanswered:", *unanswered)  # pytest shows it where the test failed


def tell_unanswered(page) -> dict[str, str]:
    """The requests of the page that have begun and not ended, by address."""
    waiting = {}
    page.on("request", lambda asked: waiting.update({asked.url: asked.method}))
    for ended in ("requestfinished", "requestfailed"):
        page.on(ended, lambda asked: waiting.pop(asked.url, None))
    return waiting


def test_a_file_interrupted_five_times_arrives_once_and_whole(world, line, tab, tmp_path):
    file = tmp_path / "large.onnx"
    digest = write_model(file, 40 * MIB)
    said = interrupted_five_times(world, tab, line, "lab3", file, 120)
    assert all("Trying again in" in words for words in said[:4])
    rows = world.rows("select sha256, size_bytes, model_file from grading_submission where file_name = 'large.onnx'")
    assert [row[:2] for row in rows] == [(digest, 40 * MIB)]
    assert hashlib.sha256((world.data_dir / "media" / rows[0][2]).read_bytes()).hexdigest() == digest
    assert world.rows("select status from uploads_upload where file_name = 'large.onnx'") == [("taken",)]
    assert list((world.data_dir / "uploads").iterdir()) == []
    # What was lost on the way is a piece for each break, not the file again.
    assert line.sent < 60 * MIB


def test_pause_holds_still_and_go_on_goes_on(world, line, tab, tmp_path):
    file = tmp_path / "paused.onnx"
    write_model(file, 24 * MIB)
    tab.goto("/courses/demo/assignments/lab1/")
    line.hold_after(5 * MIB)
    tab.locator("#model").set_input_files(str(file))
    wait_held(tab, line, 60)
    tab.get_by_role("button", name="Pause").click()
    expect(tab.locator("#hand-in [data-upload-words]")).to_contain_text("Paused")
    line.go_on()
    held = world.rows("select offset_bytes from uploads_upload where file_name = 'paused.onnx'")
    tab.wait_for_timeout(3000)
    later = world.rows("select offset_bytes from uploads_upload where file_name = 'paused.onnx'")
    assert later[0][0] - held[0][0] <= 8 * MIB and later[0][0] < 24 * MIB
    tab.get_by_role("button", name="Go on").click()
    expect(tab.get_by_role("heading", name="It is here")).to_be_visible(timeout=60_000)


def test_what_was_sent_in_part_can_be_thrown_away(world, line, tab, tmp_path):
    file = tmp_path / "unwanted.onnx"
    write_model(file, 24 * MIB)
    tab.goto("/courses/demo/assignments/lab1/")
    line.hold_after(10 * MIB)
    tab.locator("#model").set_input_files(str(file))
    wait_held(tab, line, 60)
    tab.reload()
    line.go_on()
    expect(tab.locator("#hand-in [data-upload-found]")).to_be_visible()
    assert axe_finds(tab) == []
    tab.get_by_role("button", name="Throw it away").click()
    expect(tab.get_by_role("status").filter(has_text="is thrown away")).to_be_visible()
    assert world.rows("select status from uploads_upload where file_name = 'unwanted.onnx'") == [("discarded",)]
    # The connection that the reload broke off may have begun to write once more; the sweep, once a minute, takes what no upload speaks for.
    wait_for(lambda: not list((world.data_dir / "uploads").iterdir()), 90, "the bytes of the upload to be gone")
