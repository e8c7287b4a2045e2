"""Chromium for tests: started once for many, and what a test does with it in more than one place."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.parts import chromium_path

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
# How long a test waits before it calls something missing, not how fast a page is: another lane's tests share the machine.
EXPECT_MS, STEP_MS = 20_000, 120_000


@contextmanager
def launched(*more: str, **how: Any) -> Iterator[Browser]:
    """A browser with these arguments too. While it is open an event loop runs in this thread: asyncio.run refuses to."""
    expect.set_options(timeout=EXPECT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*ARGUMENTS, *more], **how)
        yield browser
        browser.close()


@contextmanager
def windows(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens pages of the site at that address, for a person or a visitor. In the end all that the browser knew of them is gone.

    Each is a context of its own, so that no test and no person sees another's cookies, storage and workers. `page.wrong`
    collects what went wrong in it, in the windows that it opens too.
    """

    def opened(person: Any = None, width: int = 1280, height: int = 900, **how: Any) -> Page:
        context = browser.new_context(base_url=address, viewport={"width": width, "height": height}, **how)
        context.set_default_timeout(STEP_MS)
        if person:
            sign_in(context, person, address)
        wrong: list[str] = []
        context.on("weberror", lambda failed: wrong.append(str(failed.error)))
        context.on("console", lambda said: said.type == "error" and wrong.append(f"{said.text} {said.location['url']}"))
        page = context.new_page()
        page.wrong = wrong  # type: ignore[attr-defined]
        return page

    yield opened
    for context in browser.contexts:
        context.close()


def sign_in(context: BrowserContext, person: Any, address: str) -> None:
    """From now on it is this person's, without the page to sign in on. A session for each: another one's would end."""
    from django.test import Client

    client = Client()
    client.force_login(person)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}])


def wrong_but(page: Any, *meant: str) -> list[str]:
    """What went wrong, without what the test is about: whatever has one of these words in it."""
    return [said for said in page.wrong if not any(word in said for word in meant)]


def axe_finds(page: Page) -> list[tuple[str, list[str]]]:
    """The rules that the page breaks, with the first elements that do."""
    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in found]


def shot(page: Page, name: str) -> None:
    """A picture of the whole page for whoever looks at it, where MILLIAMP_SHOTS names a folder."""
    if folder := os.environ.get("MILLIAMP_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
