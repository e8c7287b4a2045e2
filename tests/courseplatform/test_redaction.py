"""The key of a password link stands in no log line, whoever writes it."""

import json
import logging

import pytest
import structlog
from django.conf import settings as configured

from courseplatform.core import redaction
from courseplatform.core.redaction import keep_secret, secrets_of, without_link_keys
from tests.courseplatform.accounts.builders import bearer, make_token
from tests.people import hand_in, onnx_like

KEY = "/accounts/password/reset/key/2n-d3abc1-0a1b2c3d4e5f/"


@pytest.fixture
def lines():
    """The log as the processes write it, line by line."""
    found = []

    class Keep(logging.Handler):
        def emit(self, record):
            found.append(json.loads(self.format(record)))

    handler, root, level = Keep(), logging.getLogger(), logging.getLogger().level
    kind = dict(configured.LOGGING["formatters"]["json"])
    handler.setFormatter(kind.pop("()")(**kind))
    root.addHandler(handler)
    root.setLevel("INFO")
    yield found
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.django_db
def test_the_lines_of_a_request_do_not_hold_the_key(client, lines):
    client.get(KEY)
    assert any("/accounts/password/reset/key/[redacted]" in str(line.get("path")) for line in lines)
    assert "d3abc1" not in str(lines)


def test_a_line_of_another_library_does_not_hold_the_key(lines):
    logging.getLogger("django.request").warning("Not Found: %s", KEY)
    assert lines[0]["event"] == "Not Found: /accounts/password/reset/key/[redacted]"


def test_a_traceback_does_not_hold_the_key(lines):
    try:
        raise ValueError(f"<WSGIRequest: GET '{KEY}'>")
    except ValueError:
        structlog.get_logger("x").exception("request_failed")
    assert "ValueError" in lines[0]["exception"]
    assert "d3abc1" not in lines[0]["exception"]


@pytest.mark.django_db
def test_the_lines_of_a_request_do_not_hold_the_token_of_an_invitation(client, lines):
    client.get("/courses/odml/people/invitation/0a1b2c3d4e5f/")
    assert any("/people/invitation/[redacted]" in str(line.get("path")) for line in lines)
    assert "0a1b2c3d4e5f" not in str(lines)


@pytest.mark.parametrize("path", ["/accounts/password/reset/key/done/", "/courses/odml/", "/courses/odml/people/7/"])
def test_other_paths_stay_as_they_are(path):
    assert without_link_keys(None, "info", {"request": f"GET {path}"}) == {"request": f"GET {path}"}


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("GET /content/WyJncmFkaW5nLlBpZWNlIl0:1tY:abc_def-1 410", "GET /content/[redacted] 410"),
        (
            "/accounts/oidc/uni/login/callback/?code=canary-1&state=x",
            "/accounts/oidc/uni/login/callback/?code=[redacted]&state=x",
        ),
        ("Authorization: Bearer canary-token-1", "Authorization: Bearer [redacted]"),
        ("a board sent milliamp_run_canary-token-1", "a board sent milliamp_run_[redacted]"),
        ("exit_code=137", "exit_code=137"),
    ],
)
def test_keys_of_each_kind_are_hidden_and_words_stay(line, kept):
    assert without_link_keys(None, "info", {"event": line}) == {"event": kept}


@pytest.fixture
def no_secret_is_known(monkeypatch):
    monkeypatch.setattr(redaction.Secrets, "known", None)


def test_the_secrets_of_the_environment_stand_in_no_line_however_deep(no_secret_is_known):
    environ = {
        "METRICS_TOKEN": "canary-metrics", "OIDC_CLIENT_SECRET": "canary/oidc+1", "S3_SECRET": "canary-store", "SECRET_KEY": "canary-site",
        "DATABASE_URL": "postgres://us:canary%2Fbase@db/x", "EMAIL_URL": "smtp://a:canary-mail@h:25", "SENTRY_DSN": "https://canary-dsn:canary-two@s/1",
        "PORT": "8000", "API_TOKEN": "short",
    }  # fmt: skip
    keep_secret(secrets_of(environ))
    said = [
        "canary-metrics",
        "canary/oidc+1",
        "canary%2Foidc%2B1",
        "canary-store",
        "canary-site",
        "canary/base",
        "canary%2Fbase",
        "canary-mail",
    ]
    event = {
        "event": " ".join(said),
        "more": {"a": [f"in {one}" for one in said]},
        "count": 8000,
        "short": "a short word of 8000",
    }
    found = without_link_keys(None, "info", event)
    assert "canary" not in str(found)
    assert (found["count"], found["short"]) == (8000, "a short word of 8000")


def test_the_secret_of_this_process_is_one_of_them(settings, lines):
    redaction.keep_secret({settings.SECRET_KEY})
    logging.getLogger("x").warning("key %s", settings.SECRET_KEY)
    assert settings.SECRET_KEY not in str(lines) and "[redacted]" in str(lines)


@pytest.mark.django_db
def test_a_whole_journey_leaves_no_canary_in_any_line(client, cast, lines, settings, tmp_path, caplog):
    """Passwords, tokens, links and files: right ones and wrong ones, in forms, headers and addresses, at the level that says most."""
    settings.CONTENT_URL, settings.ALLOWED_HOSTS = "http://files.example.edu", ["testserver", "files.example.edu"]
    logging.getLogger().setLevel("DEBUG")
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    secret = make_token(cast.ruth, ["read"])[1]
    client.post("/accounts/login/", {"login": "ruth@example.edu", "password": "canary-wrong"})
    client.post("/accounts/login/", {"login": "ruth@example.edu", "password": "correct horse"})
    client.post(
        "/accounts/password/change/",
        {"oldpassword": "canary-old", "password1": "canary-new", "password2": "canary-new"},
    )
    client.get("/accounts/password/reset/key/2n-canary-key/")
    client.get("/courses/odml/people/invitation/canary-invitation/")
    client.get("/notifications/stop/canary-stop/")
    client.post("/lti/launch/", {"state": "canary-state", "id_token": "canary-id"})
    client.get("/lti/enter/canary-enter/")
    client.get("/api/v1/me", **bearer(secret))
    client.get("/api/v1/me", **bearer("mlp_canary-token"))
    client.get(f"/api/v1/me?token={secret}")
    client.post("/api/runner/v1/enroll", {"code": "canary-code"}, content_type="application/json")
    client.get("/api/runner/v1/lease", **bearer("canary-board-token"))
    link = client.get(f"/api/v1/submissions/{submission.pk}/file", **bearer(secret))["Location"]
    path = link.removeprefix(settings.CONTENT_URL)
    assert client.get(path, headers={"Host": "files.example.edu"}).status_code == 200
    client.get(path)  # on the wrong host: a 404 that Django writes down
    client.get("/content/canary-link", headers={"Host": "files.example.edu"})
    text = json.dumps(lines)
    assert len(lines) > 20 and "content_given" in text
    assert (
        "canary" not in text
        and "correct horse" not in text
        and secret not in text
        and path.rpartition("/")[2] not in text
    )
