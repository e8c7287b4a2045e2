"""The rules that every endpoint follows, on endpoints made for the test."""

import json
from typing import ClassVar

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from courseplatform.core import api_rules
from courseplatform.core.api import ApiView
from courseplatform.core.audience import Audience, audience_of
from courseplatform.core.errors import Conflict
from tests.courseplatform.accounts.builders import headers_of

pytestmark = pytest.mark.django_db


class Echo(ApiView):
    audience: ClassVar = Audience.SIGNED_IN
    scopes: ClassVar = {"GET": "read", "POST": "hand_in"}
    fault: ClassVar = None

    def get(self, request):
        if self.fault:
            raise self.fault
        return Response({"ok": True})

    def post(self, request):
        return Response({"got": request.data})

    def delete(self, request):
        return Response({"gone": True})


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet():
    cache.clear()


def ask(request, fault=None):
    view = type("Echo", (Echo,), {"fault": fault}).as_view()
    answer = view(request)
    answer.render()
    return answer


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [(Conflict("x", code="lost_race"), 409, "lost_race"), (Http404(), 404, "not_found"), (PermissionDenied(), 403, "forbidden"),
     (exceptions.ParseError(), 400, "unreadable"), (exceptions.ValidationError({"a": ["b"]}), 422, "bad_input"),
     (exceptions.NotAcceptable(), 406, "refused"), (exceptions.UnsupportedMediaType("a/b"), 415, "unsupported_media_type"),
     (exceptions.Throttled(7.4), 429, "too_many_requests")],
)  # fmt: skip
def test_every_refusal_has_the_one_shape(rf, cast, fault, status, code):
    answer = ask(rf.get("/", **headers_of(cast.ruth)), fault)
    document = json.loads(answer.content)
    assert (answer.status_code, document["error"]["code"]) == (status, code)
    assert set(document) == {"error"} and set(document["error"]) <= {"code", "message", "details"}


def test_a_throttled_answer_says_when_to_come_again(rf, cast):
    answer = ask(rf.get("/", **headers_of(cast.ruth)), exceptions.Throttled(7.4))
    assert answer["Retry-After"] == "8" and json.loads(answer.content)["error"]["details"] == {"wait_s": 8}


def test_a_fault_of_ours_is_left_to_the_page_of_faults(rf, cast):
    with pytest.raises(ZeroDivisionError):
        ask(rf.get("/", **headers_of(cast.ruth)), ZeroDivisionError())


@pytest.mark.parametrize(
    ("method", "scopes", "status"),
    [("get", ["read"], 200), ("get", ["hand_in"], 403), ("post", ["read"], 403), ("post", ["hand_in"], 200), ("head", ["hand_in"], 403),
     ("delete", ["read", "hand_in"], 403)],
)  # fmt: skip
def test_a_method_opens_to_its_scope_and_one_without_scope_to_no_token(rf, cast, method, scopes, status):
    more = {"data": "{}", "content_type": "application/json"} if method == "post" else {}
    assert ask(getattr(rf, method)("/", **more, **headers_of(cast.ruth, scopes))).status_code == status


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [('{"a": 1}', "application/json", 200), ("[" * 30_000, "application/json", 422), ('"' + "x" * 100_000 + '"', "application/json", 413),
     ("<a/>", "application/xml", 415), ("a=1", "application/x-www-form-urlencoded", 415)],
)  # fmt: skip
def test_a_body_is_strict_json_or_refused(rf, cast, body, kind, status):
    assert ask(rf.post("/", body, content_type=kind, **headers_of(cast.ruth))).status_code == status


def test_an_endpoint_without_an_audience_is_nobodys():
    class Bare(ApiView):
        pass

    assert audience_of(Bare.as_view()) is None


@pytest.fixture
def minute(monkeypatch):
    """A clock that stands."""
    clock = {"now": 600.0}
    monkeypatch.setattr(api_rules.time, "time", lambda: clock["now"])
    return clock


def test_the_requests_of_a_token_are_counted_by_the_minute(rf, cast, settings, minute):
    settings.API_PER_MINUTE = 2
    headers, other = headers_of(cast.ruth), headers_of(cast.daniel)
    assert [ask(rf.get("/", **headers)).status_code for _ in range(4)] == [200, 200, 429, 429]
    assert ask(rf.get("/", **other)).status_code == 200
    minute["now"] = 645.0
    assert ask(rf.get("/", **headers))["Retry-After"] == "15"
    minute["now"] = 660.0
    assert ask(rf.get("/", **headers)).status_code == 200


def test_a_counter_that_the_cache_lost_stops_nobody(rf, cast, monkeypatch):
    headers = headers_of(cast.ruth)
    monkeypatch.setattr(cache, "add", lambda *a: True)
    assert ask(rf.get("/", **headers)).status_code == 200
