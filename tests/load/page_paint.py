"""How heavy each main page is, and when it is painted, in Chromium. Prints a table; exit status 1 where a page is above LIMIT_KB.

python -m tests.load.page_paint [--url http://127.0.0.1:8000] [--times 3] [--shots DIR --widths 360,768,1440]

Without --url a site of its own is brought up with the demo. Each page is opened by its person in a browser without a cache, 1440 px wide,
and scrolled through. `KB` is what came over the wire, compressed, in thousands of bytes; what only plots need (Plotly and the figures'
JSON) is in `plots`, and `unseen` is how much of that came before anybody scrolled. Judged is KB alone. FCP is the first contentful paint, TBT
the sum of what long tasks lasted above 50 ms from then on, CLS the layout shift: medians of --times openings, on this machine with the site
beside the browser. They are printed, not judged. --shots also takes pictures of every page in light and dark.
"""

import argparse
import os
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

from tests.browsing import launched
from tests.journeys.world import World
from tests.load.figures import figure, say, table

LIMIT_KB = 150
HOME = "/courses/demo/"
# Person -> pages. "A > B" opens A and follows its first link whose path fits the pattern B.
PAGES: dict[str, tuple[str, ...]] = {
    "": ("/", "/accounts/login/", HOME, "/docs/measurement/", "/devices/", "/status/"),
    "ruth.adeyemi": (
        HOME, f"{HOME}schedule/", f"{HOME}assignments/", f"{HOME}assignments/lab3/", f"{HOME}assignments/lab1/ > .*/runs/[0-9a-f-]{{36}}/",
        f"{HOME}grades/", f"{HOME}late-days/", f"{HOME}papers/", f"{HOME}participation/", f"{HOME}scribe/", f"{HOME}scribe/ > .*/scribe/\\d+/",
        f"{HOME}hardware/", f"{HOME}calendar/", f"{HOME}device-profiles/", f"{HOME}teams/", "/notifications/", "/notifications/settings/",
        "/accounts/profile/", "/accounts/tokens/",
    ),
    "amit.rosen": (
        f"{HOME}desk/", f"{HOME}assignments/report2/", f"{HOME}assignments/lab1/grade/", f"{HOME}grades/",
        f"{HOME}submissions/", f"{HOME}analytics/", f"{HOME}participation/entry/", f"{HOME}teams/", f"{HOME}hardware/", f"{HOME}hardware/loans/",
        f"{HOME}regrades/", f"{HOME}energy/", f"{HOME}assignments/lab1/analytics/",
    ),
    "helen.castell": (
        f"{HOME}people/", f"{HOME}schedule/", f"{HOME}assignments/lab1/edit/", f"{HOME}late-days/balances/", f"{HOME}papers/", f"{HOME}scribe/",
        f"{HOME}announcements/new/",
    ),
    "olu.bakare": ("/", "/status/", "/line/", "/new-course/"),
}  # fmt: skip
FEW = {
    "": ("/accounts/login/",),
    "ruth.adeyemi": (HOME, f"{HOME}grades/"),
    "amit.rosen": (f"{HOME}desk/", f"{HOME}analytics/"),
}
WATCH = """(() => {
  const seen = window.__paint = {tasks: [], shift: 0};
  const observe = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({type, buffered: true});
  observe("longtask", (task) => seen.tasks.push([task.startTime, task.duration]));
  observe("layout-shift", (one) => { seen.shift += one.hadRecentInput ? 0 : one.value; });
})()"""
NUMBERS = """() => {
  const fcp = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
  const tbt = __paint.tasks.reduce((ms, [at, lasted]) => ms + (at + lasted > fcp ? lasted - 50 : 0), 0);
  return {fcp, tbt, cls: __paint.shift};
}"""
SCROLL = """async () => {
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight)
    await new Promise((done) => { scrollTo({top: y, behavior: "instant"}); setTimeout(done, 60); });
  scrollTo({top: 0, behavior: "instant"});
}"""


class NotThere(Exception):
    """A page of the list is not where it was, or does not answer 200."""


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--url")
    words.add_argument("--times", type=int, default=3)
    words.add_argument("--shots", type=Path)
    words.add_argument("--widths", default="360,768,1440")
    asked = words.parse_args()
    with site(asked.url) as url, launched() as browser:
        rows = list(painted(browser, url, PAGES, asked.times))
        if asked.shots:
            shoot(browser, url, asked.shots, [int(width) for width in asked.widths.split(",")])
    heavy = [row["page"] for row in rows if row["kb"] > LIMIT_KB]
    gone = [row["missing"] for row in rows if row["missing"]]
    say(f"{len(rows)} pages, the heaviest {max(row['kb'] for row in rows):.0f} KB without plots; limit {LIMIT_KB} KB")
    say(f"NOT under it: {', '.join(heavy)}" if heavy else "all under it")
    say(f"not measured: {'; '.join(gone)}" if gone else "every page of the list was measured")
    return int(bool(heavy or gone))


@contextmanager
def site(url: str | None) -> Iterator[str]:
    if url:
        yield url.rstrip("/")
        return
    with tempfile.TemporaryDirectory(prefix="milliamp-paint-") as folder:
        world = World(Path(folder) / "data")
        try:
            world.wait_healthy(300)
            yield world.url
        finally:
            world.stop()


def painted(browser: Browser, url: str, pages: dict[str, tuple[str, ...]], times: int) -> Iterator[dict[str, Any]]:
    """One row a page, printed as it comes. A page that is not there gets a row with its reason in `missing`."""
    line = table(
        "who|14", "page|<48", "KB|.0f", "plots|.0f", "unseen|.0f", "requests|.0f", "FCP ms|.0f", "TBT ms|.0f", "CLS|.3f"
    )
    for person, paths in pages.items():
        state = signed_in(browser, url, person)
        for path in paths:
            try:
                row = row_of(browser, url, state, path, times) | {"who": person}
            except NotThere as missing:
                say(f"{person.partition('.')[0] or 'visitor':14}{missing}")
                yield {"who": person, "page": path, "kb": 0, "missing": str(missing)}
                continue
            who = person.partition(".")[0] or "visitor"
            line(who, row["page"], *(row[key] for key in ("kb", "plots", "unseen", "requests", "fcp", "tbt", "cls")))
            yield row


def row_of(browser: Browser, url: str, state: Any, path: str, times: int) -> dict[str, Any]:
    """The medians of so many openings. Raises NotThere."""
    with opened(browser, url, state) as context:
        found = address(context, url, path)
    several = [measured(browser, url, state, found) for _ in range(times)]
    medians = {key: statistics.median(one[key] for one in several) for key in several[0]}
    return medians | {"page": found[:47], "missing": ""}


def signed_in(browser: Browser, url: str, person: str) -> Any:
    """The cookies of that person of the demo, by the button of the sign-in page."""
    with opened(browser, url, None) as context:
        if person:
            page = context.new_page()
            page.goto(f"{url}/accounts/login/")
            page.locator(f'[data-demo-account^="{person}"]').first.click()
            page.wait_for_url(lambda now: "/accounts/login/" not in now)
        return context.storage_state()


@contextmanager
def opened(browser: Browser, url: str, state: Any, **how: Any) -> Iterator[BrowserContext]:
    context = browser.new_context(storage_state=state, **({"viewport": {"width": 1440, "height": 900}} | how))
    context.set_default_timeout(90_000)  # the machine may be shared
    context.add_init_script(WATCH)
    yield context
    context.close()


def address(context: BrowserContext, url: str, path: str) -> str:
    start, _, pattern = path.partition(" > ")
    if not pattern:
        return start
    page = context.new_page()
    page.goto(url + start)
    links = page.eval_on_selector_all("a[href]", "all => all.map((a) => a.href)")
    found = [urlsplit(link).path for link in links if re.fullmatch(pattern, urlsplit(link).path)]
    if not found:
        raise NotThere(f"no link like {pattern} on {start}")
    return found[0]


def measured(browser: Browser, url: str, state: Any, path: str) -> dict[str, float]:
    with opened(browser, url, state) as context:
        page = context.new_page()
        sent = Sent(page)
        answer = page.goto(url + path, wait_until="load")
        if answer is None or answer.status != 200:
            raise NotThere(f"{path} answers {answer and answer.status}")
        page.wait_for_load_state("networkidle")
        numbers: dict[str, float] = page.evaluate(NUMBERS)
        unseen = sent.plots
        page.evaluate(SCROLL)
        page.wait_for_load_state("networkidle")
        return numbers | {
            "kb": sent.rest / 1000, "plots": sent.plots / 1000, "unseen": unseen / 1000, "requests": len(sent.names),
        }  # fmt: skip


class Sent:
    """Bytes on the wire of one page, heads included, as the browser's own protocol counts them."""

    def __init__(self, page: Page) -> None:
        self.names: dict[str, str] = {}
        self.plots = self.rest = 0
        line = page.context.new_cdp_session(page)
        line.send("Network.enable")
        line.on(
            "Network.requestWillBeSent", lambda told: self.names.update({told["requestId"]: told["request"]["url"]})
        )
        line.on("Network.loadingFinished", self.count)

    def count(self, told: dict[str, Any]) -> None:
        path = urlsplit(self.names.get(told["requestId"], "")).path
        size = int(told["encodedDataLength"])
        if "/vendor/plotly" in path or re.search(r"/figures/[^/]+\.json$", path):
            self.plots += size
        else:
            self.rest += size


def shoot(browser: Browser, url: str, folder: Path, widths: list[int]) -> None:
    """Every page in every width, light and dark, cut at 4000 px; a line for each that is wider than its window."""
    folder.mkdir(parents=True, exist_ok=True)
    for person, paths in PAGES.items():
        state = signed_in(browser, url, person)
        with opened(browser, url, state) as context:
            page = context.new_page()
            for path in paths:
                with opened(browser, url, state) as other:
                    page.goto(url + address(other, url, path))
                page.evaluate(SCROLL)
                for width in widths:
                    page.set_viewport_size({"width": width, "height": 900})
                    over = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
                    if over > 0:
                        print(f"{person or 'visitor'} {path} at {width}: {over} px too wide", flush=True)
                    for theme in ("light", "dark"):
                        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
                        name = re.sub(r"\W+", "-", f"{person}{page.url.removeprefix(url)}").strip("-")
                        page.screenshot(
                            path=folder / f"{name}-{width}-{theme}.png", clip=clip(page, width), full_page=True
                        )


def clip(page: Page, width: int) -> Any:
    height = page.evaluate("() => document.documentElement.scrollHeight")
    return {"x": 0, "y": 0, "width": width, "height": min(height, 4000)}


if __name__ == "__main__":
    os.environ.setdefault("COUNT_INSTRUCTIONS", "0")
    sys.exit(figure(main))
