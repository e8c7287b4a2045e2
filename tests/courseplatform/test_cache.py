"""The cache may be away: pages answer all the same, quickly, and the log says so."""

import socket
import time

import pytest
from django.core.cache import cache
from structlog.testing import capture_logs

from courseplatform.core.cache import FailOpenClient

MISSES = {
    "add": (("key", 1), True),
    "get": (("key", "default"), "default"),
    "set": (("key", 1), None),
    "touch": (("key",), False),
    "delete": (("key",), False),
    "get_many": ((["key"],), {}),
    "has_key": (("key",), False),
    "incr": (("key",), 1),
    "set_many": (({"key": 1},), []),
    "delete_many": ((["key"],), None),
    "clear": ((), False),
}


def cache_at(settings, location, **options):
    settings.CACHES = {
        "default": {"BACKEND": "courseplatform.core.cache.FailOpenCache", "LOCATION": location, "OPTIONS": options}
    }


@pytest.fixture(autouse=True)
def _awake(monkeypatch):
    monkeypatch.setattr(FailOpenClient, "asleep_until", 0.0)


@pytest.fixture
def dead(settings, tmp_path):
    """A socket that nobody listens on."""
    cache_at(settings, f"unix://{tmp_path}/nobody.sock?db=2")


@pytest.fixture
def frozen(settings):
    """A server that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(64)
        cache_at(settings, f"redis://127.0.0.1:{server.getsockname()[1]}/2", socket_timeout=0.3)
        yield


@pytest.mark.parametrize("question", MISSES)
def test_a_dead_cache_answers_every_question_with_a_miss(dead, question):
    arguments, miss = MISSES[question]
    assert getattr(cache, question)(*arguments) == miss


def test_a_dead_cache_is_one_line_in_the_log(dead):
    with capture_logs() as lines:
        cache.get("key")
        cache.get("key")
    assert [line["event"] for line in lines] == ["cache_away"]


def test_a_frozen_cache_costs_one_timeout_and_not_one_for_each_question(frozen):
    start = time.monotonic()
    for _ in range(10):
        cache.get("key")
    assert time.monotonic() - start < 1


def test_the_cache_is_asked_again_after_the_pause(dead, monkeypatch):
    monkeypatch.setattr("courseplatform.core.cache.PAUSE_S", 0.0)
    with capture_logs() as lines:
        cache.get("key")
        cache.get("key")
    assert len(lines) == 2


def test_the_timeouts_are_two_seconds_and_nothing_is_tried_twice(dead):
    connection = cache._cache.get_client().connection_pool.make_connection()
    assert (connection.socket_timeout, connection.socket_connect_timeout, connection.retry.get_retries()) == (2, 2, 0)


@pytest.mark.parametrize("state", ["dead", "frozen"])
def test_people_sign_in_with_a_password_while_the_cache_is_away(client, cast, request, state):
    request.getfixturevalue(state)
    answer = client.post("/accounts/login/", {"login": "ruth@example.edu", "password": "correct horse"})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_a_new_password_can_be_asked_for_while_the_cache_is_away(client, cast, dead):
    assert client.post("/accounts/password/reset/", {"email": "ruth@example.edu"}).status_code == 302


@pytest.mark.part("redis")
def test_with_a_server_that_answers_it_is_an_ordinary_cache(settings):
    from tests.parts import REDIS

    cache_at(settings, REDIS)
    cache.delete("milliamp-test")
    assert cache.add("milliamp-test", [1], 5) is True
    assert cache.add("milliamp-test", [2], 5) is False
    assert cache.get("milliamp-test") == [1]
    assert cache.delete("milliamp-test") is True
