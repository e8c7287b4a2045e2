"""An LMS that is hostile, broken or slow: whatever it answers, it is a sentence with a code and never a fault of ours."""

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from contextlib import contextmanager

import jwt
import pytest
from jwcrypto.jwk import JWK

from courseplatform.core.errors import AppError
from courseplatform.lti.errors import PlatformProblem
from courseplatform.lti.models import Launch, Platform
from courseplatform.lti.services.names import names_import
from courseplatform.lti.wire import http, services
from courseplatform.lti.wire.http import PlatformSession
from tests.lti.launching import Browser, code_of, connect
from tests.lti.platform import CLAIM

pytestmark = pytest.mark.django_db
SHARED = {"kid": "platform-1", "alg": "RS256"}
DEEP = b"[" * 200_000
STRANGE_BODIES = [b"[]", b"7", b'"x"', b"null", DEEP, b"{", b"\xff\xfe", b'{"keys": 7}', b'{"keys": [7]}', b"1" * 5000]


@pytest.mark.parametrize("body", STRANGE_BODIES, ids=lambda body: body[:14].decode(errors="replace"))
def test_keys_of_odd_shape_refuse_the_launch(platform, lms, browser, body):
    message = browser.message(lms.person("Nora Lind"))
    lms.faults += [("/jwks", body), ("/jwks", body)]
    answer = browser.send(message)
    assert answer.status_code in (403, 503) and code_of(answer)


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "RSA"},
        {"kty": "RSA", "n": "AQ", "e": "AQAB"},
        {"kty": "nonsense"},
        {},
        {"kty": "RSA", "n": 7, "e": []},
        {"kty": "RSA", "n": "AQ", "e": "AQAB", "use": {}},
        json.loads(JWK.generate(kty="EC", crv="P-256").export_public()),
        json.loads(JWK.generate(kty="OKP", crv="Ed25519").export_public()),
    ],
    ids=lambda key: "-".join(map(str, key.values()))[:30],
)
def test_a_key_that_is_none_refuses_the_launch(platform, lms, browser, key):
    message = browser.message(lms.person("Nora Lind"))
    body = json.dumps({"keys": [key | SHARED]}).encode()
    lms.faults += [("/jwks", body), ("/jwks", body)]
    answer = browser.send(message)
    assert answer.status_code == 403 and code_of(answer) == "launch_invalid"


def test_an_error_in_the_place_of_the_keys_is_not_kept_as_keys(cast, platform, lms, browser):
    connect(cast, platform, lms)
    message = browser.message(lms.person("Nora Lind"))
    lms.faults.append(("/jwks", 503))
    first = browser.send(message)
    assert first.status_code == 503, code_of(first)
    assert browser.send(message).status_code == 302


LONE = "Nora \ud800"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": LONE}, {"name": "Nora\x00"}, {"sub": LONE}, {"email": "\ud800@example.edu"}, {f"{CLAIM}context": {"id": LONE}},
        {f"{CLAIM}context": {"id": "course-1", "title": LONE}}, {f"{CLAIM}custom": {"milliamp_key": LONE}},
        {f"{CLAIM}resource_link": {"id": LONE}}, {f"{CLAIM}deployment_id": LONE}, {f"{CLAIM}deployment_id": "a\x00"},
        {f"{CLAIM}deployment_id": {"a": 1}},
        {"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {"scope": [LONE, "a\x00"], "lineitems": "https://x/\x00\ud800"}},
        {f"{CLAIM}roles": [LONE]}, {"iat": float("inf")}, {"iat": float("nan")}, {"exp": 1e300}, {"exp": "soon"}, {"aud": [7]}, {"aud": {"a": 1}},
        {"iat": 10**400}, {"nonce": ["x"]}, {"nbf": "x"}, {"name": "N" * 100_000}, {f"{CLAIM}context": {"id": "c" * 300}},
    ],
    ids=lambda changes: ascii(changes)[-60:],
)  # fmt: skip
@pytest.mark.real_database
def test_claims_that_cannot_be_kept_are_refused(cast, platform, lms, browser, changes):
    connect(cast, platform, lms)
    answer = browser.open(lms.person("Nora Lind"), **changes)
    assert answer.status_code in (302, 403, 409), answer.status_code


@pytest.mark.parametrize(
    "name", ["login_hint", "lti_message_hint", "iss", "client_id", "target_link_uri", "lti_deployment_id"]
)
@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "x" * 20_000], ids=ascii)
@pytest.mark.real_database
def test_a_sign_in_with_signs_that_cannot_be_kept_is_no_fault_of_ours(platform, lms, name, text):
    browser = Browser(lms)
    asked = {"iss": lms.issuer, "client_id": lms.client_id, "login_hint": "x", name: text}
    body = "&".join(
        f"{key}={''.join(f'%{byte:02x}' for byte in value.encode(errors='surrogatepass'))}"
        for key, value in asked.items()
    )
    answer = browser.client.post("/lti/login/", body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (302, 422), answer.status_code


@pytest.mark.parametrize("text", ["a\x00b", "x" * 200_000], ids=lambda text: ascii(text)[:20])
@pytest.mark.real_database
def test_a_state_or_a_message_with_signs_that_cannot_be_kept_is_refused(platform, lms, browser, text):
    message = browser.message(lms.person("Nora Lind"))
    for changed in ({"state": text}, {"id_token": text}, {"error": text}):
        answer = browser.send(message | changed)
        assert answer.status_code in (403, 422), (answer.status_code, changed)


@pytest.mark.parametrize("body", STRANGE_BODIES, ids=lambda body: body[:14].decode(errors="replace"))
@pytest.mark.parametrize("path", ["/token", "/api/members"])
def test_a_list_of_names_of_odd_shape_is_said(cast, platform, lms, body, path):
    connect(cast, platform, lms)
    lms.person("Nora Lind")
    lms.faults.append((path, body))
    with pytest.raises(AppError) as refused:
        names_import(visit=cast.visit(cast.helen))
    assert refused.value.code


@pytest.mark.parametrize(
    "member",
    [
        {"user_id": "s\ud800"}, {"email": "a\ud800@example.edu"}, {"name": "N\ud800"}, {"name": "a\x00"}, {"user_id": 7}, {"roles": "Learner"},
        {"roles": [7, None]}, {"status": []}, {"user_id": "x" * 9000}, {"email": "x" * 9000}, {"family_name": "=cmd()"}, {},
    ],
    ids=lambda member: ascii(member)[:40],
)  # fmt: skip
@pytest.mark.real_database
def test_a_member_of_odd_shape_is_said_or_left_out(cast, platform, lms, member):
    connect(cast, platform, lms)
    sub = lms.person("Nora Lind")
    lms.person("Otto Lind")
    lms.people[sub] |= member
    assert names_import(visit=cast.visit(cast.helen)).pk


# -- signatures --------------------------------------------------------------------------------------------------------


def with_claims(message, sign):
    claims = jwt.decode(message["id_token"], options={"verify_signature": False})
    return message | {"id_token": sign(claims)}


def part(said):
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=")


def signed_as(header, secret):
    def sign(claims):
        text = part(header) + b"." + part(claims)
        seal = base64.urlsafe_b64encode(hmac.new(secret, text, hashlib.sha256).digest()).rstrip(b"=") if secret else b""
        return (text + b"." + seal).decode()

    return sign


@pytest.mark.parametrize("alg", ["none", "None", "HS256"])
@pytest.mark.parametrize("kid", ["platform-1", "other", None, 7, ["platform-1"]])
def test_a_message_without_the_signature_of_the_platform_is_refused(platform, lms, browser, alg, kid):
    secret = b"" if alg.lower() == "none" else lms.key.export_to_pem()
    message = with_claims(browser.message(lms.person("Nora Lind")), signed_as({"alg": alg, "kid": kid}, secret))
    answer = browser.send(message)
    assert answer.status_code == 403 and code_of(answer) == "launch_invalid" and not Launch.objects.exists()


def test_a_key_set_that_offers_a_shared_secret_is_not_taken(platform, lms, browser):
    message = browser.message(lms.person("Nora Lind"))
    keys = {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "platform-1", "alg": "HS256"}]}
    lms.faults += [("/jwks", json.dumps(keys).encode())] * 2
    answer = browser.send(with_claims(message, signed_as({"alg": "HS256", "kid": "platform-1"}, b"secret")))
    assert answer.status_code == 403 and code_of(answer) == "launch_invalid"


def test_a_client_of_the_same_issuer_speaks_for_itself_alone(cast, platform, lms, browser):
    """Canvas in the cloud has one issuer for every school; elsewhere two clients of one may have two keys."""
    other = Platform.objects.create(
        name="Other", issuer=lms.issuer, client_id="other", site_url=lms.url, auth_login_url=f"{lms.url}/auth",
        auth_token_url=f"{lms.url}/token", key_set_url=f"{lms.url}/other/jwks", vouches_for_addresses=True, made_by="olu@example.edu",
    )  # fmt: skip
    other.deployments.create(deployment_id=lms.deployment_id)
    connect(cast, platform, lms)
    keys = json.dumps({"keys": [json.loads(lms.stranger.export_public())]}).encode()
    lms.faults.append(("/other/jwks", keys))
    sub = lms.person("Nora Lind")
    mine = Browser(lms)
    state, nonce, _ = mine.begin(sub, client_id="other")
    token = lms.sign(lms.claims(sub, nonce, aud="other"), lms.stranger)
    assert mine.send({"state": state, "id_token": token}).status_code == 302  # its keys are known from now on
    state, nonce, _ = browser.begin(sub)
    for audience in (["other", lms.client_id], [lms.client_id, "other"]):
        token = lms.sign(lms.claims(sub, nonce, aud=audience, azp=lms.client_id), lms.stranger)
        answer = browser.send({"state": state, "id_token": token})
        assert answer.status_code == 403 and code_of(answer) == "launch_invalid"
    assert Launch.objects.count() == 1


def test_messages_with_a_key_of_nobody_do_not_make_us_ask_each_time(platform, lms, browser):
    message = browser.message(lms.person("Nora Lind"))
    odd = with_claims(message, signed_as({"alg": "RS256", "kid": "nobody"}, b"x"))
    for _ in range(6):
        assert code_of(browser.send(odd)) == "launch_invalid"
    assert lms.count("/jwks", "GET") <= 2
    assert browser.send(message).status_code == 302


# -- answers without an end --------------------------------------------------------------------------------------------


@contextmanager
def dripping(head, every_s=0.05):
    """A server that answers a byte at a time, for ever."""
    server = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve():
        peer, _ = server.accept()
        with peer:
            peer.recv(65536)
            peer.sendall(head)
            try:
                while not over.wait(every_s):
                    peer.sendall(b"a")
            except OSError:
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        over.set()
        thread.join(timeout=10)
        server.close()


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"",
    ],
    ids=["head", "length", "close", "chunked", "said close", "nothing"],
)  # fmt: skip
def test_an_answer_that_drips_is_cut_in_time(settings, monkeypatch, head):
    settings.EMBEDDED = True
    monkeypatch.setattr(http, "WHOLE_S", 0.5)
    with dripping(head) as url:
        begun = time.monotonic()
        with pytest.raises(PlatformProblem) as problem:
            PlatformSession(Platform(site_url=url)).get(f"{url}/jwks")
        assert time.monotonic() - begun < 5
    assert problem.value.code in ("lms_does_not_answer", "lms_answer_too_long")


def test_an_answer_without_an_end_is_left(settings, platform, lms, monkeypatch):
    monkeypatch.setattr(http, "MOST_BYTES", 1000)
    lms.faults.append(("/jwks", b" " * 5000))
    with pytest.raises(PlatformProblem) as problem:
        PlatformSession(platform).get(f"{lms.url}/jwks")
    assert problem.value.code == "lms_answer_too_long"


@pytest.mark.parametrize(
    "where", ["https://169.254.169.254/latest/", "http://10.0.0.1/jwks", "file:///etc/passwd", "/elsewhere"]
)
def test_keys_are_not_fetched_where_the_platform_sends_us(platform, lms, browser, where):
    message = browser.message(lms.person("Nora Lind"))
    lms.faults.append(("/jwks", 302, {"Location": where}))
    answer = browser.send(message)
    assert answer.status_code == 503 and code_of(answer) == "lms_redirects"
    assert lms.count("", "GET") == 1


def test_a_list_whose_next_page_is_itself_comes_to_an_end(cast, platform, lms, monkeypatch):
    monkeypatch.setattr(services, "MOST_PAGES", 5)
    connect(cast, platform, lms)
    link = {"Link": f'<{lms.url}/api/members>; rel="next"'}
    lms.faults += [("/api/members", b'{"members": []}', link)] * 50
    with pytest.raises(PlatformProblem) as problem:
        names_import(visit=cast.visit(cast.helen))
    assert problem.value.code == "lms_answer_too_long" and lms.count("/api/members", "GET") == 5


def test_a_list_that_takes_too_long_is_left(cast, platform, lms, monkeypatch):
    monkeypatch.setattr(services, "PAGES_WITHIN_S", 0)
    connect(cast, platform, lms)
    lms.faults += [("/api/members", b'{"members": []}', {"Link": f'<{lms.url}/api/members>; rel="next"'})] * 3
    with pytest.raises(PlatformProblem) as problem:
        names_import(visit=cast.visit(cast.helen))
    assert problem.value.code == "lms_answer_too_long"
