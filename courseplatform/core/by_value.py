"""What was made of facts, kept in this process under a digest of all of them.

Other facts are another key, so nothing is ever shown that is no longer so: whoever asks reads the facts anew each time, and only what is
made of them is spared. What is made holds texts, so each language has its own. Bounded: what was not asked for longest goes first.
"""

import pickle  # writes alone, for a digest; nothing is ever read from it  # nosec B403
from collections import OrderedDict
from collections.abc import Callable
from hashlib import blake2b
from threading import Lock
from typing import Generic, TypeVar

from django.utils import translation

T = TypeVar("T")


class ByValue(Generic[T]):
    """most: how many are kept. What is kept is shared by all threads, so it is never changed by who gets it."""

    def __init__(self, most: int) -> None:
        self._most, self._kept, self._lock = most, OrderedDict[bytes, T](), Lock()

    def of(self, facts: object, make: Callable[[], T]) -> T:
        """What `make` gives for these facts. All that it depends on has to stand in them, as plain values."""
        key = blake2b(pickle.dumps((translation.get_language(), facts), protocol=5), digest_size=16).digest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made
