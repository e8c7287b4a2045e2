"""The OpenAPI document of the protocol is what the code says, and the page that explains it names every address."""

import re
from pathlib import Path

import yaml
from django.core.management import call_command
from django.urls import get_resolver

from hardware.runners.document import FILE
from tests.courseplatform.test_access import all_patterns
from tests.hardware.runners.boards import STATE, facts_of
from tests.hardware.runners.published import wrong_answer, wrong_request

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / FILE).read_text()
DOCUMENT = yaml.safe_load(TEXT)


def test_the_document_in_the_repository_is_current(tmp_path):
    target = tmp_path / "runner-api.yaml"
    place = "hardware.runners.document"
    call_command(
        "spectacular",
        file=str(target),
        validate=True,
        fail_on_warn=True,
        urlconf=place,
        custom_settings=f"{place}.SETTINGS",
    )
    assert target.read_text() == TEXT


def test_every_address_stands_in_it_and_is_explained():
    routes = {f"/{route}" for route, _ in all_patterns(get_resolver()) if route.startswith("api/runner/")}
    assert {re.sub(r"<\w+:(\w+)>", r"{\1}", route) for route in routes} == set(DOCUMENT["paths"])
    page = (ROOT / "docs" / "runner-protocol.md").read_text()
    for path in DOCUMENT["paths"]:
        assert path.removeprefix("/api/runner/v1").replace("{lease}", "{id}") in page, path


def test_only_enrolling_needs_no_token():
    for path, methods in DOCUMENT["paths"].items():
        for operation in methods.values():
            assert operation.get("security", []) == ([] if path.endswith("/enroll") else [{"runner": []}]), path


def test_the_document_finds_what_is_not_as_it_says():
    """Every answer in these tests is held against it (boards.py), and what our agent says (tests/hardware/runner/test_published.py)."""
    poll = {"protocol": 1, "facts": facts_of(), "state": STATE, "held": []}
    assert wrong_request("POST", "/lease", poll) == []
    assert wrong_request("POST", "/lease", poll | {"held": [{"lease": 1}]})
    assert wrong_request("POST", "/lease", poll | {"facts": facts_of(cores="four")})
    assert wrong_request("POST", "/lease", {key: poll[key] for key in ("protocol", "held")})
    assert wrong_answer("POST", "/lease/1/beat", 200, {"do": "dance"}) and not wrong_answer(
        "POST", "/lease/1/beat", 200, {"do": "drain"}
    )
    assert wrong_answer("POST", "/lease/1/beat", 409, {})
