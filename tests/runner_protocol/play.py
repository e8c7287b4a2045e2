"""A scenario at work: the site that is played, the agent that is looked at, and what must come out."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.runner_protocol import rules
from tests.runner_protocol.agents import Agent
from tests.runner_protocol.scripted_site import Cut, Handler, Seen, Site

GOLDEN = Path(__file__).resolve().parents[2] / "hardware" / "runners" / "golden"
RUNTIMES = {"onnx": "golden-1.onnx", "tflite": "golden-1.tflite"}
MIB = 1 << 20
LIMITS = {
    "wall_s": 120.0, "cpu_s": 120, "memory_bytes": 400 * MIB, "threads": 64, "output_bytes": MIB, "result_bytes": 16 * MIB, "tmp_bytes": 16 * MIB,
}  # fmt: skip
ATTEMPT = 3  # none that is guessed
LONG = 40  # steps: of a run that is cut short
STOPS_S = 15.0


class Broken(Exception):
    """The agent does not do what the protocol says. The sentence is for its author."""


class NotAsked(Exception):
    """This agent cannot be asked, and why."""


@dataclass
class Play:
    """One agent on one site, for as many scenarios as it lives through. patience_s: how long any one thing may take."""

    site: Site
    agent: Agent
    runtime: str
    patience_s: float
    tokens: set[str] = field(default_factory=set)
    _attempts: Iterator[int] = field(default_factory=lambda: iter(range(ATTEMPT, 10_000)))

    @property
    def model(self) -> bytes:
        return (GOLDEN / RUNTIMES[self.runtime]).read_bytes()

    def step(self, name: str = "golden", **changes: Any) -> dict[str, Any]:
        args = ["--model", "{inputs}/model", "--format", self.runtime, "--seed", "1", "--input-shape", "1x3x48x48"]
        made = {"name": name, "entry": "hardware.ondevice.harness", "args": args, "files": ["model"], "limits": LIMITS}
        return made | changes

    def add(self, steps: int | list[dict[str, Any]] = 1, **changes: Any) -> str:
        """A job with these steps, or with so many of the golden model. Returns its lease."""
        steps = [self.step(f"window {n + 1}") for n in range(steps)] if isinstance(steps, int) else steps
        given = {"steps": steps, "cool_wait_s": 0, "idle_s": 0, "needs_memory_limit": False}
        return self.site.add(self.model, attempt=next(self._attempts), wall_s=600.0, **given | changes)

    def ends(self, said: str = "") -> None:
        """Raises Broken where its process does not end by itself."""
        within_s = min(STOPS_S, self.patience_s)
        self.must(self.agent.ends_within(within_s), f"It should end within {within_s:.0f} s{said}.")

    # -- what is waited for -------------------------------------------------------------------------------------------

    def until(self, condition: Callable[[], Any], said: str, within_s: float | None = None) -> None:
        """Raises Broken with the sentence `said`."""
        within_s = within_s or self.patience_s
        ends = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > ends:
                raise Broken(f"{said} Within {within_s:.0f} s it did not.")
            time.sleep(0.01)

    def must(self, holds: object, said: str) -> None:
        """Raises Broken with the sentence `said`."""
        if not holds:
            raise Broken(said)

    def seen(self, *calls: str) -> list[Seen]:
        """The calls of these names, in order, since the scenario began."""
        with self.site.lock:
            return [seen for seen in self.site.seen if seen.call in calls]

    def rests(self) -> None:
        """The agent says that it holds nothing, two times: it is where a scenario may begin and end."""
        begun = len(self.seen("lease"))

        def is_idle() -> bool:
            polls = self.seen("lease")[begun:]
            return len(polls) >= 2 and all(
                isinstance(seen.asked, dict) and seen.asked.get("held") == [] for seen in polls[-2:]
            )

        self.until(is_idle, "It should poll on and name nothing in held.")

    def ended(self, lease: str, said: str) -> dict[str, Any]:
        """What `finish` said of it."""
        self.until(lambda: self.site.ended(lease), said)
        self.must(lease in self.site.finished, f"{said} It was given back: {self.given_back(lease)}")
        return dict(json.loads(self.site.finished[lease]))

    def given_back(self, lease: str) -> dict[str, Any] | None:
        """What `release` said of it."""
        return next((said for said in self.site.released if said["lease"] == lease), None)

    def is_done(self, lease: str) -> None:
        """A whole and right ending: results, log and environment."""
        said = self.ended(lease, "The job should be finished.")
        self.must(said["outcome"] == "done", f"The job should end as done, not as {said['outcome']}: {said.get('why')}")
        named = said["results"] or {}
        kept = self.site.kept.get((lease, named.get("name")), b"")
        is_right = (named.get("sha256"), named.get("bytes")) == (rules.sha256_of(kept), len(kept))
        self.must(is_right, f"finish names results that are not those which were sent: {named}")
        log = self.site.logs.get(lease, b"")
        is_right = (said["log"].get("sha256"), said["log"].get("bytes")) == (rules.sha256_of(log), len(log))
        self.must(is_right, f"finish names a log of {said['log']}; the site has {len(log)} bytes, or other ones.")
        wrong = [
            *rules.of_results(json.loads(kept), self.site.jobs[lease]["plan"]),
            *rules.of_environment(said["environment"]),
        ]
        self.must(not wrong, " ".join(wrong))

    # -- how the site misbehaves --------------------------------------------------------------------------------------

    def once(self, call: str, answer: Any) -> list[float]:
        """The next such call gets that answer: (status, document[, headers]), or a Cut. Returns the moments when it did."""
        return self.times(call, [answer])

    def times(self, call: str, answers: list[Any]) -> list[float]:
        """The next such calls get these answers, one after the other; then it is answered as it should be."""
        left, at = list(answers), []

        def hook(_: Handler) -> Any:
            with self.site.lock:
                if not left:
                    return None
                answer = left.pop(0)
                at.append(time.monotonic())
            if isinstance(answer, Cut):
                raise answer
            return answer

        self.site.on[call] = hook
        return at

    def away(self, *calls: str) -> None:
        """The site is not there for these calls."""
        self.site.on.update({call: lambda _: (503, {"code": "away"}) for call in calls})
