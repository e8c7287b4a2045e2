"""The key of a password link stands in no log line, whoever writes it."""

import json
import logging

import pytest
import structlog
from django.conf import settings as configured

from courseplatform.core.redaction import without_link_keys

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
    assert any("/accounts/password/reset/key/[redacted]" in str(line.get("request")) for line in lines)
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
    assert any("/people/invitation/[redacted]" in str(line.get("request")) for line in lines)
    assert "0a1b2c3d4e5f" not in str(lines)


@pytest.mark.parametrize("path", ["/accounts/password/reset/key/done/", "/courses/odml/", "/courses/odml/people/7/"])
def test_other_paths_stay_as_they_are(path):
    assert without_link_keys(None, "info", {"request": f"GET {path}"}) == {"request": f"GET {path}"}
