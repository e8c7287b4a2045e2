"""The receipt in a browser: what Copy takes along is readable, and staff can verify it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import sync_playwright

from grading.handing_in.receipts import verify
from tests.grading.late_days.staff import PERSONAL, state
from tests.parts import chromium_path
from tests.people import hand_in, make_cast, onnx_like

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cast(settings, tmp_path, transactional_db):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


@pytest.fixture
def page(client, cast, live_server):
    """Signed in as Ruth, in a browser that may read what was copied."""
    client.force_login(cast.ruth)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(base_url=live_server.url)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        yield context.new_page()
        browser.close()


def test_a_copied_receipt_reads_line_by_line_and_can_be_verified(page, cast, tmp_path):
    state(cast, PERSONAL)
    cast.lab.due_at = timezone.now() + timedelta(days=1)
    cast.lab.save()
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    page.goto(submission.get_absolute_url())
    page.locator("[data-copy]").first.click()
    page.get_by_text("Copied").first.wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert verify(copied)["receipt"] == submission.receipt
    lines = copied.splitlines()
    assert lines[0] == f"Receipt {submission.receipt}"
    late = lines.index("Late: on time")
    assert lines[late + 1].startswith("  Due ")
    assert lines[late + 2] == "  On time: 0 late days."
