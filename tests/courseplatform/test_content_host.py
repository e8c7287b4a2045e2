"""Uploaded files on a host of their own: links that nobody can alter, headers that let nothing run, and no page of the site."""

import re
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from courseplatform import env
from courseplatform.audit.models import AuditRow
from courseplatform.checks import content_host
from courseplatform.core.content import links, serving
from tests.courseplatform.accounts.builders import headers_of
from tests.grading.handing_in.parts import piece_of
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db
FILES, SITE = "files.example.edu", "http://testserver"


@pytest.fixture
def two_hosts(settings):
    settings.CONTENT_URL = f"http://{FILES}"
    settings.ALLOWED_HOSTS = ["testserver", FILES]


@pytest.fixture
def model(cast, tmp_path):
    return hand_in(cast, cast.ruth, onnx_like(tmp_path))


@pytest.fixture
def report(cast, tmp_path):
    return piece_of(cast, cast.ruth, tmp_path)


def address(name, piece):
    return reverse(f"grading:{name}", args=[piece.assignment.course.slug, piece.pk])


def link_for(client, person, where, **headers):
    client.force_login(person)
    answer = client.get(where, **headers)
    assert answer.status_code == 302, answer.status_code
    return answer["Location"]


def follow(client, link, host=FILES, method="get", **headers):
    client.cookies.clear()
    return getattr(client, method)(urlsplit(link).path, headers={"Host": host} | headers)


def body_of(answer):
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_a_page_leads_to_the_file_on_the_other_host(client, cast, report, two_hosts):
    link = link_for(client, cast.ruth, address("piece_file", report))
    assert urlsplit(link).netloc == FILES and report.file.name not in link
    answer = follow(client, link)
    assert body_of(answer) == report.file.open("rb").read()
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer["Cache-Control"] == "private, no-store" and answer["Referrer-Policy"] == "no-referrer"
    assert not answer.cookies


def test_the_link_itself_is_kept_nowhere(client, cast, report, two_hosts):
    client.force_login(cast.ruth)
    answer = client.get(address("piece_file", report))
    assert answer["Cache-Control"] == "private, no-store" and answer["Referrer-Policy"] == "no-referrer"


def test_a_link_that_was_altered_opens_nothing(client, cast, report, two_hosts):
    link = link_for(client, cast.ruth, address("piece_file", report))
    given = links.read_link(link.rpartition("/")[2])
    forged = signing.TimestampSigner(salt="another").sign_object(
        ["accounts.User", "1", "password", "a", "text/html", True, SITE]
    )
    for other in (link[:-1] + ("A" if link[-1] != "A" else "B"), link.replace("/content/", "/content/x"), f"http://{FILES}/content/{forged}",
                  f"http://{FILES}/content/" + "A" * 9000, f"http://{FILES}/content/"):  # fmt: skip
        assert follow(client, other).status_code == 404
    assert (given.media_type, given.is_inline) == ("application/octet-stream", False)


def test_a_link_ends_after_five_minutes_and_says_what_to_do(client, cast, report, two_hosts, monkeypatch):
    link = link_for(client, cast.ruth, address("piece_file", report))
    monkeypatch.setattr(links, "LINK_LASTS_S", -1)
    answer = follow(client, link)
    assert answer.status_code == 410 and "Open the file again from its page" in answer.content.decode()
    assert follow(client, link, Accept="application/json").json()["error"]["code"] == "link_over"


def test_a_file_that_was_deleted_meanwhile_is_not_given(client, cast, model, two_hosts):
    link = link_for(client, cast.ruth, f"/api/v1/submissions/{model.pk}/file")
    type(model).objects.filter(pk=model.pk).update(model_file="")
    assert follow(client, link).status_code == 404


def test_who_may_not_have_the_file_gets_no_link(client, cast, report, two_hosts):
    for person in (cast.daniel, cast.lena, cast.oscar, cast.olu):
        client.force_login(person)
        assert client.get(address("piece_file", report)).status_code == 404


def test_the_other_host_answers_nothing_else(client, cast, two_hosts, settings):
    client.force_login(cast.helen)
    for path in (
        "/",
        "/healthz",
        "/accounts/login/",
        f"/courses/{cast.course.slug}/",
        "/api/v1/me",
        "/static/css/base.css",
        "/content",
    ):
        for host in (FILES, f"{FILES}:8443", f"{FILES}.", FILES.upper()):
            answer = client.get(path, headers={"Host": host})
            assert answer.status_code == 404 and "There is no page here" in answer.content.decode(), (path, host)
            assert not answer.cookies
    assert client.post("/content/x", headers={"Host": FILES}).status_code == 405


def test_the_site_never_answers_as_the_other_host(client, cast, report, two_hosts):
    link = link_for(client, cast.ruth, address("piece_file", report))
    assert client.get(urlsplit(link).path).status_code == 404


def test_without_a_host_of_its_own_the_site_gives_the_file_itself(client, cast, report):
    client.force_login(cast.ruth)
    answer = client.get(address("piece_file", report))
    assert answer.status_code == 200 and body_of(answer) == report.file.open("rb").read()
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_a_pdf_for_the_browsers_viewer_may_be_framed_by_the_site_alone(client, cast, report, two_hosts):
    answer = follow(client, link_for(client, cast.ruth, address("piece_pdf", report)))
    assert answer["Content-Type"] == "application/pdf" and answer["Content-Disposition"].startswith("inline")
    assert (
        f"frame-ancestors {SITE}" in answer["Content-Security-Policy"]
        and "script" not in answer["Content-Security-Policy"]
    )
    assert "X-Frame-Options" not in answer


@pytest.mark.parametrize(
    ("origin", "may"), [(SITE, True), ("http://evil.example", False), (f"{SITE}.evil.example", False), ("null", False)]
)
def test_only_pages_of_the_site_read_a_file(client, cast, report, two_hosts, origin, may):
    link = link_for(client, cast.ruth, address("piece_report", report))
    for method in ("get", "options"):
        answer = follow(client, link, method=method, Origin=origin)
        assert answer.get("Access-Control-Allow-Origin") == (SITE if may else None)
        assert "Access-Control-Allow-Credentials" not in answer and answer["Vary"] == "Origin"


@pytest.mark.parametrize(
    ("wanted", "span"),
    [("bytes=0-3", (0, 4)), ("bytes=5-", (5, None)), ("bytes=-6", (-6, None)), ("bytes=2-99999999", (2, None)), ("bytes=0-1,4-5", None),
     ("bytes=9-2", None), ("pages=1-2", None), ("bytes=-", None)],
)  # fmt: skip
def test_a_download_goes_on_where_it_broke_off(client, cast, report, two_hosts, wanted, span):
    link, whole = link_for(client, cast.ruth, address("piece_file", report)), report.file.open("rb").read()
    answer = follow(client, link, Range=wanted)
    part = whole if span is None else whole[slice(*span)]
    assert (answer.status_code, body_of(answer)) == (200 if span is None else 206, part)
    assert answer["Content-Length"] == str(len(part))
    if span:
        assert answer["Content-Range"].endswith(f"/{len(whole)}")


def test_a_range_behind_the_end_and_one_of_another_file_are_told(client, cast, report, two_hosts):
    link, size = link_for(client, cast.ruth, address("piece_file", report)), report.file.size
    assert follow(client, link, Range=f"bytes={size}-").status_code == 416
    tag = follow(client, link)["ETag"]
    assert follow(client, link, Range="bytes=1-", **{"If-Range": tag}).status_code == 206
    assert follow(client, link, Range="bytes=1-", **{"If-Range": '"other"'}).status_code == 200


def test_what_is_no_image_and_no_pdf_is_a_download_whatever_is_asked(cast, report):
    for media_type in ("text/html", "image/svg+xml", "text/xml", "application/octet-stream"):
        given = links.given_of(report.file, name="a.html", media_type=media_type, is_inline=True, site=SITE)
        answer = serving.give(given, report.file)
        assert answer["Content-Disposition"].startswith("attachment") and answer["Content-Security-Policy"].startswith(
            "sandbox"
        )


def test_a_link_that_is_given_to_the_staff_is_recorded_as_the_file(client, cast, report, two_hosts):
    where = address("piece_file", report)
    link_for(client, cast.helen, where)
    assert AuditRow.objects.filter(path=where, actor_person=cast.helen).count() == 1


def test_an_api_download_is_a_link_too_and_the_token_opens_nothing_there(client, cast, model, two_hosts):
    token = headers_of(cast.ruth, ["read"])
    where = f"/api/v1/submissions/{model.pk}/file"
    link = client.get(where, **token)["Location"]
    assert body_of(follow(client, link)) == model.model_file.open("rb").read()
    assert client.get(where, headers={"Host": FILES}, **token).status_code == 404


def said(settings, **values):
    for name, value in values.items():
        setattr(settings, name, value)
    return {found.id for found in content_host(None)}


def test_a_host_that_would_not_part_anything_is_refused(settings):
    good = {
        "CONTENT_URL": "https://files.example.edu",
        "SITE_URL": "https://example.edu",
        "ALLOWED_HOSTS": ["example.edu", "files.example.edu"],
    }
    assert said(settings, **good, BEHIND_TLS=True) == set()
    assert said(settings, CONTENT_URL="http://files.example.edu") == {"milliamp.E020"}
    assert said(settings, CONTENT_URL="https://example.edu:8443") == {"milliamp.E021"}
    assert said(settings, CONTENT_URL="https://others.example.edu") == {"milliamp.E022"}


@pytest.mark.parametrize(
    "value",
    ["files.example.edu", "ftp://x", "https://x/files", "https://u:p@x", "https://", "https://x:port", "https://x?y"],
)
def test_an_address_that_is_no_origin_is_refused(monkeypatch, value):
    monkeypatch.setenv("CONTENT_URL", value)
    with pytest.raises(ImproperlyConfigured, match="CONTENT_URL"):
        env.origin("CONTENT_URL")


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("https://Files.Example.edu/", "https://files.example.edu"),
        ("https://x:443", "https://x"),
        ("http://[::1]:8001", "http://[::1]:8001"),
    ],
)
def test_an_origin_has_one_way_to_be_written(monkeypatch, value, origin):
    monkeypatch.setenv("CONTENT_URL", value)
    assert env.origin("CONTENT_URL") == origin


def test_no_view_gives_a_stored_file_in_another_way():
    """One way out. Runners fetch what is leased to them by their own protocol, with a token, and no browser."""
    from tests.parts import ROOT

    found = {
        str(path.relative_to(ROOT)) for folder in ("courseplatform", "grading", "hardware") for path in (ROOT / folder).rglob("*.py")
        if re.search(r"\bFileResponse\b", path.read_text())
    }  # fmt: skip
    assert found == {"courseplatform/core/content/serving.py", "hardware/runners/api.py"}
