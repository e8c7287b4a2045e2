"""The pictures of the documents, taken from the demo course: `python docs/screenshots.py http://127.0.0.1:8000`.

The site must have been started with the demo and have measured its hand-ins. Each picture is what one account sees at one address, as AVIF in
docs/img, small enough that a page of ten of them comes over a phone's line. Run it after a page has changed, and look at what `git diff --stat` names.
"""

import base64
import io
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).resolve().parent / "img"
WIDTH, HEIGHT, SCALE = 1100, 720, 1.25
# As wide as the column of a document on a large screen; quality is what Pillow calls so.
MOST_WIDTH, MOST_BYTES, QUALITY, LEAST_QUALITY = 880, 25 << 10, 50, 38
PHONE = (390, 780)
COURSE = "/courses/demo"


@dataclass(frozen=True)
class Shot:
    """One picture.

    Attributes:
        account: the beginning of the demo account's address; empty for a visitor.
        follow: a selector of links, the first of which is opened from `path`.
        scroll_to: a selector that stands at the top of the picture.
    """

    name: str
    account: str
    path: str
    follow: tuple[str, ...] = ()
    scroll_to: str = ""
    size: tuple[int, int] = (WIDTH, HEIGHT)


SHOTS = (
    Shot("sign-in", "", "/accounts/login/"),
    Shot("course-home", "ruth", f"{COURSE}/"),
    Shot("schedule", "ruth", f"{COURSE}/schedule/"),
    Shot("lab", "sofia", f"{COURSE}/assignments/lab1/"),
    Shot("receipt", "ruth", f"{COURSE}/assignments/sharing/", ("main a[href*='/receipts/']",)),
    Shot("result", "ruth", f"{COURSE}/assignments/lab2/", ("main a[href*='/runs/']",)),
    Shot("result-layers", "ruth", f"{COURSE}/assignments/lab2/", ("main a[href*='/runs/']",), scroll_to="#layers"),
    Shot("late-days", "daniel", f"{COURSE}/late-days/"),
    Shot("my-grades", "ruth", f"{COURSE}/grades/"),
    Shot("team", "ruth", f"{COURSE}/team/magpie/"),
    Shot("papers", "ruth", f"{COURSE}/papers/"),
    Shot("desk-board", "amit", f"{COURSE}/desk/"),
    Shot("desk", "amit", f"{COURSE}/assignments/lab1/desk/"),
    Shot("submissions", "amit", f"{COURSE}/submissions/"),
    Shot("participation-phone", "amit", f"{COURSE}/participation/entry/", size=PHONE),
    Shot("gradebook", "helen", f"{COURSE}/grades/"),
    Shot("release", "helen", f"{COURSE}/assignments/lab1/grades/release/"),
    Shot("analytics", "helen", f"{COURSE}/assignments/lab1/analytics/"),
    Shot("rubric", "helen", f"{COURSE}/assignments/lab1/rubric/"),
    Shot("late-balances", "helen", f"{COURSE}/late-days/balances/"),
    Shot("new-course", "helen", "/new-course/"),
    Shot("hardware", "helen", f"{COURSE}/hardware/"),
    Shot("loan-desk-phone", "amit", f"{COURSE}/hardware/desk/", size=PHONE),
    Shot("line", "olu", "/line/"),
)  # fmt: skip


def page_of(browser: Browser, site: str, shot: Shot) -> Page:
    width, height = shot.size
    page = browser.new_page(
        base_url=site, viewport={"width": width, "height": height}, device_scale_factor=SCALE, color_scheme="light", reduced_motion="reduce"
    )  # fmt: skip
    if shot.account:
        page.goto("/accounts/login/")
        page.click(f'[data-demo-account^="{shot.account}"]')
    answer = page.goto(shot.path)
    if answer is None or not answer.ok:
        raise SystemExit(f"{shot.name}: {shot.path} answered {answer and answer.status}")
    for links in shot.follow:
        page.goto(page.locator(links).first.get_attribute("href", timeout=5000) or "")
    if shot.scroll_to:
        page.locator(shot.scroll_to).first.scroll_into_view_if_needed(timeout=5000)
        page.locator(shot.scroll_to).first.evaluate("element => element.scrollIntoView({block: 'start'})")
    page.wait_for_load_state("networkidle")
    return page


def take(browser: Browser, site: str, shot: Shot) -> Path:
    page = page_of(browser, site, shot)
    found = page.context.new_cdp_session(page).send("Page.captureScreenshot", {"format": "png"})
    page.close()
    with Image.open(io.BytesIO(base64.b64decode(found["data"]))) as taken:
        return written(shot.name, taken)


def written(name: str, taken: Image.Image) -> Path:
    """The picture in docs/img: a little coarser where a page full of small text would be larger than MOST_BYTES."""
    picture = taken.convert("RGB")
    if picture.width > MOST_WIDTH:
        picture = picture.resize(
            (MOST_WIDTH, round(picture.height * MOST_WIDTH / picture.width)), Image.Resampling.LANCZOS
        )
    for quality in range(QUALITY, LEAST_QUALITY - 1, -4):
        picture.save(held := io.BytesIO(), "AVIF", quality=quality)
        if held.tell() <= MOST_BYTES:
            break
    path = FOLDER / f"{name}.avif"
    path.write_bytes(held.getvalue())
    return path


def main() -> None:
    site, wanted = sys.argv[1].rstrip("/"), set(sys.argv[2:])
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        program = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        for shot in SHOTS:
            if not wanted or shot.name in wanted:
                path = take(browser, site, shot)
                print(f"{shot.name:22} {path.stat().st_size / 1024:6.0f} KiB", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
