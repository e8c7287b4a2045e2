"""Scan, person, done: how long a loan of three things takes at the desk, in a real browser with a hand scanner's typing. Prints a table.

    python -m tests.load.loan_desk [loans]

A SQLite file with the stock of 11-767 and thirty students, served by gunicorn as the product is; the TA's window stands at the loan desk.
Each loan is typed as a scanner types, a key every 4 ms and Enter: three tags one after the other without a look at the page, the address of
who gets them, Enter on the button. Then the three are scanned again and taken back. Time runs from the first key until the page says that
it is done; what a hand needs between two scans is not in it. Exit status 1 where a loan takes more than MOST_S.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browsing import launched, windows
from tests.journeys.world import fetch, free_port, wait_for
from tests.load.figures import figure, numbers, table
from tests.load.line_workers import fresh, people, scratch_folder, set_up
from tests.parts import ROOT

LOANS, STUDENTS, KEY_MS, MOST_S, MOST_MS = 10, 30, 4, 5.0, 60_000


def main() -> int:
    (loans,) = numbers(LOANS)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread
    with scratch_folder() as folder:
        set_up("sqlite", Path(folder))
        cast = fresh(Path(folder))
        things, students = stocked(cast)
        with served() as address, launched() as browser, windows(browser, address) as opened:
            page = opened(cast.amit)
            page.set_default_timeout(MOST_MS)
            expect.set_options(timeout=MOST_MS)
            page.goto(f"/courses/{cast.course.slug}/hardware/desk/")
            return measure(page, loans, things, students)


def stocked(cast) -> tuple[list[list[str]], list[str]]:
    """The list of 11-767 is in; tags by threes (a camera, a microphone and a meter), and addresses of students."""
    from hardware.inventory.services.imports import plan_of, stock_import_apply, stock_import_create
    from tests.hardware.inventory.builders import stockroom_of

    stockroom_of(cast)
    visit, file = cast.visit(cast.helen), ROOT / "courses" / "cmu-11-767-stock.csv"
    made = stock_import_create(visit=visit, data=file.read_bytes(), file_name=file.name)
    stock_import_apply(visit=visit, stock_import=made, digest=plan_of(visit, made).digest)
    things = [[f"CM-{n:02}", f"MC-{n:02}", f"UM-{n:02}"] for n in range(1, 11)]
    return things, [person.email for person in people(cast, STUDENTS)]


@contextmanager
def served() -> Iterator[str]:
    from django.core.management import call_command
    from django.db import connections

    call_command("collectstatic", verbosity=0, interactive=False)
    connections.close_all()
    port = free_port()
    options = f"-b 127.0.0.1:{port} -w 2 --threads 16 --log-level error".split()
    server = subprocess.Popen([sys.executable, "-m", "gunicorn", "courseplatform.wsgi", *options], cwd=ROOT)
    try:
        wait_for(lambda: fetch(f"http://127.0.0.1:{port}/")[0] == 200, 120, "an answer of the site")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=60)


def measure(page: Page, loans: int, things: list[list[str]], students: list[str]) -> int:
    lend(page, things[-1], students[-1])  # loads what a process loads once
    take_back(page, things[-1])
    line = table("loan|6", *(f"{word}, s|.2f" for word in ("on the table", "person", "handed over", "taken back")))
    rows = []
    for number in range(loans):
        tags = things[number % len(things)]
        rows.append([*lend(page, tags, students[number % len(students)]), take_back(page, tags)])
        line(str(number + 1), *rows[-1])
    line("median", *(statistics.median(one) for one in zip(*rows, strict=True)))
    line("worst", *(max(one) for one in zip(*rows, strict=True)))
    return int(max(row[2] for row in rows) > MOST_S)


def scan(page: Page, text: str) -> None:
    page.keyboard.type(text, delay=KEY_MS)
    page.keyboard.press("Enter")


def lend(page: Page, tags: list[str], email: str) -> tuple[float, float, float]:
    """Seconds from the first key until the things lie on the table, until the person is found, until they are handed over."""
    page.locator("#code:focus").wait_for()
    begun = time.monotonic()
    for tag in tags:
        scan(page, tag)
    expect(page.locator(".desk-things > li")).to_have_count(len(tags))
    on_table = time.monotonic() - begun
    scan(page, email)
    page.locator("[data-desk-go]:focus").wait_for()
    person = time.monotonic() - begun
    page.keyboard.press("Enter")
    page.locator("[data-desk-done]").wait_for()
    return on_table, person, time.monotonic() - begun


def take_back(page: Page, tags: list[str]) -> float:
    page.locator("#code:focus").wait_for()
    begun = time.monotonic()
    for tag in tags:
        scan(page, tag)
    expect(page.locator("input[name=piece]:checked")).to_have_count(len(tags))
    page.locator("[data-desk-go]").click()
    page.locator(".toast").wait_for()
    seconds = time.monotonic() - begun
    page.locator(".toast").wait_for(state="detached")
    return seconds


if __name__ == "__main__":
    sys.exit(figure(main))
