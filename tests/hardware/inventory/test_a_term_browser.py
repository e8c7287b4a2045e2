"""A term in a browser, as far as one person sees it: the list, the desk with a hand scanner, the phone of a student, a late return."""

import os
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import sync_playwright

from grading.models import LateEntry
from hardware.inventory.services.due import due_refresh
from hardware.models import Item, Loan
from tests.grading.late_days.test_late_days import make_team
from tests.hardware.inventory.builders import BASE, stockroom_of
from tests.parts import ROOT, chromium_path
from tests.people import make_cast, make_lab

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
LATE = {"bank": {"days": 5, "owner": "team"}, "unit": {"kind": "hours"}, "penalty": {"each": 2}}


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    made = make_cast()
    made.course.facts = {"late_policy": {"policy": LATE}}
    made.course.save()
    made.back = make_lab(made.course, "hardware-return", kind="hardware_return", short="Hardware return", title="", bench_spec={},
                         is_individual=False, points=0, due_at=timezone.now().replace(second=0, microsecond=0) + timedelta(days=9))  # fmt: skip
    return made


@pytest.fixture
def page_of(live_server):
    """A window of somebody: on a desk, or on a phone."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])

        def page(person, width):
            client = Client()
            client.force_login(person)
            context = browser.new_context(base_url=live_server.url, viewport={"width": width, "height": 800})
            context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])  # fmt: skip
            return context.new_page()

        yield page
        browser.close()


def shot(page, name):
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, name
    if folder := os.environ.get("MILLIAMP_SHOTS"):
        page.screenshot(path=f"{folder}/term-{name}.png", full_page=True)


def typed(page, text):
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_a_term_in_a_browser(cast, page_of):
    stockroom_of(cast)
    team = make_team(cast, cast.ruth, cast.daniel)
    helen, amit, ruth = page_of(cast.helen, 1440), page_of(cast.amit, 360), page_of(cast.ruth, 360)
    takes_in_the_list(helen)
    hands_over(amit, team)
    loan = Loan.objects.get()
    confirms_and_reports(ruth, loan)
    comes_back_late(cast, amit, loan)
    assert LateEntry.objects.get(team=team, kind="spend").days == -2


def takes_in_the_list(page):
    page.goto(f"{BASE}import/")
    page.locator("input[type=file]").set_input_files(str(ROOT / "courses" / "cmu-11-767-stock.csv"))
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url("**/import/*/")
    shot(page, "1-preview")
    page.locator("form[action$='/apply/'] button").click()
    page.wait_for_load_state()
    shot(page, "2-taken-in")
    assert Item.objects.count() == 135


def hands_over(page, team):
    page.goto(f"{BASE}desk/")
    for tag in ("PI-01", "UM-01"):
        typed(page, tag)
        page.wait_for_selector(f".desk-things >> text={tag}")
    typed(page, team.name)
    page.wait_for_selector("[data-desk-go]")
    shot(page, "3-desk")
    page.click("[data-desk-go]")
    page.wait_for_selector("[data-desk-done]")
    shot(page, "4-done")


def confirms_and_reports(page, loan):
    page.goto(f"{BASE}loans/{loan.pk}/")
    shot(page, "5-loan")
    page.locator("form[action$='/accept/'] button").click()
    page.wait_for_load_state()
    loan.refresh_from_db()
    assert loan.accepted_at is not None
    page.goto("/hardware/mine/")
    shot(page, "6-mine")
    page.goto(f"{BASE}items/PI-01/")
    shot(page, "7-item")


def comes_back_late(cast, page, loan):
    """The day of return was 30 hours ago."""
    cast.back.due_at = timezone.now().replace(second=0, microsecond=0) - timedelta(hours=30)
    cast.back.save()
    due_refresh(course=cast.course)
    page.goto(f"{BASE}desk/")
    typed(page, "PI-01")
    page.wait_for_selector("[data-desk-back]")
    page.get_by_label("UM-01").check()
    shot(page, "8-late")
    page.click("[data-desk-go]")
    page.wait_for_selector(".toast")
    shot(page, "9-back")
    loan.refresh_from_db()
    assert loan.closed_at is not None
