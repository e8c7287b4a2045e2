"""Follow one run to its end: one line that is written over, or a line for each thing that changed where none can be."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from courseplatform.cli.client.console import Console
from courseplatform.cli.client.results import ended
from courseplatform.cli.client.session import Session
from courseplatform.cli.client.text import clean, span

OPEN = ("queued", "leased", "running")
LEAST_S, MOST_S = 1.0, 15.0
SPINS = "|/-\\"


def watched(session: Session, run_id: str, sleep: Callable[[float], None] = time.sleep) -> int:
    """The exit code of the end, whose result is printed. What runs goes on when this is interrupted."""
    shown, turn = "", 0
    while True:
        run = session.line.get("runs", run_id)
        if run["status"] not in OPEN:
            session.console.settle()
            return ended(session, run)
        asks_s = min(max(float((run["wait"] or {}).get("ask_again_s", LEAST_S)), LEAST_S), MOST_S)
        shown = _show(session.console, run, shown, SPINS[turn % len(SPINS)])
        turn += 1
        sleep(asks_s)


def _show(console: Console, run: dict[str, Any], before: str, spin: str) -> str:
    now = progress_words(run)
    if console.is_live:
        console.update(f"{spin} {now}")
    elif place_words(run) != before:
        console.say(now)
    return place_words(run)


def place_words(run: dict[str, Any]) -> str:
    """Where it is, without what changes every second."""
    wait = run["wait"] or {}
    return clean(wait.get("title") or run["status"])


def progress_words(run: dict[str, Any]) -> str:
    """3rd in line: starts in 20 to 40 s; result in 40 s to 2 min"""
    wait, progress = run["wait"] or {}, run["progress"]
    said = [place_words(run)]
    if progress["total"]:
        said.append(f"{progress['done']} of {progress['total']}")
    said += [
        f"{word} in {found}"
        for word, key in (("starts", "starts_in"), ("result", "ends_in"))
        if (found := _range(wait.get(key)))
    ]
    if not wait.get("ends_in") and wait.get("sentence"):
        said.append(clean(wait["sentence"]))
    return "; ".join(said)


def _range(found: dict[str, float] | None) -> str:
    if not found:
        return ""
    low, high = span(found["low_s"]), span(found["high_s"])
    if low == high:
        return low
    (one, unit), (other, same) = low.split(" ", 1), high.split(" ", 1)
    return f"{one} to {other} {unit}" if unit == same else f"{low} to {high}"


def run(session: Session) -> int:
    """`status [LAB|RUN] [--watch]`."""
    from courseplatform.cli.client.labs import open_work

    if not session.options.lab:
        return open_work(session)
    hand_in = session.hand_in()
    if not hand_in["runs"]:
        return ended(session, None, hand_in)
    newest = hand_in["runs"][0]["id"]
    if session.options.watch:
        return watched(session, newest)
    found = session.line.get("runs", newest)
    if found["status"] not in OPEN:
        return ended(session, found, hand_in)
    if session.options.json:
        session.console.json(found)
    else:
        session.console.out(f"{clean(hand_in['assignment'])}, attempt {hand_in['number']}: {progress_words(found)}")
    return 0
