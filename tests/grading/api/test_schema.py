"""The document of the API is what the code says, and is served to anybody."""

import re
from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.urls import get_resolver

from courseplatform.core.api_shapes import SCHEMA
from tests.courseplatform.test_access import all_patterns

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / SCHEMA).read_text()
DOCUMENT = yaml.safe_load(TEXT)
GUIDE = (ROOT / "docs" / "api.md").read_text()


def test_the_document_in_the_repository_is_current(tmp_path):
    """Write it anew: manage.py spectacular --validate --file docs/api.yaml"""
    target = tmp_path / "api.yaml"
    call_command("spectacular", file=str(target), validate=True, fail_on_warn=True)
    assert target.read_text() == TEXT


def test_every_address_stands_in_it():
    routes = {f"/{route}" for route, _ in all_patterns(get_resolver()) if route.startswith("api/v1/")}
    assert {re.sub(r"<\w+:(\w+)>", r"{\1}", route) for route in routes} == set(DOCUMENT["paths"])


OPERATIONS = [(path, method, one) for path, methods in DOCUMENT["paths"].items() for method, one in methods.items()]
OPEN = "/api/v1/schema"


def test_the_document_is_of_openapi_3_1():
    assert DOCUMENT["openapi"] == "3.1.0" and "nullable" not in TEXT


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=[f"{m} {p}" for p, m, _ in OPERATIONS])
def test_every_operation_says_how_it_refuses_and_whom_it_takes(path, method, operation):
    statuses = {int(status) for status in operation["responses"]}
    assert statuses >= {401, 422, 429, 503} and ("{" not in path or 404 in statuses)
    assert any(status < 300 for status in statuses)
    if path == OPEN:
        assert "security" not in operation
        return
    scope = operation["security"][0]["token"][0]
    assert operation["security"] == [{"token": [scope]}, {"session": []}] and scope in {"read", "hand_in", "hardware"}
    assert 403 in statuses and (method not in ("post", "patch") or statuses >= {400, 409, 413, 415})


def test_every_list_in_pages_takes_a_cursor_and_a_size():
    for path, _, operation in OPERATIONS:
        shape = str(operation["responses"].get("200", {}).get("content", {}).get("application/json", ""))
        names = {one["name"] for one in operation.get("parameters", ())}
        assert ("Page'" in shape) == ({"cursor", "page_size"} <= names), path


def test_the_document_is_served_to_anybody(client, db):
    answer = client.get("/api/v1/schema")
    assert answer.status_code == 200 and answer["Content-Type"].startswith("application/yaml")
    assert answer.content.decode() == TEXT


def test_the_guide_names_every_address():
    for path in DOCUMENT["paths"]:
        short = path.removeprefix("/api/v1/")
        for key, word in (
            ("{course}", "SLUG"),
            ("{assignment}", "LAB"),
            ("{submission}", "ID"),
            ("{run}", "ID"),
            ("{upload}", "ID"),
            ("{piece}", "ID"),
            ("{rerun}", "ID"),
            ("{case}", "ID"),
            ("{take}", "ID"),
            ("{kit}", "TAG"),
            ("{part}", "PART"),
            ("{team}", "TEAM"),
        ):
            short = short.replace(key, word)
        assert f"`/{short}`" in GUIDE or f"`/api/v1/{short}`" in GUIDE, path


def test_the_limits_of_the_guide_are_those_of_the_code(settings):
    from courseplatform.accounts.tokens import MOST_LIVE
    from courseplatform.core.api import Pages
    from grading.handing_in.hand_in_rules import PER_HOUR

    assert f"{settings.API_PER_MINUTE} requests a minute" in GUIDE and f"{PER_HOUR} hand-ins an hour" in GUIDE
    assert f"{MOST_LIVE} live tokens" in GUIDE
    assert f"pages of {Pages.page_size}" in GUIDE and f"page_size={Pages.max_page_size}" in GUIDE
