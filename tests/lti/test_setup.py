"""The operators' pages: platforms, deployments, keys, registration; and what an LMS reads about us."""

import json

import pytest
from django.utils import timezone

from courseplatform.core.errors import AppError
from courseplatform.core.redaction import without_link_keys
from courseplatform.lti.models import Platform, RegistrationInvite, ToolKey
from courseplatform.lti.services.keys import key_rotate, signing_key
from tests.lti.launching import Browser, code_of, connect

pytestmark = pytest.mark.django_db
FACTS = {
    "name": "Canvas", "site_url": "https://canvas.example.edu", "issuer": "https://canvas.instructure.com", "client_id": "1000",
    "auth_login_url": "https://sso.canvaslms.com/api/lti/authorize_redirect", "auth_token_url": "https://sso.canvaslms.com/login/oauth2/token",
    "key_set_url": "https://sso.canvaslms.com/api/lti/security/jwks", "auth_audience": "", "vouches_for_addresses": "on",
}  # fmt: skip


@pytest.fixture
def olu(cast, client):
    client.force_login(cast.olu)
    return client


def test_an_operator_adds_a_platform_and_its_deployment(olu):
    assert b"No LMS yet" in olu.get("/lti/").content
    answer = olu.post("/lti/new/", FACTS)
    row = Platform.objects.get()
    assert (
        answer["Location"] == f"/lti/platforms/{row.pk}/"
        and row.vouches_for_addresses
        and row.made_by == "olu@example.edu"
    )
    olu.post(answer["Location"], {"act": "deployment", "deployment_id": " 7:abc "})
    assert [one.deployment_id for one in row.deployments.all()] == ["7:abc"]
    page = olu.get(answer["Location"]).content.decode()
    assert "7:abc" in page and "no course yet" in page
    olu.post(answer["Location"], {"act": "off"})
    row.refresh_from_db()
    assert not row.is_active


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"site_url": "http://canvas.example.edu"},
        {"key_set_url": "javascript:x"},
        {"client_id": "x" * 300},
    ],
)
def test_a_platform_that_cannot_be_is_refused_with_what_was_typed(olu, change):
    answer = olu.post("/lti/new/", FACTS | change)
    assert answer.status_code == 422 and not Platform.objects.exists()
    assert (
        b"https://sso.canvaslms.com/login/oauth2/token" in answer.content and b'aria-invalid="true"' in answer.content
    )


def test_a_platform_is_there_once(olu):
    olu.post("/lti/new/", FACTS)
    answer = olu.post("/lti/new/", FACTS | {"name": "Again"})
    assert answer.status_code in (409, 422) and Platform.objects.count() == 1 and b"Again" in answer.content


@pytest.mark.parametrize("deployment", ["", "  ", "x" * 300])
def test_a_deployment_that_cannot_be_is_refused(olu, deployment):
    olu.post("/lti/new/", FACTS)
    answer = olu.post(
        f"/lti/platforms/{Platform.objects.get().pk}/", {"act": "deployment", "deployment_id": deployment}
    )
    assert answer.status_code == 422 and b"Paste the deployment id" in answer.content


@pytest.mark.parametrize("name", ["helen", "ruth", "oscar"])
def test_nobody_but_operators_decides_which_lms_is_believed(cast, client, name):
    client.force_login(getattr(cast, name))
    for address in ("/lti/", "/lti/new/"):
        assert client.get(address).status_code == 403
    assert client.post("/lti/new/", FACTS).status_code == 403 and not Platform.objects.exists()


def test_the_key_set_shows_public_halves_and_a_turned_over_key_stays_in_it(client, cast, olu):
    (first,) = client.get("/lti/jwks.json").json()["keys"]
    assert first["kty"] == "RSA" and first["alg"] == "RS256" and first["use"] == "sig" and "d" not in first
    olu.post("/lti/keys/rotate/")
    keys = client.get("/lti/jwks.json").json()["keys"]
    assert len(keys) == 2 and first in keys and signing_key().kid != first["kid"]
    assert b"Make a new key" in olu.get("/lti/").content


def test_a_message_signed_before_a_key_was_turned_over_is_still_believed(cast, platform, lms, client):
    from courseplatform.lti.wire.services import Gradebook

    link = connect(cast, platform, lms)
    Gradebook(link).column(key="lab1", label="Lab 1", maximum=5)
    old = signing_key().kid
    key_rotate(by="olu@example.edu")
    fresh = client.get("/lti/jwks.json").json()
    assert old in {key["kid"] for key in fresh["keys"]}
    lms.tool_keys = lambda: fresh
    lms.expire_tokens()
    assert Gradebook(link).column(key="lab1", label="Lab 1", maximum=5) == f"{lms.url}/api/lineitems/1"


def test_the_private_half_lies_sealed_and_shows_in_no_repr(db, settings):
    key = signing_key()
    row = ToolKey.objects.get()
    assert "PRIVATE KEY" in key.private and "PRIVATE" not in row.private and "PRIVATE" not in repr(key)
    settings.SECRET_KEY = "another"
    with pytest.raises(AppError) as refused:
        signing_key()
    assert refused.value.code == "lti_key_sealed"
    key_rotate(by="olu@example.edu")
    assert signing_key().kid != row.kid


def test_canvas_reads_a_developer_key(client):
    found = client.get("/lti/canvas.json").json()
    assert found["oidc_initiation_url"] == "http://localhost:8000/lti/login/" and found["public_jwk_url"].endswith(
        "/lti/jwks.json"
    )
    assert len(found["scopes"]) == 4 and found["extensions"][0]["privacy_level"] == "public"
    kinds = {one["placement"]: one["message_type"] for one in found["extensions"][0]["settings"]["placements"]}
    assert (
        kinds["assignment_selection"] == "LtiDeepLinkingRequest"
        and kinds["course_navigation"] == "LtiResourceLinkRequest"
    )


# -- dynamic registration --------------------------------------------------------------------------------------------------------


def invited(olu):
    page = olu.post("/lti/registration-link/").content.decode()
    return page.partition('id="invited" value="http://localhost:8000')[2].partition('"')[0]


def test_an_lms_registers_itself_with_a_link_and_waits_for_an_operator(cast, lms, olu, client):
    address = invited(olu)
    asked = {"openid_configuration": f"{lms.url}/configuration", "registration_token": "one-time"}
    answer = client.get(address, asked)
    row = Platform.objects.get()
    assert answer.status_code == 200 and f"frame-ancestors {lms.url}" in answer["Content-Security-Policy"]
    assert (row.issuer, row.client_id, row.is_active, row.vouches_for_addresses) == (
        lms.issuer,
        "registered-1",
        False,
        False,
    )
    assert row.deployments.get().deployment_id == "7"
    sent = json.loads(next(body for method, path, body in lms.calls if path == "/register"))
    assert (
        sent["initiate_login_uri"] == "http://localhost:8000/lti/login/"
        and sent["token_endpoint_auth_method"] == "private_key_jwt"
    )
    again = client.get(address, asked)
    assert again.status_code == 410 and Platform.objects.count() == 1
    lms.client_id, lms.deployment_id = "registered-1", "7"
    refused = Browser(lms).client.get("/lti/login/", {"iss": lms.issuer, "login_hint": "x"})
    assert code_of(refused) == "unknown_platform"


def test_without_a_link_of_an_operator_nothing_is_fetched(lms, client, db):
    answer = client.get("/lti/register/made-up/", {"openid_configuration": f"{lms.url}/configuration"})
    assert answer.status_code == 410 and lms.calls == []


@pytest.mark.parametrize("address", ["", "file:///etc/passwd", "http://169.254.169.254/latest/", "ftp://x.example"])
def test_a_configuration_that_lies_elsewhere_is_not_fetched_and_the_link_still_works(olu, client, cast, address):
    answer = client.get(invited(olu), {"openid_configuration": address})
    assert answer.status_code == 403 and code_of(answer) == "no_configuration"
    assert RegistrationInvite.objects.get().used_at is None


def test_a_registration_that_fails_is_said(lms, olu, cast, client):
    answer = client.get(
        invited(olu), {"openid_configuration": f"{lms.url}/configuration", "registration_token": "wrong"}
    )
    assert answer.status_code == 503 and not Platform.objects.exists()


def test_the_link_is_kept_as_a_hash_and_ends(cast, olu, client):
    address = invited(olu)
    row = RegistrationInvite.objects.get()
    assert row.digest not in address and address.split("/")[-2] not in row.digest
    RegistrationInvite.objects.update(expires_at=timezone.now())
    assert client.get(address).status_code == 410


def test_addresses_that_open_something_stand_in_no_log():
    for address in (
        "/lti/register/abc/?registration_token=x",
        "/lti/enter/123/",
        "/lti/login/?iss=a&lti_message_hint=eyJ",
    ):
        assert without_link_keys(None, "", {"request": f"GET {address}"})["request"].endswith("[redacted]")
