"""What a scanned code says, and the camera of a browser that reads a printed label."""

import pytest
import segno
from PIL import Image
from playwright.sync_api import sync_playwright

from courseplatform.core.errors import AppError
from hardware.inventory.stock.scanning import read_code
from tests.hardware.inventory.builders import BASE, items_of, product_of
from tests.parts import chromium_path
from tests.people import make_cast


@pytest.mark.parametrize(
    ("text", "tag"),
    [("https://m.example.edu/t/odml/PI-07", "PI-07"), ("http://127.0.0.1:8000/t/odml/pi-07/", "PI-07"), ("/t/odml/PI-07", "PI-07"),
     ("https://Old.Example.EDU:444/t/odml/PI-07", "PI-07"), ("http://[::1]:8000/t/odml/PI-07", "PI-07"), (" pi-07 ", "PI-07")],
)  # fmt: skip
def test_our_address_and_a_bare_tag_are_read(settings, text, tag):
    """The host of SITE_URL, and those that ALLOWED_HOSTS names: a name that the site had before stays there, and its labels are read."""
    settings.SITE_URL, settings.ALLOWED_HOSTS = "https://m.example.edu", ["old.example.edu", "127.0.0.1", "[::1]"]
    assert read_code(text, "odml") == tag


@pytest.mark.parametrize(
    ("text", "code"),
    [("https://testserver/t/other/PI-07", "other_stockroom"), ("https://m.example.edu/t/odml/PI-07", "other_site"),
     ("https://testserver@m.example.edu/t/odml/PI-07", "other_site"), ("http://:80/t/odml/PI-07", "other_site"), ("http://[/t/odml/PI-07", "other_site"),
     ("https://evil.example/pay?me", "foreign_code"), ("WIFI:S:campus;T:WPA;;", "foreign_code"),
     ("4006381333931004006381333931", "foreign_code"), ("", "bad_tag"), ("PI 07", "bad_tag"), ("\x00", "bad_tag"), ("x" * 5000, "foreign_code")],
)  # fmt: skip
def test_a_code_that_is_not_ours_is_named_for_what_it_is(text, code):
    with pytest.raises(AppError) as caught:
        read_code(text, "odml")
    assert caught.value.code == code


@pytest.mark.django_db
def test_the_page_takes_a_typed_tag_and_says_what_a_foreign_code_is(cast, client):
    items_of(cast, product_of(cast), "PI-07")
    client.force_login(cast.amit)
    assert client.post(f"{BASE}scan/", {"code": "pi-07"}).headers["Location"] == f"{BASE}items/PI-07/"
    for code, status in (("https://evil.example/x", 422), ("PI-99", 404), ("", 422)):
        answer = client.post(f"{BASE}scan/", {"code": code})
        assert answer.status_code == status and "error-box" in answer.content.decode(), code


@pytest.mark.django_db
def test_only_the_page_that_scans_may_ask_for_the_camera(cast, client):
    items_of(cast, product_of(cast), "PI-07")
    client.force_login(cast.amit)
    assert "camera=(self)" in client.get(f"{BASE}scan/")["Permissions-Policy"]
    assert "camera=()" in client.get(BASE)["Permissions-Policy"]
    assert "wasm" not in client.get(f"{BASE}scan/")["Content-Security-Policy"]


def film(path, address, frames=12):
    """A film of a label that lies a little turned in front of a camera, as Chromium's false camera plays it."""
    code = Image.new("L", (260, 260), 255)
    matrix = segno.make(address, error="m", micro=False).matrix
    one = 220 // len(matrix)
    for y, row in enumerate(matrix):
        for x, dark in enumerate(row):
            code.paste(0 if dark else 255, (20 + x * one, 20 + y * one, 20 + (x + 1) * one, 20 + (y + 1) * one))
    scene = Image.new("L", (640, 480), 90)
    scene.paste(code.rotate(7, expand=True, fillcolor=90, resample=Image.Resampling.BICUBIC), (180, 90))
    grey, colour = scene.tobytes(), bytes([128]) * (640 * 480 // 2)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + (b"FRAME\n" + grey + colour) * frames)
    return path


@pytest.mark.part("chromium")
@pytest.mark.django_db(transaction=True)
def test_a_label_before_the_camera_opens_its_item(client, settings, tmp_path, live_server):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    cast = make_cast()
    items_of(cast, product_of(cast), "PI-07")
    client.force_login(cast.amit)
    label = film(tmp_path / "label.y4m", f"{live_server.url}/t/odml/PI-07")
    camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={label}"]  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu", *camera])  # fmt: skip
        context = browser.new_context(base_url=live_server.url, viewport={"width": 360, "height": 740})
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page, said = context.new_page(), []
        page.on("console", lambda message: said.append(message.text))
        page.goto(f"{BASE}scan/")
        page.click("[data-camera-start]")
        page.wait_for_url(f"**{BASE}items/PI-07/", timeout=30_000)
        assert "PI-07" in page.inner_text("h1")
        assert [text for text in said if "Content Security Policy" in text or "Error" in text] == []
        browser.close()
