"""Bring a finished job to the site: files, log, ending. All of it may be said again and again until the site has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hardware.ondevice.runner.client import Backoff, Client, patiently
from hardware.ondevice.runner.journal import Held, Journal
from hardware.ondevice.runner.logs import LogPusher
from hardware.ondevice.runner.spool import RESULTS, Spool, sha256_of
from hardware.ondevice.runner.words import LeaseLost

TRIES = 5


def body_of(
    attempt: int, outcome: str, why: str, results: bytes | None, log: bytes, environment: dict[str, Any]
) -> bytes:
    """The body of `finish`, made once: what is said again must be the same."""
    named = None
    if results is not None:
        named = {"name": RESULTS, "sha256": sha256_of(results), "bytes": len(results)}
    body = {
        "attempt": attempt,
        "outcome": outcome,
        "why": why,
        "results": named,
        "log": {"bytes": len(log), "sha256": sha256_of(log)},
        "environment": environment,
    }
    return json.dumps(body, allow_nan=False, sort_keys=True).encode()


class _NotTaken(Exception):
    """The site cannot take what is brought, so the job is given back."""


class Delivery:
    """Of one job that is ``finished`` in the journal."""

    def __init__(
        self,
        client: Client,
        journal: Journal,
        spool: Spool,
        held: Held,
        wait: Callable[[float], bool],
        backoff: Backoff,
    ) -> None:
        self._client, self._journal, self._spool, self._held = client, journal, spool, held
        self._wait, self._backoff = wait, backoff
        self._logs = LogPusher(client, spool, held.lease, held.attempt)
        self._body = held.ending.encode()
        self._named = json.loads(held.ending)["results"]

    def bring(self) -> str:
        """Until the site has it or does not want it; returns which, in a few words.

        Raises Unreachable where ``wait`` says stop (it is brought by the next run of the agent), and Revoked.
        """
        try:
            ended = self._bring()
        except LeaseLost:
            ended = "the site had given it to somebody else"
        except _NotTaken as reason:
            self._journal.give_back(self._held.lease, str(reason), fault=True)
            self._spool.clear()
            return str(reason)
        self._journal.settle(self._held.lease, ended)
        self._spool.clear()
        return ended

    def _bring(self) -> str:
        refused = ""
        for _ in range(TRIES):
            if self._named is not None:
                refused = patiently(self._put_results, self._wait, self._backoff)
                if refused:
                    continue
            patiently(self._logs.push, self._wait, self._backoff)
            answer = patiently(lambda: self._client.finish(self._held.lease, self._body), self._wait, self._backoff)
            if answer.status == 200:
                return "taken by the site"
            if answer.status in {404, 409}:  # it does not know the job, or has another ending of it
                return f"refused by the site: {answer.sentence}"
            if answer.status != 202:
                raise _NotTaken(f"The site does not take how it ended: {answer.sentence}")
            committed = answer.document.get("log_committed")
            self._logs.again_from(committed if type(committed) is int else 0)
        raise _NotTaken(f"The site does not take the results: {refused or 'it still misses something'}")

    def _put_results(self) -> str:
        """Empty where the site has the file, else what it says against it."""
        answer = self._client.put_file(self._held.lease, self._held.attempt, RESULTS, self._spool.results())
        self._backoff.reset()
        return "" if answer.status == 200 or answer.status == 201 else answer.sentence
