"""The pages of a run that was kept back, in a browser: on a phone no page is wider than the screen, and staff decide with the keyboard."""

import pytest

from grading.models import Run
from hardware.models import Outcome, Status
from tests.browsing import shot
from tests.grading.measuring.test_parked import park, take
from tests.people import hand_in, onnx_like

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]


def test_staff_read_the_evidence_and_reject_by_keyboard_and_the_student_reads_why(page_of, cast, tmp_path):
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    park(take())
    run = Run.objects.get()
    phone, desk = page_of(cast.ruth, 360), page_of(cast.helen, 1280)
    phone.goto(run.get_absolute_url())
    assert "Being looked at by the staff" in phone.inner_text("main")
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    shot(phone, "student")
    desk.goto("/courses/odml/runs-kept-back/")
    shot(desk, "list")
    desk.click("tbody a.plain")
    assert "It does 900 GMAC/s." in desk.inner_text("main")
    shot(desk, "staff")
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
    shot(phone, "rejected")
