"""The pages of a run that was kept back, in a browser: on a phone no page is wider than the screen, and staff decide with the keyboard."""

import os

import pytest
from django.test import Client
from playwright.sync_api import sync_playwright

from grading.models import Run
from hardware.models import Outcome, Status
from tests.grading.measuring.test_parked import park, take
from tests.parts import chromium_path
from tests.people import hand_in, make_cast, onnx_like

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(settings, tmp_path, transactional_db):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


@pytest.fixture
def page_of(cast, live_server):
    """A page for a person and a width in pixels."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])

        def opened(person, width):
            client = Client()  # one for each: signing in again would end the session before
            client.force_login(person)
            context = browser.new_context(base_url=live_server.url, viewport={"width": width, "height": 900})
            context.add_cookies(
                [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
            )
            return context.new_page()

        yield opened
        browser.close()


def test_staff_read_the_evidence_and_reject_by_keyboard_and_the_student_reads_why(page_of, cast, tmp_path):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    park(take())
    run = Run.objects.get()
    phone, desk = page_of(cast.ruth, 360), page_of(cast.helen, 1280)
    phone.goto(run.get_absolute_url())
    assert "Being looked at by the staff" in phone.inner_text("main")
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    _look(phone, "student")
    desk.goto("/courses/odml/runs-kept-back/")
    _look(desk, "list")
    desk.click("tbody a.plain")
    assert "It does 900 GMAC/s." in desk.inner_text("main")
    _look(desk, "staff")
    desk.set_viewport_size({"width": 360, "height": 900})
    assert desk.evaluate("document.documentElement.scrollWidth") == 360
    desk.focus("#reason")
    desk.keyboard.type("Two people read the model; nothing is wrong.")
    desk.keyboard.press("Tab")
    desk.keyboard.press("Tab")
    with desk.expect_navigation():
        desk.keyboard.press("Enter")
    ended = Run.objects.get()
    assert (ended.status, ended.outcome) == (Status.FINISHED, Outcome.REJECTED)
    phone.reload()
    assert "Two people read the model; nothing is wrong." in phone.inner_text("main")
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    _look(phone, "rejected")


def _look(page, name):
    if folder := os.environ.get("MILLIAMP_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
