"""The worker side of a run, of a variant of a family, and of a count: lease it, measure it in the sandbox, score it outside, finish it.

Nothing here trusts the model or the process that ran it. A fault of ours gives the job back to the queue; only what the model did
ends the run with an outcome that can cost the student something.
"""

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from courseplatform.core import health
from courseplatform.core.errors import Unavailable
from courseplatform.core.files import on_this_disk
from courseplatform.courses.models import Course
from grading.bench.errors import BenchError
from grading.bench.on_device import Choice
from grading.calibrating.adopted import calibrations_for
from grading.hidden_sets.kept import hidden_here
from grading.measuring import (
    bench_ready,
    count_run,
    measure_pipeline,
    measure_run,
    measure_variant,
    on_boards,
    on_request,
)
from grading.measuring.on_boards import Waits
from grading.measuring.run_setting import setting_for
from grading.measuring.where_to_run import Place, pause_after, where_to_run
from grading.measuring.work_folder import work_folder
from grading.models.assignments import Assignment, HiddenSet
from grading.models.counts import CountRun
from grading.models.reruns import RerunJob, RerunStatus
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.models.variants import VariantRun
from grading.queue.wake import ASK_KIND, BENCH_KINDS, COUNT_KIND, RERUN_KIND, VARIANT_KIND
from grading.reruns.rules import measured_by, points_by
from grading.services import board_runs
from grading.spec import BenchSpec
from hardware import leases
from hardware.course_devices import profiles_of
from hardware.holds import held_now
from hardware.leases import BEAT_S, CancelRequested, Lease, LeaseLost
from hardware.line import is_waiting_before
from hardware.models import Job, LineHold, Outcome, Priority
from hardware.ondevice.plain import plain_text

Given = dict[str, Any]
Decide = Callable[[Job, BenchSpec, Course, str], on_boards.Decided]
log = structlog.get_logger(__name__)
stopping = threading.Event()  # set when this process is asked to stop; the run goes back to the queue
leaving = threading.Event()  # set when it is asked to end after its run; it takes no other
FULL_PAUSE = timedelta(seconds=10)
STORE_PAUSE = timedelta(seconds=30)
slot = threading.Lock()  # what this process measures with: two at once would disturb each other's times


class WorkerStopping(Exception):
    """This worker was asked to stop in the middle of a run."""


class MakesWay(Exception):
    """Somebody handed in while this worker measures again for the staff; that can wait."""


def work_once(worker: str) -> bool:
    """Take one job and carry it to its end. Returns False when nothing waits, when nothing can be measured here now, or when this process
    works on one already: it holds one slot, also where its pool has several threads."""
    if not slot.acquire(blocking=False):
        return False
    try:
        is_over = stopping.is_set() or leaving.is_set()
        lease = None if is_over or not bench_ready.can_measure() else _next(worker)
        if lease is None:
            return False
        log.info("run_leased", run=str(lease.job_id), kind=lease.kind, attempt=lease.attempt)
        try:
            _carry_out(lease)
        except (LeaseLost, DatabaseError) as error:
            # Somebody else has the run, or we cannot write what came out: the sweep decides, this result is thrown away.
            log.warning("run_given_up", run=str(lease.job_id), why=str(error))
        return True
    finally:
        slot.release()


def _next(worker: str) -> Lease | None:
    held = held_now()
    if LineHold.What.MEASURING in held:
        return None
    kept_back = {RERUN_KIND} if LineHold.What.RERUNS in held else set()
    kinds = [kind for kind in BENCH_KINDS if kind not in kept_back and (kind != COUNT_KIND or count_run.is_offered())]
    return leases.lease_next(worker=worker, kinds=kinds)


def _carry_out(lease: Lease) -> None:
    beat = Heartbeat(lease)
    try:
        with beat, _waiting_for_store():
            measure = _prepared(lease, beat)
            leases.lease_start(lease)
            result = measure()
        _hand_over(lease, result)
    except BenchError as error:
        if error.outcome == Outcome.INFRASTRUCTURE:
            log.warning("run_fault", run=str(lease.job_id), code=error.code, why=error.message, details=error.details)
            _give_back(lease, f"{error.code}: {error.message}")
        else:
            leases.lease_finish(lease, outcome=Outcome(error.outcome), result=error.to_json())
    except on_request.Over as over:
        leases.lease_finish(lease, outcome=Outcome.CANCELLED, result=over.result)
    except CancelRequested:
        leases.lease_finish(lease, outcome=Outcome.CANCELLED, result={})
    except WorkerStopping:
        leases.lease_release(lease, why="the worker was stopped", fault=False)
    except Waits as waiting:
        leases.lease_release(lease, why=str(waiting), fault=False, pause=waiting.pause)
        board_runs.wake_if_ended(lease.job_id)
    except (count_run.GivesWay, MakesWay):
        leases.lease_release(lease, why="it gives way to a model that waits", fault=False)
    except LeaseLost:
        raise
    except Exception as error:
        # A missing file, a mistake of ours: never the student's, and the lease must not be left to expire.
        log.exception("run_fault", run=str(lease.job_id))
        _give_back(lease, plain_text(f"{type(error).__name__}: {error}"))


@contextmanager
def _waiting_for_store() -> Iterator[None]:
    """Where a file cannot be fetched each try would end the same until the store is back, so none is spent."""
    try:
        yield
    except Unavailable as error:
        raise Waits(f"{error.code}: {error.message}", STORE_PAUSE) from error


def _give_back(lease: Lease, why: str) -> None:
    """After a fault of ours. A disk that is full, also now that nothing of this run lies on it, is no fault of the run: it costs none of its
    tries, or all that wait would have ended before there is room again."""
    if bench_ready.is_disk_full():
        leases.lease_release(lease, why=f"the disk is full: {why}", fault=False, pause=FULL_PAUSE)
    else:
        leases.lease_release(lease, why=why)


def _hand_over(lease: Lease, result: dict[str, Any]) -> None:
    """What was measured stands, but for a run in which something looks wrong: a person decides on that."""
    evidence = result.pop("suspicions", [])
    if lease.kind == RERUN_KIND:  # nothing of it counts before an instructor has seen it, with what looks wrong
        result["evidence"] = evidence
    if not evidence or lease.kind == RERUN_KIND:
        leases.lease_finish(lease, outcome=Outcome.MEASURED, result=result)
        return
    why = ", ".join(row["code"] for row in evidence)
    log.warning("run_parked", run=str(lease.job_id), why=why)
    leases.lease_park(lease, result={"evidence": evidence, "document": result}, why=why)


def _prepared(lease: Lease, beat: "Heartbeat") -> Callable[[], dict[str, Any]]:
    """All that the measurement needs, before it begins. Raises what keeps it from beginning: BenchError, Waits, Over."""
    kinds = {
        VARIANT_KIND: _variant_prepared,
        RERUN_KIND: _rerun_prepared,
        COUNT_KIND: _count_prepared,
        ASK_KIND: _ask_prepared,
    }
    return kinds.get(lease.kind, _run_prepared)(lease, beat)


def _run_prepared(lease: Lease, beat: "Heartbeat") -> Callable[[], dict[str, Any]]:
    run = Run.objects.select_related("submission__assignment__hidden_set", "submission__assignment__course").get(
        pk=lease.job_id
    )
    return _model_prepared(lease, beat, run, run.submission)


def _rerun_prepared(lease: Lease, beat: "Heartbeat") -> Callable[[], dict[str, Any]]:
    """A model of a re-run. Where that was discarded, or the lab asks something else by now, nothing is measured."""
    job = RerunJob.objects.select_related(
        "item__rerun", "item__submission__assignment__hidden_set", "item__submission__assignment__course"
    ).get(pk=lease.job_id)
    rerun, submission = job.item.rerun, job.item.submission
    if rerun.status != RerunStatus.MEASURING or rerun.rules != points_by(submission.assignment):
        raise CancelRequested("The re-run is over, or stale.")
    return _model_prepared(lease, beat, job, submission)


def _ask_prepared(lease: Lease, beat: "Heartbeat") -> Callable[[], dict[str, Any]]:
    """A board run of an attempt that has a result. Nothing is measured here in its place."""
    ask = on_request.ask_of(lease.job_id)
    measure = _model_prepared(lease, beat, ask, ask.submission, on_request.decide)
    return lambda: on_request.with_host(measure(), ask)


def _model_prepared(
    lease: Lease, beat: "Heartbeat", job: Job, submission: Submission, decide: Decide = on_boards.decide
) -> Callable[[], dict[str, Any]]:
    assignment = submission.assignment
    by = {"points": points_by(assignment), "measured": measured_by(assignment)}
    given = _given(lease, beat, assignment)
    given |= {"profiles": profiles_of(assignment.course), "choice": budget_of(assignment.course)}
    spec: BenchSpec = given["spec"]
    engine: Any = measure_pipeline.measure_pipeline if spec.pipeline else measure_run.measure_run
    found = decide(job, spec, assignment.course, given["sandbox"].name)
    given["place"] = found.place
    if found.answer is not None:
        given["board"] = found.answer
    elif engine is measure_run.measure_run and not found.is_asked:
        given["measured_before"] = on_request.measured_before(submission)

    def measure() -> dict[str, Any]:
        with (
            work_folder(Path(settings.DATA_DIR) / "work") as work,
            on_this_disk(submission.model_file, work) as model,
        ):
            if found.is_asked:
                on_boards.send(job, submission, given, model, work)
            try:
                document: dict[str, Any] = engine(model=model, name=submission.file_name, work=work, **given)
            except BenchError as error:
                if found.answer is None:
                    raise
                on_boards.send_again(error, job, submission, given, model, work)
        return document | {"by": by}

    return measure


def place_of(job: Job, spec: BenchSpec, isolation: str) -> Place:
    """Where this worker measures the job, for what no board measures. Raises Waits where it does not."""
    waited = timezone.now() - job.queued_at
    place = where_to_run(spec, isolation=isolation, boards_available=None, waited=waited)
    if place.on in ("process", "container"):
        return place
    raise Waits(place.why, pause_after(waited))


def _variant_prepared(lease: Lease, beat: "Heartbeat") -> Callable[[], dict[str, Any]]:
    run = VariantRun.objects.select_related("piece__assignment__hidden_set", "piece__assignment__course").get(
        pk=lease.job_id
    )
    piece, course = run.piece, run.piece.assignment.course
    given = _given(lease, beat, piece.assignment)
    spec, sizes = given["spec"], piece.assignment.family.sizes if piece.assignment.family else ()
    # No points rest on a variant, so none waits for a board.
    asked = dataclasses.replace(spec, run_on="") if spec.run_on == "board" else spec
    place = place_of(run, asked, given["sandbox"].name)
    given["setting"] = setting_for(spec, place, profiles_of(course).get(spec.device))

    def measure() -> dict[str, Any]:
        with work_folder(Path(settings.DATA_DIR) / "work") as work, on_this_disk(piece.file, work) as model:
            return measure_variant.measure_variant(model=model, name=piece.file_name, sizes=sizes, work=work, **given)

    return measure


def _count_prepared(lease: Lease, beat: "Heartbeat") -> Callable[[], dict[str, Any]]:
    return lambda: _count_instructions(lease, beat)


def _count_instructions(lease: Lease, beat: "Heartbeat") -> dict[str, Any]:
    run = (
        CountRun.objects.select_related("measured_run__submission", "measured_run__result")
        .get(pk=lease.job_id)
        .measured_run
    )
    with (
        work_folder(Path(settings.DATA_DIR) / "work") as work,
        on_this_disk(run.submission.model_file, work) as model,
    ):
        return count_run.count_run(model, run.result.report, bench_ready.sandbox(), beat.progress)


def _given(lease: Lease, beat: "Heartbeat", assignment: Assignment) -> Given:
    """What both kinds of measurement are given besides the model."""
    hidden: HiddenSet | None = assignment.hidden_set
    if hidden is None or not assignment.bench_spec:
        raise BenchError("no_hidden_set", "The lab has no hidden test set yet.", outcome="infrastructure")
    inputs = hidden_here(hidden.inputs_file, hidden.inputs_sha256)
    labels = hidden_here(hidden.labels_file, hidden.labels_sha256) if hidden.labels_file else None
    return {
        "spec": assignment.spec,
        "lab": assignment.short,
        "inputs": inputs,
        "labels": labels,
        "sandbox": bench_ready.sandbox(),
        "seed": int.from_bytes(lease.job_id.bytes[:4], "big") + lease.attempt,
        "on_progress": beat.progress,
    }


def budget_of(course: Course) -> Choice:
    """By which convention the course counts hours on a charge (`budget` of its course file), and which calibrations it has adopted."""
    said = {key: course.fact("budget", key) for key in ("convention", "volts", "capacity_mah")}
    return Choice(**{key: value for key, value in said.items() if value}, calibrations=calibrations_for(course))


class Heartbeat:
    """Extends the lease from a thread of its own, because loading a runtime can be silent for longer than a lease lives.

    `progress` is called by the engine, often; it hands over the numbers and raises what the thread found out: among that, that a re-run
    makes way, because somebody waits whom no other worker has taken.
    """

    def __init__(self, lease: Lease) -> None:
        self.lease, self.state = lease, ("", 0, 0)
        self.error: Exception | None = None
        self._done = threading.Event()
        self._changed = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"beat {lease.job_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._changed.set()
        self._thread.join(timeout=BEAT_S * 3)

    def progress(self, phase: str, done: int, total: int) -> None:
        """Raises LeaseLost, CancelRequested, MakesWay or WorkerStopping: then the engine stops the sandbox."""
        if phase and (phase, done, total) != self.state:
            self.state = (phase, done, total)
            self._changed.set()
        if stopping.is_set():
            raise WorkerStopping
        if self.error is not None:
            raise self.error

    def _beat(self) -> None:
        told = 0.0
        try:
            while not self._done.is_set():
                phase, done, total = self.state
                self._changed.clear()
                try:
                    leases.lease_beat(self.lease, phase=phase, done=done, total=total)
                    if self.lease.priority == Priority.RERUN and is_waiting_before(Priority.RERUN):
                        self.error = MakesWay()
                        return
                    if time.monotonic() - told > BEAT_S:
                        health.beat("bench")
                        told = time.monotonic()
                except (LeaseLost, CancelRequested) as error:
                    self.error = error
                    return
                except DatabaseError as error:
                    log.warning("beat_failed", why=str(error))  # the next one may succeed; else the lease runs out
                self._changed.wait(timeout=1.0 if self.lease.priority == Priority.RERUN else BEAT_S)
                self._done.wait(timeout=0.25)  # at most four writes a second
        finally:
            connection.close()  # this thread's own
