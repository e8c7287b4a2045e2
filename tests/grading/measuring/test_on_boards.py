"""A run that a board measures: checked by a worker, carried out by a runner, scored by a worker; and what becomes of it without a board."""

import json
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest
from django.utils import timezone

from courseplatform.notices.models import Notification
from grading.bench.sandbox import Limits, SandboxRequest, detect
from grading.demo.digits import hidden_split, write_hidden
from grading.measuring import bench_ready, worker
from grading.models import HiddenSet, Result, Run
from grading.models.boards import BoardRun
from grading.points.again import Stored, points_again
from grading.points.on_board import beside_the_model
from grading.spec import BenchSpec
from hardware import leases
from hardware.models import BoardJob, Job, Outcome, Runner, Status
from tests.grading.measuring.test_worker import StillHeart
from tests.hardware.runners.boards import add_board
from tests.load.ten_times import MODELS
from tests.load.ten_times import SPEC as TEN_SPEC
from tests.people import FakeUpload, hand_in

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
BOARD = {"devices": ["rpi-4-4gb"], "run_on": "board", "board_wait": {"hours": 4}}

ON_TIME = {
    "key": "on_time",
    "title": "Latency",
    "points": 2,
    "metric": "latency_ms",
    "rule": {"kind": "at_most", "value": 1000},
}


@pytest.fixture
def lab(cast, settings, monkeypatch):
    """The lab of the digits, for boards; its hidden set lies where workers look for it."""
    monkeypatch.setattr(worker, "Heartbeat", StillHeart)
    monkeypatch.setattr(bench_ready, "can_measure", lambda: True)
    sandbox = detect("auto")
    monkeypatch.setattr(bench_ready, "sandbox", lambda: sandbox)
    folder = Path(settings.DATA_DIR) / "hidden"
    folder.mkdir(exist_ok=True)
    write_hidden(hidden_split(), folder / "digits-inputs.npy", folder / "digits-labels.npy")
    hidden = HiddenSet.objects.create(
        slug="digits", title="Digits", inputs_file="digits-inputs.npy", labels_file="digits-labels.npy", count=len(hidden_split()[1]),
        inputs_sha256="0" * 64, labels_sha256="0" * 64,
    )  # fmt: skip
    spec = TEN_SPEC | BOARD
    spec["criteria"] = [*spec["criteria"], ON_TIME]
    cast.lab.bench_spec, cast.lab.hidden_set = spec, hidden
    cast.lab.save()
    return cast.lab


def handed_in(cast, name="digits-narrow.onnx"):
    hand_in(cast, cast.ruth, FakeUpload(name, MODELS / name))
    return Run.objects.get()


def carried_out(board, job, folder):
    """What an agent does with a plan: fetch the files, run each step in a sandbox of this machine, send what came out."""
    for row in job["files"]:
        answer = board.client.get(row["url"], headers={"authorization": f"Bearer {board.token}"})
        data = b"".join(answer.streaming_content)
        assert sha256(data).hexdigest() == row["sha256"]
        (folder / row["name"]).write_bytes(data)
    assert board.call(job, "start").status_code == 200
    steps = []
    for step in job["plan"]["steps"]:
        files = {name: folder / name for name in step["files"]}
        request = SandboxRequest(
            step["entry"], tuple(step["args"]), files, Limits(**step["limits"]), model_format="onnx"
        )
        done = bench_ready.sandbox().run(request)
        kept = {
            key: getattr(done, key)
            for key in (
                "ended",
                "code",
                "message",
                "exit_code",
                "signal",
                "stderr_tail",
                "wall_s",
                "cpu_s",
                "peak_rss_bytes",
                "isolation",
            )
        }
        steps.append(kept | {"name": step["name"], "frames": [list(frame) for frame in done.frames]})
    data = json.dumps({"steps": steps}).encode()
    assert board.put(job, "results.json", data).status_code == 200, board.said
    named = {"name": "results.json", "sha256": sha256(data).hexdigest(), "bytes": len(data)}
    environment = {
        "governor": "performance",
        "thermal": "ok",
        "energy": {"energy_mj_above_idle": 12.5},
        "before": {"temperature_c": 47.0},
    }
    return board.call(job, "finish", outcome="done", results=named, log={"bytes": 0}, environment=environment)


def test_from_a_hand_in_over_a_board_to_points(cast, lab, tmp_path, client):
    _, board = add_board(cast)
    run = handed_in(cast)
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert (run.status, run.faults) == (Status.QUEUED, 0) and run.not_before > timezone.now() + timedelta(minutes=10)
    assert run.moves.last().why == "It passed the check and waits for a board."
    job = board.job()
    assert job["title"] == "Lab 1, attempt 1" and [row["name"] for row in job["files"]] == ["inputs.npy", "model"]
    assert carried_out(board, job, tmp_path).status_code == 200
    run.refresh_from_db()
    assert run.not_before <= timezone.now()
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert (run.status, run.outcome) == (Status.FINISHED, Outcome.MEASURED), run.error_message
    result = Result.objects.get(run=run)
    assert result.graded_by == "board pi4-01" and result.environment["graded_by"]["on"] == "board"
    assert (
        result.metrics["latency_ms"] == pytest.approx(result.host["p50_ms"], rel=1e-4)
        and result.metrics["energy_mj"] == 12.5
    )
    assert result.host["processes"] == 5 and result.metrics["accuracy"] > 0.9
    assert result.environment["devices"]["rpi-4-4gb"]["latency_ms"] is not None  # what was modelled stays beside it
    assert BoardRun.objects.count() == 1 and Decimal(result.earned) > 0
    line = next(line for line in result.points if line["key"] == "on_time")
    assert (line["basis"], line["earned"]) == ("measured", "2.00") and line["how"].startswith(
        "measured on pi4-01: median of"
    )
    # Counted again by other rules, the points still rest on the board and not on the model.
    spec = cast.lab.bench_spec | {"criteria": [ON_TIME | {"rule": {"kind": "at_most", "value": 0.0001}}]}
    stored = Stored(result.metrics, result.quality, result.environment, result.points)
    (again,) = points_again(BenchSpec.parse(spec), stored).lines
    assert (again.basis, again.earned, again.value) == ("measured", "0.00", line["value"])
    client.force_login(cast.ruth)
    page = client.get(run.get_absolute_url()).content.decode()
    assert "board pi4-01" in page and "pi4-01 measured " in page and "are modelled" in page


def test_without_a_board_in_time_it_is_measured_here_and_says_so(cast, lab):
    add_board(cast)
    run = handed_in(cast)
    assert worker.work_once("bench@test")
    Runner.objects.update(last_seen_at=timezone.now() - timedelta(hours=1))
    Job.objects.filter(pk=run.pk).update(queued_at=timezone.now() - timedelta(hours=5), not_before=timezone.now())
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert run.status == Status.PARKED  # the lab asks the staff whether that may count
    assert BoardJob.objects.get(board_run__for_job=run).outcome == Outcome.CANCELLED


def test_a_board_that_fails_costs_the_student_nothing(cast, lab):
    _, board = add_board(cast)
    run = handed_in(cast)
    assert worker.work_once("bench@test")
    for _ in range(leases.MAX_FAULTS):
        BoardJob.objects.filter(status=Status.QUEUED).update(not_before=timezone.now())
        job = board.job()
        if job["purpose"] == "health":
            board.carry_out(job)
            job = board.job()
        assert (
            board.call(job, "finish", outcome="infrastructure", why="no space left", log={"bytes": 0}).status_code
            == 200
        )
    run.refresh_from_db()
    assert run.not_before <= timezone.now() and run.faults == 0
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert run.status == Status.PARKED


def test_cancelling_the_run_takes_it_off_the_board(cast, lab):
    _, board = add_board(cast)
    run = handed_in(cast)
    assert worker.work_once("bench@test")
    job = board.job()
    board.call(job, "start")
    leases.job_cancel(run, by="ruth")
    assert board.call(job, "beat").json() == {"do": "cancel"}


def test_a_model_that_fails_the_check_never_reaches_a_board(cast, lab):
    add_board(cast)
    run = handed_in(cast, "wrong-shape.onnx")
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert run.outcome == Outcome.REFUSED and not BoardRun.objects.exists()


def test_what_was_measured_stands_beside_what_is_modelled():
    board = {"runner": "pi4-01", "p50_ms": 41.2}
    verdict = {"latency_ms": 44.0, "latency_interval_ms": (36.0, 55.0), "extrapolated": False}
    assert beside_the_model(board, verdict).endswith("within the 90 % interval of the model.")
    assert "measured is slower than the interval" in beside_the_model(board | {"p50_ms": 60.0}, verdict)
    assert beside_the_model(board | {"p50_ms": 9.0}, verdict | {"extrapolated": True}).endswith(
        "never met such a model."
    )
    assert beside_the_model(board, None) == beside_the_model(board, {"latency_ms": None}) == ""


def test_what_no_board_has_is_told_to_the_staff_at_once_and_measured_here_after_the_wait(cast, lab, client):
    add_board(cast)
    lab.bench_spec = lab.bench_spec | {"board": {"tags": ["camera"]}, "fallback": "emulation"}
    lab.save()
    run = handed_in(cast)
    assert worker.work_once("bench@test")
    asked = BoardJob.objects.get(purpose="measure")
    assert asked.tags == ["camera"]
    titles = Notification.objects.filter(kind="hardware").values_list("person__name", "title")
    said = "No board here can take what a lab asks for: Raspberry Pi 4, 4 GB, tagged camera"
    assert {(name, said) for name in ("Helen", "Ines", "Amit")} == set(titles)
    Job.objects.filter(pk=run.pk).update(not_before=timezone.now())
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert run.status == Status.QUEUED and "pi4-01 has no tag camera" in run.moves.last().why
    Job.objects.filter(pk=run.pk).update(not_before=timezone.now(), queued_at=timezone.now() - timedelta(hours=5))
    assert worker.work_once("bench@test")
    run.refresh_from_db()
    assert run.outcome == Outcome.MEASURED
    graded = run.result.environment["graded_by"]
    assert graded["reason"] == "No board tagged camera was free within 4 h."
    client.force_login(cast.ruth)
    assert graded["reason"] in client.get(run.get_absolute_url()).content.decode()
