"""Calibrate this board: ask the site for it, measure what it sends, and say how far that is until the site has all of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hardware.ondevice.runner import loop, settings
from hardware.ondevice.runner.client import Answer, Client
from hardware.ondevice.runner.isolation import Isolation
from hardware.ondevice.runner.settings import Settings
from hardware.ondevice.runner.words import DONE, FAILED, LeaseLost, NotReady, Revoked, RunnerError, Unreachable

LOOK_S = 10.0
MEASURING, MEASURED = "measuring", "measured"


class Watch:
    """How far the calibration is, as the site says it. ``status`` is empty until it has answered."""

    def __init__(self, folder: Path, mine: Settings, say: Callable[[str], None]) -> None:
        self._folder, self._site, self._say = folder, mine.site, say
        self._look_s = LOOK_S * mine.wait_scale
        self.status, self.why, self._told = "", "", -1
        self.number: int | None = None
        self._ended = threading.Event()

    def ask(self, asked: dict[str, Any]) -> None:
        """Begin, or go on with what was begun. Raises RunnerError with the site's reason, Revoked and Unreachable."""
        answer = self._client().calibrate(asked)
        if answer.status not in (200, 201):
            raise RunnerError(f"The site does not calibrate this board: {answer.sentence}")
        self.number = answer.document.get("calibration")
        self._note(answer)

    def follow(self, then: Callable[[], None] | None = None) -> None:
        """Look again and again until it has ended, or until ``stop``; then call ``then``. Never raises."""
        while self.status == MEASURING and not self._ended.wait(self._look_s):
            try:
                answer = self._client().calibration()
            except (Unreachable, LeaseLost):
                continue
            except RunnerError:
                break  # revoked, or too old: whoever runs the jobs says so
            if answer.status == 200 and answer.document.get("calibration") == self.number:
                self._note(answer)
            elif answer.status == 200:
                self.status = "replaced"  # somebody began another one
        if then is not None:
            then()

    def stop(self) -> None:
        """End ``follow``."""
        self._ended.set()

    def _client(self) -> Client:
        """With the token of today: the agent may have renewed it."""
        return Client(self._site, settings.load_token(self._folder))

    def _note(self, answer: Answer) -> None:
        said = answer.document
        self.status, self.why = str(said.get("status", "")), str(said.get("why", ""))
        done = said.get("done")
        if type(done) is int and done != self._told:
            self._told = done
            self._say(f"{done} of {said.get('total', '?')} networks are measured.")

    def result(self) -> int:
        """The exit code, after a sentence."""
        if self.status == MEASURED:
            self._say(
                "All of it is with the site, which fits its model now. The staff find it on the page Calibrations."
            )
            return DONE
        if self.status == MEASURING:
            self._say("Stopped before the end. What was measured is kept: call it again to go on.")
        else:
            self._say(f"It ended as {self.status or 'unknown'}. {self.why}".strip())
        return FAILED


def calibrate(
    folder: Path,
    mine: Settings,
    asked: dict[str, Any],
    isolation: Callable[[], Isolation],
    say: Callable[[str], None],
) -> int:
    """Ask (runtime, precision, threads), and measure. Where the agent runs already it is that which measures, and this only watches. Returns the exit code."""
    watch = Watch(folder, mine, say)
    try:
        watch.ask(asked)
    except Unreachable as error:
        raise RunnerError(f"The site cannot be reached: {error}") from error
    try:
        with loop.alone_in(folder):
            _measure(folder, mine, watch, isolation(), say)
    except NotReady:
        say("The agent runs here already and measures it between its other jobs.")
        watch.follow()
    return watch.result()


def _measure(folder: Path, mine: Settings, watch: Watch, isolation: Isolation, say: Callable[[str], None]) -> None:
    agent = loop.Agent(folder, mine, settings.load_token(folder), isolation, say=say)
    thread = threading.Thread(target=watch.follow, args=(agent.rest,), name="calibration", daemon=True)
    with loop.stopped_by_signals(agent, mine.stop_s):
        thread.start()
        try:
            agent.run()
        except Revoked as error:
            if error.for_good:
                settings.forget_token(folder)
            raise
        finally:
            watch.stop()
            thread.join()
