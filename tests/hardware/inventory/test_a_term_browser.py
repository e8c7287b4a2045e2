"""A whole term through the browser, from an empty stock to the count at its end, on the days of the term of 2023.

The instructor takes the list in, students ask and confirm on a phone, the TA stands at the desk with a hand scanner. Each step reads on
the page what happened; what the books say of it all is asked at the end.
"""

import csv
import functools
import io
import time
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import expect

from courseplatform.core.image_files import MOST_BYTES
from courseplatform.courses.models import Enrolment, Role
from grading.models import LateEntry
from hardware.inventory import sweep
from hardware.models import CasePhoto, Item, Loan, LoanPhoto, Reservation, StockEvent
from tests import browsing
from tests.browsing import wrong_but
from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import BASE
from tests.hardware.inventory.invariants import check_all, check_plan
from tests.parts import ROOT
from tests.people import make_lab, make_user

# test_a_term.py plays the same without a browser, in every run.
pytestmark = [pytest.mark.whole, pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
NEW_YORK = ZoneInfo("America/New_York")
LATE = {"bank": {"days": 5, "owner": "team"}, "unit": {"kind": "hours"}, "penalty": {"each": 2}}
DESK = f"{BASE}desk/"
PHONE, WIDE = 390, 1440
MOST_MS = 60_000  # of one step, on a machine that does other things too


class Term:
    """The people with a window each, and a clock that is moved by hand and runs on from there."""

    def __init__(self, cast, monkeypatch):
        self.cast, self.begun = cast, time.monotonic()
        monkeypatch.setattr(
            timezone, "now", lambda: self.at + timezone.timedelta(seconds=time.monotonic() - self.begun)
        )
        self.go(8, 28)
        course = cast.course
        course.facts, course.starts_on, course.ends_on = {"late_policy": {"policy": LATE}}, date(2023, 8, 28), date(2023, 12, 15)  # fmt: skip
        course.save()
        make_lab(course, "hardware-return", kind="hardware_return", short="Hardware return", title="", bench_spec={}, is_individual=False, points=0,
                 due_at=datetime(2023, 12, 7, 23, 59, tzinfo=NEW_YORK), released_at=self.at)  # fmt: skip
        nora = make_user("Nora")
        Enrolment.objects.create(course=course, person=nora, role=Role.STUDENT)
        self.magpie, self.heron = make_team(cast, "Magpie", cast.ruth, cast.daniel), make_team(cast, "Heron", nora)
        self.people = {"helen": cast.helen, "amit": cast.amit, "ruth": cast.ruth, "sofia": cast.sofia, "nora": nora}

    def go(self, month, day, hour=12):
        """To that moment, as the worker finds it."""
        self.at, self.begun = datetime(2023, month, day, hour, tzinfo=NEW_YORK), time.monotonic()
        sweep.run()


@pytest.fixture
def term(cast, settings, monkeypatch):
    settings.SESSION_COOKIE_AGE = 200 * 86400  # nobody signs in again between August and December
    return Term(cast, monkeypatch)


@pytest.fixture
def windows(page_of, term):
    """A window of each of them: students hold a phone, the staff sit at a desk."""
    expect.set_options(timeout=MOST_MS)
    found = {
        name: page_of(person, WIDE if name in ("helen", "amit") else PHONE, 844) for name, person in term.people.items()
    }
    yield found
    assert [wrong_but(page, "status of 4") for page in found.values()] == [[]] * len(found)


def shot(page, name):
    # Waited for, because the page may just be on its way to the next one and has no document for a moment.
    page.wait_for_function("() => document.documentElement?.scrollWidth <= window.innerWidth")
    browsing.shot(page, f"term-{name}")


def says(page, *words):
    for one in words:
        expect(page.locator("main")).to_contain_text(one, ignore_case=True)


def press(page, name, inside="main"):
    page.locator(inside).get_by_role("button", name=name).first.click()
    page.wait_for_load_state()


def scan(page, *codes):
    """As a hand scanner types: each code, and the key Enter."""
    for code in codes:
        page.locator("#code:focus").wait_for()
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        page.locator(f".desk-panel >> text={code}").first.wait_for()


def lends(page, tag, whom):
    """Scan, person, done."""
    page.goto(DESK)
    scan(page, tag)
    page.keyboard.type(whom)
    page.keyboard.press("Enter")
    page.locator("[data-desk-go]:focus").wait_for()
    page.keyboard.press("Enter")
    page.locator("[data-desk-done]").wait_for()


@functools.cache
def photo():
    """As a phone takes it: larger than a form takes, and lying on its side."""
    made, turned = io.BytesIO(), Image.Exif()
    turned[0x0112] = 6
    Image.effect_noise((2800, 2100), 80).save(made, "JPEG", quality=90, exif=turned)
    assert made.tell() > MOST_BYTES
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": made.getvalue()}


def kept(row):
    """Smaller, and upright."""
    with Image.open(row.file) as image:
        assert (row.file.size <= MOST_BYTES, image.format, image.width < image.height, max(image.size) <= 2560) == (True, "JPEG", True, True)  # fmt: skip


def test_a_whole_term_in_a_browser(term, windows):
    takes_the_list_in(windows["helen"])
    term.go(9, 15)
    students_ask(windows)
    staff_answer(windows["amit"])
    term.go(9, 19)
    desk_hands_over(windows["amit"])
    borrower_accepts(windows["ruth"])
    term.go(9, 23)
    nobody_fetched_it(windows)
    term.go(10, 2)
    renews(windows["ruth"])
    term.go(10, 5)
    board_breaks(windows)
    term.go(10, 11)
    comes_from_repair(windows)
    term.go(10, 16)
    goes_on(windows)
    term.go(12, 9, 6)
    comes_back_late(windows)
    assert LateEntry.objects.get(team=term.magpie, kind="spend").days == -2
    term.go(12, 14)
    shelf_is_counted(windows["helen"])
    everything_is_in_the_history(windows["helen"])
    room = Item.objects.first().stockroom
    check_all(room)
    check_plan(room, timezone.now())


def takes_the_list_in(page):
    page.goto(BASE)
    page.get_by_role("link", name="Set up").first.click()
    page.get_by_label("Name").first.fill("11-767 hardware")
    page.locator("main input[name=slug]").fill("odml")
    press(page, "Make it")
    page.get_by_role("link", name="Import a list").click()
    page.locator("input[type=file]").set_input_files(str(ROOT / "courses" / "cmu-11-767-stock.csv"))
    press(page, "Show what would change")
    page.wait_for_url("**/import/*/")
    says(page, "139")
    shot(page, "01-preview")
    page.locator("form[action$='/apply/'] button").click()
    page.wait_for_load_state()
    shot(page, "02-taken-in")
    page.goto(BASE)
    says(page, "135 items with a tag")
    shot(page, "03-stock")


def ask(page, thing, until="", who=""):
    """On a phone, from the page of what is free."""
    page.goto(BASE)
    page.get_by_role("link", name="What is free when").click()
    page.get_by_role("link", name=f"Reserve {thing}").click()
    if who:
        page.get_by_label("For", exact=True).select_option(label=who)
    page.get_by_label("From").fill("2023-09-19")
    if until:
        page.get_by_label("Until", exact=True).fill(until)
    else:
        page.get_by_label("For the term").check()
    press(page, "Ask for it")


def students_ask(windows):
    ruth, sofia, nora = (windows[name] for name in ("ruth", "sofia", "nora"))
    ruth.goto(f"{BASE}free/")
    says(ruth, "Robot arm")
    shot(ruth, "04-free")
    ask(ruth, "Raspberry Pi 4, 8 GB", who="Team Magpie")
    says(ruth, "waits for an answer", "Team Magpie")
    shot(ruth, "05-asked")
    ask(ruth, "Robot arm", "2023-10-03", "Team Magpie")
    ask(sofia, "Robot arm", "2023-10-03")
    ask(nora, "Robot arm", "2023-10-09", "Team Heron")
    says(nora, "is free")
    shot(nora, "06-not-free")
    press(nora, "Join the waiting list")
    says(nora, "place 1 on the waiting list")
    shot(nora, "07-waits")


def staff_answer(page):
    page.goto(f"{BASE}requests/")
    shot(page, "08-requests")
    for box in page.locator("input[name=reservation]").all():
        box.check()
    press(page, "Approve ticked")
    expect(page.locator(".toast")).to_contain_text("3 requests approved.")
    assert set(Reservation.objects.values_list("status", flat=True)) == {"approved", "waiting"}


def desk_hands_over(page):
    page.goto(DESK)
    scan(page, "PI-01", "UM-01")
    page.keyboard.type("magpie")
    page.keyboard.press("Enter")
    page.locator("[data-desk-go]:focus").wait_for()
    page.get_by_label("Condition of UM-01").select_option("worn")
    page.get_by_text("Photo and note").click()
    page.get_by_label("Photo of the hand-over").set_input_files([photo()])
    shot(page, "09-desk")
    page.locator("[data-desk-go]").click()
    page.locator("[data-desk-done]").wait_for()
    says(page, "2 pieces lent to team Magpie", "Thu Dec 7")
    shot(page, "10-lent")
    lends(page, "RA-01", "magpie")
    says(page, "1 piece lent to team Magpie", "Tue Oct 3")


def borrower_accepts(page):
    page.goto(BASE)
    shot(page, "12-mine")
    for _ in range(2):
        page.goto(BASE)
        page.get_by_role("link", name="Say that you have it").first.click()
        shot(page, "13-loan")
        press(page, "Yes, I have")
        says(page, "confirmed")


def nobody_fetched_it(windows):
    sofia, nora, amit = windows["sofia"], windows["nora"], windows["amit"]
    sofia.goto(f"{BASE}requests/")
    says(sofia, "not picked up")
    shot(sofia, "14-not-fetched")
    nora.goto(BASE)
    says(nora, "waits for an answer")
    amit.goto(f"{BASE}requests/")
    says(amit, "Robot arm")
    press(amit, "Approve")
    lends(amit, "RA-02", "heron")
    says(amit, "lent to team Heron", "Mon Oct 9")


def renews(page):
    page.goto(BASE)
    shot(page, "15-two-loans")
    page.locator(".my-loan", has_text="Robot arm").get_by_role("link").click()
    press(page, "Renew it until Tue Oct 17, 23:59")
    says(page, "Tue Oct 17", "A loan is renewed once at most, and this one was. Ask the staff.")
    shot(page, "16-renewed")


def board_breaks(windows):
    ruth, amit = windows["ruth"], windows["amit"]
    ruth.goto(BASE)
    ruth.locator(".my-loan", has_text="Raspberry Pi").get_by_role("link").first.click()
    ruth.get_by_role("link", name="Report damage of PI-01").click()
    ruth.get_by_label("What is wrong").fill("does not boot")
    ruth.get_by_label("Photos").set_input_files([photo()])
    press(ruth, "Report it")
    says(ruth, "does not boot")
    kept(CasePhoto.objects.get())
    shot(ruth, "17-reported")
    amit.goto(DESK)
    scan(amit, "PI-01")
    says(amit, "Damage is reported, Thu Oct 5", "does not boot", "Without UM-01 the loan stays open")
    amit.locator("summary", has_text="Condition of PI-01").click()
    amit.locator("[data-desk-state][open] label", has_text="Damaged").click()
    amit.get_by_label("What is wrong").first.fill("burnt")
    amit.get_by_label("Photo of PI-01").set_input_files([photo()])
    shot(amit, "18-back")
    amit.locator("[data-desk-go]").click()
    amit.locator(".desk-broken").wait_for()
    expect(amit.locator(".toast")).to_contain_text("PI-01 damaged (burnt) is back from team Magpie. Still out: UM-01.")
    kept(LoanPhoto.objects.get(piece__item__tag="PI-01"))
    shot(amit, "19-broken")
    amit.get_by_role("link", name="PI-01 does not boot").click()
    press(amit, "Send to repair")
    says(amit, "in repair", "Reported again: burnt")
    shot(amit, "20-case")
    amit.goto(DESK)
    amit.locator("#code:focus").wait_for()
    amit.keyboard.type("PI-01")
    amit.keyboard.press("Enter")
    amit.locator("[data-desk-refused]").wait_for()
    says(amit, "PI-01 is in repair")
    shot(amit, "21-in-repair-at-the-desk")
    lends(amit, "PI-02", "magpie")
    says(amit, "Thu Dec 7")


def comes_from_repair(windows):
    ruth, amit = windows["ruth"], windows["amit"]
    amit.goto(f"{BASE}items/PI-01/")
    says(amit, "It is in repair")
    amit.get_by_role("link", name="does not boot").last.click()
    amit.get_by_label("Cost", exact=True).fill("12.50")
    amit.get_by_label("For what").fill("a new card")
    press(amit, "Write the cost")
    amit.get_by_label("Why, or what was done").fill("new card")
    press(amit, "Mended")
    says(amit, "mended", "12.50 USD, a new card")
    shot(amit, "22-mended")
    ruth.goto(f"{BASE}loans/{Loan.objects.get(pieces__item__tag='PI-01').pk}/")
    says(ruth, "mended", "does not boot", "closed Wed Oct 11")
    expect(ruth.locator(".loan-cases img")).to_have_count(2)
    shot(ruth, "23-own-case")


def goes_on(windows):
    """The arm comes back on its day, the other one a week too late, which costs nothing but a reminder."""
    ruth, nora, amit = windows["ruth"], windows["nora"], windows["amit"]
    nora.goto(BASE)
    says(nora, "7 days overdue")
    shot(nora, "24-overdue")
    amit.goto(BASE)
    shot(amit, "25-staff")
    for tag, whose in (("RA-01", "Magpie"), ("RA-02", "Heron")):
        amit.goto(DESK)
        scan(amit, tag)
        amit.locator("[data-desk-go]").click()
        expect(amit.locator(".toast")).to_contain_text(
            f"{tag} is back from team {whose}. Nothing of it is out any more."
        )
    ruth.goto(BASE)
    expect(ruth.locator(".my-loan", has_text="Robot arm")).to_have_count(0)


def comes_back_late(windows):
    ruth, amit = windows["ruth"], windows["amit"]
    ruth.goto(BASE)
    says(ruth, "2 days overdue")
    shot(ruth, "26-late")
    amit.goto(DESK)
    scan(amit, "PI-02")
    amit.keyboard.type("UM-01")
    amit.keyboard.press("Enter")
    expect(amit.locator("[data-desk-go]")).to_have_text("Take back 2 of 2 pieces")
    shot(amit, "27-late-desk")
    amit.locator("[data-desk-go]").click()
    expect(amit.locator(".toast")).to_contain_text("Nothing of it is out any more.")
    shot(amit, "28-back")
    ruth.goto(BASE)
    says(ruth, "You have nothing on loan", "Brought back", "all back Sat Dec 9", "2 days late")
    shot(ruth, "29-all-back")
    ruth.goto("/courses/odml/late-days/")
    says(ruth, "Hardware return")
    shot(ruth, "30-late-days")


def shelf_is_counted(page):
    page.goto(f"{BASE}counts/")
    page.locator("tr", has_text="Cupboard").get_by_role("button", name="Count").click()
    page.wait_for_url("**/counts/*/")
    page.locator("#code:focus").wait_for()
    tags = sorted(Item.objects.filter(place="Cupboard").values_list("tag", flat=True))
    for code in [*tags[:-1], "CM-20", "https://elsewhere.example/pay"]:
        page.keyboard.type(code)
        page.keyboard.press("Enter")
    expect(page.locator("[data-take-said]")).to_contain_text("elsewhere.example")
    says(page, f"{len(tags) - 1} of {len(tags)} seen", f"Still missing 1 {tags[-1]}")
    shot(page, "31-count")
    press(page, "End the count")
    says(
        page,
        "4 of 5 seen, 1 is missing",
        "Missing 1",
        "Belongs elsewhere 1",
        "Unknown 1",
        "https://elsewhere.example/pay",
    )
    page.get_by_role("checkbox", name=tags[-1]).check()
    press(page, "Report the ticked as lost")
    page.get_by_role("checkbox", name="CM-20").check()
    press(page, "Move the ticked here")
    shot(page, "32-counted")
    assert (Item.objects.get(tag=tags[-1]).status, Item.objects.get(tag="CM-20").place) == ("lost", "Cupboard")


def everything_is_in_the_history(page):
    page.goto(BASE)
    with page.expect_download() as download:
        page.get_by_role("link", name="History").click()
    lines = list(csv.DictReader(download.value.path().read_text("utf-8-sig").splitlines()))
    assert len(lines) == StockEvent.objects.count()
    board = [(line["what"], line["before"], line["after"]) for line in lines if line["tag"] == "PI-01"]
    way = [("added", "", "PI-01"), ("loan", "", "team Magpie"), ("loan", "team Magpie", ""), ("status", "in_service", "in_repair"),
           ("case", "in repair", "mended: does not boot"), ("status", "in_repair", "in_service")]  # fmt: skip
    assert [one for one in board if one in way] == way
    assert ("place", "Drawer 1", "Cupboard") in {
        (line["what"], line["before"], line["after"]) for line in lines if line["tag"] == "CM-20"
    }
