"""The frame of an LMS in a real browser: another site's frame, whose cookies are kept back, and the window beside it."""

import pytest
from playwright.sync_api import expect

from courseplatform.accounts.models import User
from courseplatform.lti.models import Identity, Platform
from tests.browsing import shot, wrong_but
from tests.lti.launching import connect

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(platform, lms, live_server, settings, page_of):
    """The LMS is at 127.0.0.1, we are at localhost: two sites for a browser."""
    settings.SITE_URL = lms.tool_url = live_server.url.replace("127.0.0.1", "localhost")
    return page_of(width=1440)


def test_a_student_comes_from_a_frame_into_a_window_of_our_own(cast, platform, lms, page):
    connect(cast, platform, lms)
    sub = lms.person("Nora Lind")
    page.goto(f"{lms.url}/course?as={sub}")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("link", name="Open Milliamp")).to_be_visible()  # the cookie of the frame was kept back
    shot(page, "frame")
    with page.context.expect_page() as opened:
        frame.get_by_role("link", name="Open Milliamp").click()
    window = opened.value
    window.wait_for_url("**/courses/odml/**")
    expect(window.get_by_text("Nora Lind").first).to_be_attached()
    assert Identity.objects.get().person == User.objects.get(email="nora@example.edu")
    assert wrong_but(page, "favicon") == []


def test_a_site_that_is_not_known_cannot_frame_us(cast, platform, lms, page):
    Platform.objects.update(site_url="https://canvas.example.edu")
    page.goto(f"{lms.url}/course?as={lms.person('Nora Lind')}")
    page.wait_for_timeout(1500)
    assert not page.frame_locator("iframe").get_by_role("link").count()
    assert any("frame-ancestors" in said or "refused" in said.lower() for said in page.wrong)


def test_an_instructor_picks_in_a_window_and_it_goes_back_by_itself(cast, platform, lms, page):
    """Deep linking in a window, as browsers without cookies in frames need it; the answer is sent by our script."""
    connect(cast, platform, lms)
    sub = lms.person("Helen", sub="sub-helen", roles=["Instructor"])
    Identity.objects.create(platform=platform, sub=sub, person=cast.helen, how="test")
    page.goto(
        f"{lms.tool_url}/lti/login/?iss={lms.issuer}&client_id={lms.client_id}&login_hint={sub}&lti_message_hint=pick"
    )
    page.get_by_label("Lab 1").check()
    shot(page, "pick")
    page.get_by_role("button", name="Place in Canvas").click()
    expect(page.get_by_role("heading", name="Placed")).to_be_visible()
    assert lms.returned.count(".") == 2 and wrong_but(page, "favicon") == []
