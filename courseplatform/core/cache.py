"""The cache that may be away.

It holds the counters of the rate limits and nothing that is the truth. When its server does not answer, each question
is a miss and each counter starts anew: people can still sign in, unthrottled, and the log says so. After a failure the
server is left alone for PAUSE_S, so that a frozen one costs a page one timeout and not one for each question.
"""

import time
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import structlog
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

PAUSE_S = 5.0
OPTIONS = {"socket_timeout": 2, "socket_connect_timeout": 2, "retry": Retry(NoBackoff(), 0)}
T = TypeVar("T")
log = structlog.get_logger(__name__)


class FailOpenClient(RedisCacheClient):
    """`add` says that it added: a lock nobody can hold must not stop who asks for it."""

    asleep_until: ClassVar[float] = 0.0  # time.monotonic(), for all threads of the process

    def _ask(self, question: Callable[[], T], otherwise: T) -> T:
        if time.monotonic() < FailOpenClient.asleep_until:
            return otherwise
        try:
            return question()
        except (RedisError, OSError) as error:
            FailOpenClient.asleep_until = time.monotonic() + PAUSE_S
            log.warning("cache_away", error=type(error).__name__, pause_s=PAUSE_S, effect="rate limits are off")
            return otherwise

    def add(self, key: Any, value: Any, timeout: Any) -> bool:
        return self._ask(lambda: super(FailOpenClient, self).add(key, value, timeout), True)

    def get(self, key: Any, default: Any) -> Any:
        return self._ask(lambda: super(FailOpenClient, self).get(key, default), default)

    def set(self, key: Any, value: Any, timeout: Any) -> None:
        self._ask(lambda: super(FailOpenClient, self).set(key, value, timeout), None)

    def touch(self, key: Any, timeout: Any) -> bool:
        return self._ask(lambda: super(FailOpenClient, self).touch(key, timeout), False)

    def delete(self, key: Any) -> bool:
        return self._ask(lambda: super(FailOpenClient, self).delete(key), False)

    def get_many(self, keys: Any) -> dict[Any, Any]:
        return self._ask(lambda: super(FailOpenClient, self).get_many(keys), {})

    def has_key(self, key: Any) -> bool:
        return self._ask(lambda: super(FailOpenClient, self).has_key(key), False)

    def incr(self, key: Any, delta: Any) -> Any:
        return self._ask(lambda: super(FailOpenClient, self).incr(key, delta), delta)

    def set_many(self, data: Any, timeout: Any) -> None:
        self._ask(lambda: super(FailOpenClient, self).set_many(data, timeout), None)

    def delete_many(self, keys: Any) -> None:
        self._ask(lambda: super(FailOpenClient, self).delete_many(keys), None)

    def clear(self) -> bool:
        return self._ask(super().clear, False)


class FailOpenCache(RedisCache):
    """Django's Redis cache with short timeouts, no second try, and FailOpenClient."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params | {"OPTIONS": OPTIONS | params.get("OPTIONS", {})})
        self._class = FailOpenClient
