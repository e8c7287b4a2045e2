"""Calibrating a board: it measures what the room above asks for, in parts that only this board may take, between the work of others.

A part is an ordinary job of a runner, bracketed by the golden model; the next one is made when it ends. So a board that is killed repeats a
part and no more, a person who hands in waits for one part, and nothing is lost where a message is.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.core.leaving import file_leaves
from courseplatform.core.states import move
from hardware import leases
from hardware.course_devices import profiles_of
from hardware.models import (
    CALIBRATION_MOVES,
    OPEN,
    BoardCalibration,
    BoardFile,
    BoardJob,
    CalibrationMove,
    CalibrationPart,
    CalibrationRow,
    CalibrationStatus,
    Duty,
    Job,
    Outcome,
    PartState,
    Priority,
    Purpose,
    Runner,
)
from hardware.runners.calibration_rows import is_steady, rows_of
from hardware.runners.health import FOLDER, GOLDEN, LIMITS, SHAPE
from hardware.runners.holding import runner_locked

KIND = "board_calibration"
# Sixty processes: what the results of one job may hold, and a few minutes on a Raspberry Pi.
PART_OF, WINDOWS = 12, 5
MOST_PART_BYTES = 64 << 20
MOST_TRIES = 3  # of a network whose parts were unsteady
MOST_FAILED = 2  # parts that a board could not do, after which it is asked no further
WALL_S, COOL_BELOW_C, COOL_WAIT_S = 3600.0, 60.0, 180
MOST_THREADS = 16
DAY, MOST_A_DAY = timedelta(days=1), 12  # of one board, which may be a stranger's
# What files can be written here for: runtime, as agents call it -> precisions.
KINDS = {"onnx": ("fp32",), "tflite": ("fp32", "int8")}
NAMES = {"onnx": "ONNX Runtime", "tflite": "LiteRT"}


@dataclass(frozen=True)
class Network:
    """Something to be timed. data: writes its file."""

    name: str
    family: str
    is_whole: bool
    macs: int
    data: Callable[[], bytes]


# Set by the room above when it is ready: what a calibration measures, by name, and who is told in the transaction in which one has ended.
_sources: list[Callable[[str, str], dict[str, Network]]] = []
_listeners: list[Callable[[BoardCalibration], None]] = []
# And what became of calibrations, for the runner's page: key -> (words, address).
_outcomes: list[Callable[[Iterable[BoardCalibration]], dict[int, tuple[str, str]]]] = []


def register(
    *,
    networks: Callable[[str, str], dict[str, Network]],
    ended: Callable[[BoardCalibration], None],
    outcomes: Callable[[Iterable[BoardCalibration]], dict[int, tuple[str, str]]],
) -> None:
    _sources[:], _listeners[:], _outcomes[:] = [networks], [ended], [outcomes]


def outcomes_of(rows: Iterable[BoardCalibration]) -> dict[int, tuple[str, str]]:
    found = list(rows)
    return {key: said for source in _outcomes for key, said in source(found).items()}


@transaction.atomic
def calibration_ask(
    *,
    runner: Runner,
    by: str,
    threads: Any = 1,
    runtime: Any = "onnx",
    precision: Any = "fp32",
    now: datetime | None = None,
) -> tuple[BoardCalibration, bool]:
    """Begin to calibrate a board; the one that is being measured where the same was asked for before.

    Returns:
        (the calibration, whether it is new)

    Raises:
        BadInput: code `bad_threads`, `no_runtime`, `bad_precision`. Conflict: code `calibration_stands`,
        `too_many_calibrations`, `runner_revoked`, `demo_board`, `not_enrolled`.
    """
    now = now or timezone.now()
    row = runner_locked(runner)
    _check(row, runtime, precision, threads)
    open_one = BoardCalibration.objects.filter(runner=row, status=CalibrationStatus.MEASURING).first()
    if open_one is not None:
        if (open_one.runtime, open_one.precision, open_one.threads) == (runtime, precision, threads):
            return open_one, False
        said = f"{row.name} is being calibrated for {open_one.setting}. Wait until that has ended, or cancel it."
        raise Conflict(said, code="calibration_stands")
    if row.calibrations.filter(asked_at__gt=now - DAY).count() >= MOST_A_DAY:
        said = f"{row.name} was asked {MOST_A_DAY} times within a day. Look first what became of these."
        raise Conflict(said, code="too_many_calibrations")
    profile = profiles_of(row.course).get(row.device)
    made = BoardCalibration.objects.create(
        runner=row, course=row.course, device=row.device, board=(profile.board if profile else "") or row.device, runtime=runtime,
        threads=threads, precision=precision, total=len(_networks(runtime, precision)), asked_by=by[:120], asked_at=now,
    )  # fmt: skip
    _next_part(made, now)
    return made, True


def _check(runner: Runner, runtime: Any, precision: Any, threads: Any) -> None:
    if runner.status == Duty.REVOKED:
        raise Conflict(f"{runner.name} was revoked, so it measures nothing.", code="runner_revoked")
    if runner.is_demo:
        raise Conflict(
            f"{runner.name} is a board of the demo, and there is no machine to calibrate.", code="demo_board"
        )
    if runner.enrolled_at is None:
        raise Conflict(f"No machine was enrolled as {runner.name} yet.", code="not_enrolled")
    most = min(runner.facts.get("cores") or MOST_THREADS, MOST_THREADS)
    if type(threads) is not int or not 1 <= threads <= most:
        raise BadInput(f"Give a whole number of threads from 1 to {most}.", code="bad_threads")
    if not isinstance(runtime, str) or runtime not in KINDS or runtime not in runner.facts.get("runtimes", {}):
        said = f"A board is calibrated with {' or '.join(NAMES.values())}, and {runner.name} has not the one that is asked for."
        raise BadInput(f"{said} Install it beside its agent and start that again.", code="no_runtime")
    if precision not in KINDS[runtime]:
        said = f"{NAMES[runtime]} is calibrated in {' or '.join(KINDS[runtime])}."
        raise BadInput(said, code="bad_precision")


def _networks(runtime: str, precision: str) -> dict[str, Network]:
    return {name: network for source in _sources for name, network in source(runtime, precision).items()}


def _next_part(calibration: BoardCalibration, now: datetime) -> None:
    """The next networks, or the end. Inside the transaction that made it, or that ended the part before."""
    parts = list(calibration.parts.all())
    measured = set(calibration.rows.values_list("network", flat=True))
    tried: dict[str, int] = {}
    for part in parts:
        for name in part.networks:
            # What a steady part did not measure does not run on this board: nobody asks again.
            tried[name] = tried.get(name, 0) + (1 if part.state == PartState.UNSTEADY else MOST_TRIES)
    networks = _networks(calibration.runtime, calibration.precision)
    names = [name for name in networks if name not in measured and tried.get(name, 0) < MOST_TRIES][:PART_OF]
    files = _written(networks, names)
    if not files:
        _ended(calibration, _status_now(calibration), calibration.runner.by, now)
        return
    number = len(parts) + 1
    job = leases.job_enqueue(
        BoardJob, kind=KIND, owner_key=f"runner:{calibration.runner_id}", priority=Priority.RERUN, now=now, purpose=Purpose.CALIBRATE,
        title=f"Calibration, {len(measured)} of {calibration.total} networks", course=calibration.course, device=calibration.device,
        runtime=calibration.runtime, runner=calibration.runner, plan=_plan(calibration, len(files)), wall_s=WALL_S,
    )  # fmt: skip
    for place, data in enumerate(files.values()):
        _file(job, f"n{place}", data)
    _file(job, "golden", (FOLDER / GOLDEN[calibration.runtime]).read_bytes())
    CalibrationPart.objects.create(calibration=calibration, number=number, networks=list(files), job=job)


def _written(networks: dict[str, Network], names: list[str]) -> dict[str, bytes]:
    """Their files, in order, as many as a board with a slow line can fetch before it has to begin."""
    found: dict[str, bytes] = {}
    for name in names:
        data = networks[name].data()
        if found and sum(map(len, found.values())) + len(data) > MOST_PART_BYTES:
            break
        found[name] = data
    return found


def _file(job: BoardJob, name: str, data: bytes) -> None:
    row = BoardFile(job=job, name=name, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    row.file.save(name, ContentFile(data), save=False)
    row.save()


def _plan(calibration: BoardCalibration, count: int) -> dict[str, Any]:
    """Windows in turn and not one network after the other: what disturbs a board for a minute disturbs one window of many."""
    turns = [(window, place) for window in range(1, WINDOWS + 1) for place in range(count)]
    return {
        "steps": [_step(f"n{place} window {window}", f"n{place}", calibration) for window, place in turns],
        "cool_below_c": COOL_BELOW_C, "cool_wait_s": COOL_WAIT_S, "reference": _step("golden", "golden", calibration, SHAPE), "idle_s": 0,
        "needs_memory_limit": False,
    }  # fmt: skip


def _step(name: str, file: str, calibration: BoardCalibration, shape: str = "") -> dict[str, Any]:
    args = [
        "--model", f"{{inputs}}/{file}", "--format", calibration.runtime, "--seed", "1", "--threads", str(calibration.threads), "--load-s", "0",
        *(["--input-shape", shape] if shape else []),
    ]  # fmt: skip
    return {"name": name, "entry": "hardware.ondevice.harness", "files": [file], "limits": LIMITS, "args": args}


def part_ended(job: Job, outcome: Outcome, result: dict[str, Any]) -> None:
    """What a part has measured becomes rows, and the next one is made. Called inside the transaction that ends the job."""
    part = (
        CalibrationPart.objects.select_related("calibration__runner", "calibration__course").filter(job=job.pk).first()
    )
    if part is None or part.state != PartState.OPEN:
        return
    calibration, now = part.calibration, timezone.now()
    is_open = BoardCalibration.objects.select_for_update(of=("self",)).get(pk=calibration.pk).is_open
    part.state, other = PartState.FAILED, _other_machine(calibration)
    if is_open and not other and outcome == Outcome.MEASURED:
        part.state = _taken(part, BoardJob.objects.get(pk=job.pk), result)
    part.save(update_fields=["state"])
    transaction.on_commit(partial(files_dropped, job.pk))
    if not is_open:
        return
    if other or outcome == Outcome.CANCELLED:
        _ended(calibration, CalibrationStatus.CANCELLED, calibration.runner.by, now, other or "A part was cancelled.")
    elif calibration.parts.filter(state=PartState.FAILED).count() >= MOST_FAILED:
        _ended(
            calibration,
            _status_now(calibration),
            calibration.runner.by,
            now,
            f"{MOST_FAILED} parts could not be measured.",
        )
    else:
        _next_part(calibration, now)


def _other_machine(calibration: BoardCalibration) -> str:
    """Why what comes now may be of another machine than the rows that are here, in a sentence; "" where it is the same."""
    runner = calibration.runner
    if runner.device != calibration.device:
        return f"{runner.name} is another kind of board by now. Begin again."
    if runner.enrolled_at is not None and runner.enrolled_at > calibration.asked_at:
        return f"A machine was enrolled anew as {runner.name}, and rows of two machines are not mixed. Begin again."
    return ""


def files_dropped(job: Any) -> None:
    """The networks that a part was sent: they are written again whenever they are needed. What came back stays."""
    for row in BoardFile.objects.filter(job=job, attempt=0):
        with transaction.atomic():
            file_leaves(str(row.file.name))
            row.delete()


def _status_now(calibration: BoardCalibration) -> CalibrationStatus:
    return CalibrationStatus.MEASURED if calibration.rows.exists() else CalibrationStatus.FAILED


def _taken(part: CalibrationPart, job: BoardJob, result: dict[str, Any]) -> PartState:
    if not is_steady(job.environment):
        return PartState.UNSTEADY
    file = BoardFile.objects.filter(pk=result.get("file") or 0).first()
    known = _networks(part.calibration.runtime, part.calibration.precision)
    names = [name for name in part.networks if name in known]
    found = rows_of(file, job, part.networks) if file is not None else {}
    CalibrationRow.objects.bulk_create(
        [
            CalibrationRow(
                calibration=part.calibration, network=name, family=known[name].family, is_whole=known[name].is_whole, macs=known[name].macs,
                **found[name],
            )
            for name in names if name in found
        ]
    )  # fmt: skip
    return PartState.MEASURED if found else PartState.FAILED


def _ended(calibration: BoardCalibration, to: CalibrationStatus, by: str, now: datetime, why: str = "") -> None:
    move(calibration, moves=CALIBRATION_MOVES, to=to, by=by, why=why, history=CalibrationMove, ended_at=now)
    BoardCalibration.objects.filter(pk=calibration.pk).update(why=why)
    for listener in _listeners:
        listener(calibration)


@transaction.atomic
def calibration_cancel(
    *, calibration: BoardCalibration, by: str, why: str = "Somebody cancelled it.", now: datetime | None = None
) -> None:
    """No further part is measured; a running one ends at its next beat. Raises IllegalMove."""
    runner_locked(calibration.runner)
    _ended(calibration, CalibrationStatus.CANCELLED, by, now or timezone.now(), why)
    for job in BoardJob.objects.filter(calibration_part__calibration=calibration, status__in=OPEN):
        leases.job_cancel(job, by=by)


def calibrations_end(runner: Runner, *, by: str, why: str, now: datetime) -> None:
    """What was begun on a board that is another one from now on, or gone: its rows are not mixed with those of a second machine."""
    for found in BoardCalibration.objects.filter(runner=runner, status=CalibrationStatus.MEASURING):
        calibration_cancel(calibration=found, by=by, why=why, now=now)


def newest_of(runner: Runner) -> BoardCalibration | None:
    return BoardCalibration.objects.filter(runner=runner).first()
