"""What a scanned code says, and the camera of a browser that reads a printed label."""

import pytest

from courseplatform.core.errors import AppError
from hardware.inventory.stock.scanning import read_code
from tests.hardware.inventory.builders import BASE, items_of, product_of


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


@pytest.mark.part("chromium")
@pytest.mark.django_db(transaction=True)
def test_a_label_before_the_camera_opens_its_item(cast, page_of):
    items_of(cast, product_of(cast), "PI-01")
    page = page_of(cast.amit, 360, 740)
    page.goto(f"{BASE}scan/")
    page.click("[data-camera-start]")
    page.wait_for_url(f"**{BASE}items/PI-01/", timeout=30_000)
    assert "PI-01" in page.inner_text("h1")
    assert page.wrong == []
