"""python -m tests.runner_protocol: look at an agent, or at a site. Exit code 0: it keeps to the protocol, 1: it does not, 2: it cannot be asked."""

import argparse
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tests.runner_protocol import endings, live_site, rules  # noqa: F401 endings adds its scenarios
from tests.runner_protocol.agents import Agent, NotStarted
from tests.runner_protocol.play import RUNTIMES, Broken, NotAsked, Play
from tests.runner_protocol.scenarios import SCENARIOS, Scenario
from tests.runner_protocol.scripted_site import Site

PASSED, FAILED, NOT_ASKED = "ok", "FAILED", "not asked"
EXTRA = {"added_by_a_newer_site": {"nothing": ["that you know"]}}


@dataclass
class Verdict:
    """Of one scenario. why: what was found; "" where it passed."""

    scenario: Scenario
    result: str
    why: str
    took_s: float


@dataclass
class Suite:
    """All scenarios, one after the other, with an agent that lives on as long as nothing is wrong with it."""

    options: argparse.Namespace
    folder: Path
    play: Play | None = None
    agents: int = 0

    def run(self, scenarios: Iterable[Scenario]) -> list[Verdict]:
        verdicts = []
        for scenario in scenarios:
            begun = monotonic()
            result, why = self._one(scenario)
            if result == FAILED or scenario.ends:
                self.close()
            verdicts.append(Verdict(scenario, result, why, monotonic() - begun))
            print(_row(verdicts[-1]), flush=True)
        self.close()
        return verdicts

    def _one(self, scenario: Scenario) -> tuple[str, str]:
        if scenario.begins:
            self.close()
        play = self.play or self._new()
        play.site.seen.clear()
        play.site.on.clear()
        try:
            if not play.agent.is_alive and not scenario.begins:
                play.agent.start()
                play.rests()
            scenario.play(play)
            if not scenario.ends:
                play.rests()
                play.must(play.agent.is_alive, "The agent ended.")
        except NotAsked as reason:
            return NOT_ASKED, f"{reason}"
        except Broken as reason:
            return FAILED, f"{reason} {self._said()}"
        wrong = list(dict.fromkeys(rules.broken(play.site, play.tokens)))
        return (FAILED, " ".join(wrong)) if wrong else (PASSED, "")

    def _new(self) -> Play:
        self.agents += 1
        token = f"milliamp_run_conformance_{self.agents}"
        site = Site(token=token, beat_s=self.options.beat_s, poll_s=self.options.poll_s, extra=EXTRA)
        agent = Agent(self.options.agent, self.options.enroll, site.url, self.folder / f"agent-{self.agents}")
        self.play = Play(site, agent, self.options.runtime, self.options.patience_s, {token})
        return self.play

    def _said(self) -> str:
        said = self.play.agent.said() if self.play else ""
        return f"It printed at last: {said[-300:]!r}" if said else ""

    def close(self) -> None:
        if self.play is not None:
            self.play.agent.clean()
            self.play.site.close()
        self.play = None


def _row(verdict: Verdict) -> str:
    line = f"{verdict.scenario.name:<20} {verdict.result:<9} {verdict.took_s:6.1f} s  {verdict.scenario.says}"
    return f"{line}\n{'':<31} {verdict.why}" if verdict.why else line


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m tests.runner_protocol", description=__doc__)
    made.add_argument(
        "--agent",
        default="",
        help="starts the agent: a command line with {site}, {code} and {folder}; no shell reads it",
    )
    made.add_argument(
        "--enroll",
        default="",
        help="enrols it, where that is a command of its own; said once for each folder, before --agent",
    )
    made.add_argument(
        "--runtime", choices=sorted(RUNTIMES), default="onnx", help="of the golden model that the jobs bring"
    )
    made.add_argument("--only", action="append", default=[], metavar="SCENARIO", help="may be said several times")
    made.add_argument("--patience-s", type=float, default=120.0, help="how long any one thing may take")
    made.add_argument("--poll-s", type=float, default=1, help="what the site asks for")
    made.add_argument("--beat-s", type=float, default=1, help="what the site asks for")
    made.add_argument("--list", action="store_true", help="print the scenarios")
    made.add_argument("--site", default="", help="look at a site instead: its address")
    made.add_argument("--code", default="", help="of a runner of that site that was made for this")
    return made


def chosen(only: list[str]) -> list[Scenario]:
    """Those named, or all; first what begins with a new agent, last what ends it. Raises KeyError."""
    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    return sorted(
        (by_name[name] for name in only) if only else SCENARIOS,
        key=lambda scenario: (not scenario.begins, scenario.ends),
    )


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if options.list:
        print("\n".join(f"{scenario.name:<20} {scenario.says}" for scenario in chosen([])))
        return 0
    if options.site:
        return live_site.look(options.site, options.code, options.runtime)
    try:
        scenarios = chosen(options.only)
    except KeyError as name:
        parser().error(f"There is no scenario {name}; see --list.")
    if not options.agent:
        parser().error("Say how the agent is started: --agent, or which site is looked at: --site.")
    with tempfile.TemporaryDirectory(prefix="runner-protocol-") as folder:
        suite = Suite(options, Path(folder))
        try:
            verdicts = suite.run(scenarios)
        except NotStarted as reason:
            print(reason)
            return 2
        finally:
            suite.close()
    failed = sum(verdict.result == FAILED for verdict in verdicts)
    not_asked = sum(verdict.result == NOT_ASKED for verdict in verdicts)
    print(
        f"{len(verdicts)} scenarios: {len(verdicts) - failed - not_asked} kept to, {failed} not, {not_asked} not asked"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
