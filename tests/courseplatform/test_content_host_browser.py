"""Two host names in a real browser: pages show what lies on the other host, and a page that was handed in as a file runs nowhere."""

from contextlib import suppress

import pytest
from django.core.files.base import ContentFile
from playwright.sync_api import Error, expect

from courseplatform.core.content import serving
from courseplatform.core.content.links import given_of
from hardware.models import Product
from tests.courseplatform.scribe.builders import png
from tests.grading.notes.reports import LINES, report_of
from tests.hardware.inventory.builders import stock_objects

pytestmark = [pytest.mark.part("chromium"), pytest.mark.django_db(transaction=True)]
DRAWN = ".report-page[data-page='1'] canvas"
# It would tell that it ran, and take what the site shows to whoever looks.
SCRIPT = "document.title = 'it ran'; fetch('/courses/odml/?it-ran', {credentials: 'include'})"
PAGE = f'<!doctype html><title>a report</title><script>{SCRIPT}</script><img src=x onerror="{SCRIPT}">'.encode()
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{SCRIPT}"><script>{SCRIPT}</script></svg>'.encode()


@pytest.fixture
def cast(cast, settings, live_server):
    settings.ALLOWED_HOSTS = ["*"]
    port = live_server.url.rpartition(":")[2]
    settings.CONTENT_URL = f"http://files.localhost:{port}"
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    more = {name: [*directives[name], settings.CONTENT_URL] for name in ("img-src", "connect-src")}
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": directives | more}
    return cast


@pytest.fixture
def open_as(page_of):
    def opened(person):
        page, asked = page_of(person), []
        page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 Playwright marks what it is given
        page.asked = asked
        return page

    return opened


def to_files(page):
    return [request for request in page.asked if "//files.localhost" in request.url]


def test_the_viewer_of_the_site_draws_a_report_from_the_other_host(open_as, cast, tmp_path):
    page = open_as(cast.ruth)
    page.goto(report_of(cast, cast.ruth, tmp_path).get_absolute_url())
    expect(page.locator(DRAWN)).to_be_visible()
    expect(page.locator(".report-page[data-page='1'] .textLayer")).to_contain_text(LINES[0])
    assert to_files(page) and page.wrong == []
    assert all(
        "cookie" not in request.all_headers() and "referer" not in request.all_headers() for request in to_files(page)
    )


def test_pictures_of_a_page_come_from_the_other_host_and_no_other_site_gets_them(open_as, cast):
    product = Product.objects.get(pk=stock_objects(cast)["<int:product>"])
    product.picture_type = "image/png"
    product.picture.save("x", ContentFile(png()))
    page = open_as(cast.helen)
    page.goto(f"/courses/odml/hardware/products/{product.pk}/")
    picture = page.locator(".product-picture")
    expect(picture).to_be_visible()
    assert picture.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0 and page.wrong == []
    link = to_files(page)[0].url
    page.route(
        "http://evil.example/", lambda route: route.fulfill(body="<title>evil</title>", content_type="text/html")
    )
    page.goto("http://evil.example/")
    tries = """async (link) => [
      await new Promise((done) => { const img = new Image(); img.onload = () => done("shown"); img.onerror = () => done("refused"); img.src = link; }),
      await fetch(link).then(() => "read", () => "refused"),
    ]"""
    assert page.evaluate(tries, link) == ["refused", "refused"]


@pytest.mark.parametrize("content", [PAGE, SVG], ids=["html", "svg"])
def test_a_page_that_was_handed_in_as_a_report_runs_nowhere(open_as, cast, tmp_path, content):
    """The bytes lie there already, as if every check at the door had failed."""
    piece = report_of(cast, cast.ruth, tmp_path)
    with piece.file.storage.open(piece.file.name, "wb") as file:
        file.write(content)
    page = open_as(cast.helen)
    page.goto(piece.get_absolute_url())
    expect(page.locator("[data-report-broken]")).to_be_visible()
    for name in ("pdf", "file", "report"):
        with suppress(Error):  # a download ends the navigation
            page.goto(f"{piece.get_absolute_url()}{name}/")
        page.wait_for_timeout(300)
        assert page.title() != "it ran"
    assert not [request.url for request in page.asked if "it-ran" in request.url]


def test_the_same_page_shown_as_a_page_still_runs_no_script_and_has_no_origin(open_as, cast, tmp_path, monkeypatch):
    """Were the type wrong too, the sandbox of the answer still holds."""
    piece = report_of(cast, cast.ruth, tmp_path)
    with piece.file.storage.open(piece.file.name, "wb") as file:
        file.write(PAGE)
    monkeypatch.setattr(serving, "is_shown", lambda given: True)
    monkeypatch.setattr(serving, "given_of", lambda file, **of: given_of(file, **(of | {"media_type": "text/html"})))
    page = open_as(cast.helen)
    page.goto(f"{piece.get_absolute_url()}file/")
    assert page.url.startswith("http://files.localhost") and page.title() == "a report"
    with pytest.raises(Error, match="sandboxed and lacks the 'allow-same-origin' flag"):
        page.evaluate("document.cookie")
    assert not [request.url for request in page.asked if "it-ran" in request.url]
