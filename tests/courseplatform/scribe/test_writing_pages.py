"""Writing notes in the browser: nothing typed is lost, what is refused says why, imports change all or nothing."""

import json
import re

import pytest

from courseplatform.scribe.models import NoteImage, NoteVersion, Status
from tests.courseplatform.scribe.builders import (
    BASE,
    TEXT,
    edit,
    now_of,
    png,
    saved,
    upload,
    zipped,
)

pytestmark = pytest.mark.django_db


# -- writing ------------------------------------------------------------------------------------------------------------


def test_the_editor_works_without_a_script(ruth, duty):
    response = edit(ruth, duty, TEXT)
    assert response.status_code == 302
    page = ruth.get(f"{BASE}{duty.pk}/edit/").content.decode()
    assert "<math" in page
    assert "# Quantization" in page
    assert edit(ruth, duty, TEXT, "hand_in").status_code == 302
    assert now_of(duty).status == Status.HANDED_IN


def test_a_preview_saves_nothing_and_shows_what_was_typed(ruth, duty):
    page = edit(ruth, duty, "# New $x$", "preview").content.decode()
    assert '<h2 data-line="1">New <math' in page
    assert "not saved yet" in page
    assert now_of(duty).text == ""


def test_the_live_preview_is_a_part_of_the_page(ruth, duty):
    response = ruth.post(f"{BASE}{duty.pk}/edit/preview/", {"text": "# A\r\n\r\n<script>alert(1)</script> $x$"})
    html = response.content.decode()
    assert "<html" not in html
    assert "<script" not in html
    assert "<math" in html
    assert "Checked by itself" in html


@pytest.mark.parametrize("text", ["a" * 200_000, "[" * 90_000, "$" * 90_000, "\0", "$\\frac{a$", "> " * 9000])
def test_a_preview_answers_whatever_is_typed(ruth, duty, text):
    assert ruth.post(f"{BASE}{duty.pk}/edit/preview/", {"text": text}).status_code == 200


def test_saving_by_itself_answers_with_the_next_edition(ruth, duty):
    answer = ruth.post(f"{BASE}{duty.pk}/edit/save/", {"text": "a", "edition": "0"})
    assert json.loads(answer.content)["edition"] == 1
    clash = ruth.post(f"{BASE}{duty.pk}/edit/save/", {"text": "b", "edition": "0"})
    assert clash.status_code == 409
    assert json.loads(clash.content)["error"]["code"] == "edited_meanwhile"


def test_who_saves_second_sees_both_texts_and_chooses(cast, client, duty):
    saved(cast, duty, "Ruth's text")
    client.force_login(cast.daniel)
    response = edit(client, duty, "Daniel's text", edition=0)
    page = response.content.decode()
    assert response.status_code == 409
    assert "Ruth&#x27;s text" in page
    assert "Daniel&#x27;s text" in page
    assert now_of(duty).text == "Ruth's text"
    edition = re.search(r'name="edition" value="(\d+)"', page)[1]
    edit(client, duty, "Daniel's text", "mine", edition)
    assert now_of(duty).text == "Daniel's text"
    assert NoteVersion.objects.get(duty=duty).text == "Ruth's text"


def test_who_takes_the_saved_text_finds_the_own_one_kept(cast, client, duty):
    saved(cast, duty, "Ruth's text")
    client.force_login(cast.daniel)
    edit(client, duty, "Daniel's text", "theirs", 1)
    assert now_of(duty).text == "Ruth's text"
    kept = NoteVersion.objects.get(duty=duty)
    assert "Daniel&#x27;s text" in client.get(f"{BASE}{duty.pk}/edit/texts/{kept.pk}/").content.decode()


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [("a" * 150_000, 413, "markdown_too_large"), ("a\0b", 422, "nul_byte"), ("[" * 50_000, 422, "markdown_too_dense")],
)
def test_a_text_that_is_refused_stays_on_the_page(ruth, duty, text, status, code):
    response = edit(ruth, duty, text)
    page = response.content.decode()
    assert response.status_code == status
    assert code in page
    assert text[:40].replace("\0", "\ufffd") in page
    assert now_of(duty).text == ""


def test_a_note_of_five_megabytes_is_told_its_limit(ruth, duty):
    response = edit(ruth, duty, "a" * (5 << 20))
    assert response.status_code == 413
    assert "form_too_large" in response.content.decode()


def test_an_image_is_attached_shown_and_taken_out(ruth, duty):
    url = f"{BASE}{duty.pk}/edit/images/"
    assert ruth.post(url, {"image": upload("a.png", png()), "name": "fig/a.png"}).status_code == 302
    image = NoteImage.objects.get()
    edit(ruth, duty, "![x](fig/a.png)")
    assert image.get_absolute_url() in ruth.get(f"{BASE}{duty.pk}/edit/").content.decode()
    shown = ruth.get(image.get_absolute_url())
    assert (shown["Content-Type"], shown["X-Content-Type-Options"]) == ("image/png", "nosniff")
    assert shown["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert b"".join(shown.streaming_content) == png()
    ruth.post(f"{url}{image.pk}/remove/")
    assert "(no image fig/a.png is attached)" in ruth.get(f"{BASE}{duty.pk}/edit/").content.decode()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.png", b"<html><script>alert(1)</script>", "not_an_image"),
        ("a.svg", b"<svg/>", "svg_refused"),
        ("a.png", png() + b"\0" * (5 << 20), "file_too_large"),
    ],
)
def test_what_is_no_image_is_refused_as_page_and_as_json(ruth, duty, name, content, code):
    url = f"{BASE}{duty.pk}/edit/images/"
    page = ruth.post(url, {"image": upload(name, content)})
    assert page.status_code in (413, 422)
    assert code in page.content.decode()
    answer = ruth.post(url, {"image": upload(name, content)}, headers={"Accept": "application/json"})
    assert json.loads(answer.content)["error"]["code"] == code
    assert ruth.post(url, {}, headers={"Accept": "application/json"}).status_code == 422


# -- import -------------------------------------------------------------------------------------------------------------


def test_a_zip_of_a_pull_request_is_imported(ruth, duty):
    content = zipped({"note.md": "# A\n\n![x](fig/a.png)", "fig/a.png": png()})
    data = {
        "file": upload("pr.zip", content),
        "pull_request": "https://github.com/mit-han-lab/x/pull/31",
        "commit": "4BE27D1",
    }
    assert ruth.post(f"{BASE}{duty.pk}/edit/import/", data).status_code == 302
    row = now_of(duty)
    assert (row.pull_request, row.commit, row.file_name, row.images.count()) == (31, "4be27d1", "note.md", 1)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({}, "no_text"),
        ({"pasted": "a", "pull_request": "abc"}, "bad_pull_request"),
        ({"pasted": "a", "commit": "zzz"}, "bad_commit"),
        ({"file": ("x.zip", zipped({"../x.md": "a"}))}, "unsafe_path"),
        ({"file": ("x.zip", zipped({"x.md": b"\0" * (50 << 20)}))}, "zip_bomb"),
        ({"file": ("x.zip", b"PK nothing")}, "not_a_zip"),
        ({"file": ("x.md", b"a\0b")}, "nul_byte"),
        ({"file": ("x.md", "a".encode("utf-16"))}, "not_utf8"),
        ({"file": ("x.md", b"a" * (5 << 20))}, "markdown_too_large"),
        ({"file": ("x.md", b"\xff\xd8\xff")}, "not_utf8"),
    ],
)
def test_an_import_that_cannot_be_taken_says_why_and_changes_nothing(cast, ruth, duty, data, code):
    saved(cast, duty, "before")
    sent = {key: upload(*value) if isinstance(value, tuple) else value for key, value in data.items()}
    response = ruth.post(f"{BASE}{duty.pk}/edit/import/", sent)
    assert response.status_code in (413, 422)
    assert code in response.content.decode()
    assert now_of(duty).text == "before"


def test_staff_may_import_for_the_scribes(amit, duty):
    assert amit.post(f"{BASE}{duty.pk}/edit/import/", {"pasted": "# A"}).status_code == 302
    assert now_of(duty).text == "# A"
