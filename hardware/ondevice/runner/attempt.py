"""One job from its lease to its ending. Whatever happens, it is finished, given back or known to be lost; never run twice."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardware.ondevice.runner import progress as reasons
from hardware.ondevice.runner.beats import Beats
from hardware.ondevice.runner.carry_out import Bench, Failed, Run
from hardware.ondevice.runner.client import Backoff, Client, patiently
from hardware.ondevice.runner.deliver import body_of
from hardware.ondevice.runner.job import File, Job
from hardware.ondevice.runner.journal import Journal
from hardware.ondevice.runner.logs import LogPusher
from hardware.ondevice.runner.progress import Progress, Stopped
from hardware.ondevice.runner.spool import Spool, full_is_said
from hardware.ondevice.runner.words import DiskFull, LeaseLost, Revoked, RunnerError, Unreachable

DOWNLOADS = 3
MOST_RESULT_BYTES = 64 << 20
CANCELLED = "It was cancelled on the site."
NO_LIMIT = "This job runs code of a stranger, and this board cannot bound its memory: "


class GiveBack(Exception):
    """Somebody else should do it. ``fault``: it is this board's fault."""

    def __init__(self, why: str, *, fault: bool) -> None:
        super().__init__(why)
        self.why, self.fault = why, fault


@dataclass
class Attempt:
    """Everything that one job needs."""

    job: Job
    client: Client
    journal: Journal
    bench: Bench
    facts: Mapping[str, Any]
    spools: Path
    progress: Progress
    say: Callable[[str], None]
    scale: float

    def __post_init__(self) -> None:
        self.spool = Spool(self.spools, self.job.lease, self.job.attempt)
        self._begun = time.monotonic()

    def carry_out(self) -> None:
        """Ends with the job ``finished`` or ``giving_back`` in the journal, or no longer in it. Raises Revoked and RunnerError."""
        lease = self.job.lease
        try:
            run, outcome, why = self._carried_out()
            self._keep(run, outcome, why)
        except GiveBack as reason:
            self.say(reason.why)
            self.journal.give_back(lease, reason.why, fault=reason.fault)
        except DiskFull as error:
            self.say(str(error))
            self.spool.clear()  # room for the journal to say so
            self.journal.give_back(lease, str(error), fault=True)
        except LeaseLost:
            self._lost()
        except Stopped as stopped:
            self._stopped(stopped.reason)
        finally:
            self.spool.drop_inputs()

    def _stopped(self, reason: str) -> None:
        """What is cancelled after the start is reported as its outcome, and does not come here."""
        if reason == reasons.REVOKED:
            raise Revoked("The site has revoked this runner while it worked.", self.progress.for_good)
        if reason == reasons.LOST:
            self._lost()
            return
        why = CANCELLED if reason == reasons.CANCEL else "The agent is being stopped."
        self.journal.give_back(self.job.lease, why, fault=False)

    def _lost(self) -> None:
        self.journal.settle(self.job.lease, "the site had given it to somebody else")
        self.spool.clear()

    # -- before the start -----------------------------------------------------------------------------------------

    def _carried_out(self) -> tuple[Run, str, str]:
        """What was measured, its outcome and why. Beats go on all the while: a lease is short, and a download may be long."""
        job = self.job
        logs = LogPusher(self.client, self.spool, job.lease, job.attempt)
        backoff = Backoff(self.scale)
        with Beats(self.client, job, job.beat_s, self.progress, self.bench.machine, logs, self.say, backoff):
            self._prepare()
            self._start()
            run = self._run()
            return (run, *self._outcome_of(run))

    def _prepare(self) -> None:
        limit = self.facts["isolation"]
        if self.job.plan.needs_memory_limit and not limit["memory_limit"]:
            raise GiveBack(NO_LIMIT + str(limit["why"]), fault=False)
        self.spool.make(self.job.size)
        self.progress.to("downloading")
        for file in self.job.files:
            self._download(file)
        self.spool.log(f"{len(self.job.files)} files of {self.job.size} bytes are here")

    def _download(self, file: File) -> None:
        target = self.spool.input(file.name)
        for _ in range(DOWNLOADS):
            with full_is_said():
                try:
                    if self._ask(lambda: self.client.download(file.url, target, file.size, file.sha256)):
                        return
                except RunnerError as error:
                    if isinstance(error, Revoked):
                        raise
                    raise GiveBack(f"The site does not give the file {file.name}: {error}", fault=False) from error
        raise GiveBack(f"The file {file.name} arrived damaged {DOWNLOADS} times.", fault=True)

    def _start(self) -> None:
        answer = self._ask(lambda: self.client.start(self.job.lease, self.job.attempt))
        if answer.status != 200:
            raise GiveBack(f"The site did not let it start: {answer.sentence}", fault=False)
        self.journal.run(self.job.lease)

    def _ask(self, call: Callable[[], Any]) -> Any:
        """Until the site answers or gives the job to somebody else. Raises Stopped and GiveBack."""
        try:
            return patiently(call, self.progress.wait, Backoff(self.scale), self._left_s)
        except Unreachable as error:
            self.progress.check()
            raise GiveBack("The job could not be started in time: the site was not reached.", fault=False) from error

    def _left_s(self) -> float:
        return self._begun + self.job.start_within_s - time.monotonic()

    # -- from the start on ----------------------------------------------------------------------------------------

    def _run(self) -> Run:
        return Run(
            plan=self.job.plan,
            bench=self.bench,
            progress=self.progress,
            given=self.spool.input,
            facts=self.facts,
            lease=self.job.lease,
            wall_s=self.job.wall_s,
            log=self.spool.log,
        )

    def _keep(self, run: Run, outcome: str, why: str) -> None:
        """On the disk, and in the journal, before the site is told."""
        job = self.job
        results = _encoded(run) if outcome == "done" else None
        if results is not None and len(results) > MOST_RESULT_BYTES:
            outcome, results = "infrastructure", None
            why = f"The results are larger than the {MOST_RESULT_BYTES >> 20} MiB that a site takes."
        if results is not None:
            self.spool.keep_results(results)
        self.spool.log(f"{outcome}. {why}".strip())
        body = body_of(job.attempt, outcome, why, results, self.spool.read_log(), run.environment())
        self.journal.finish(job.lease, body)

    def _outcome_of(self, run: Run) -> tuple[str, str]:
        try:
            run.carry_out()
        except Stopped as stopped:
            if stopped.reason == reasons.CANCEL:
                return "cancelled", CANCELLED
            if stopped.reason == reasons.TOO_LONG:
                return (
                    "infrastructure",
                    f"The job took more than {self.job.wall_s:g} s here, which is all that it gets.",
                )
            raise
        except Failed as error:
            return "infrastructure", str(error)
        except DiskFull:
            raise
        except Exception as error:  # noqa: BLE001 whatever is wrong with this board must not end the agent
            self.spool.log(traceback.format_exc())
            return "infrastructure", f"The agent failed: {type(error).__name__}: {error}"
        if run.held_back:
            seen = ", ".join(sorted(run.sampler.held_back)) or "throttled"
            return "thermal_invalid", f"The board was held back while it measured ({seen.replace('_', ' ')})."
        return "done", ""


def _encoded(run: Run) -> bytes:
    return json.dumps(run.results_document(), allow_nan=False).encode()
