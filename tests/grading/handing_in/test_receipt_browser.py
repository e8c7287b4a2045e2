"""The receipt in a browser: what Copy takes along is readable, and staff can verify it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grading.handing_in.receipts import verify
from tests.grading.late_days.staff import PERSONAL, state
from tests.people import hand_in, onnx_like

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]


def test_a_copied_receipt_reads_line_by_line_and_can_be_verified(page_of, cast, tmp_path):
    page = page_of(cast.ruth, permissions=["clipboard-read", "clipboard-write"])
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
