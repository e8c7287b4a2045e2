"""The embedded world as its operator knows it: started with one command, killed in the middle, stopped with Ctrl-C."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from courseplatform.core.web_worker import SILENCE_S
from tests.journeys.visitor import Visitor
from tests.journeys.world import World, wait_for
from tests.parts import ROOT

MODELS = ROOT / "grading" / "demo" / "models"
LONG_S = 300  # how long a test waits before it calls something missing, on a machine that does other things too


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    running = World(tmp_path_factory.mktemp("embedded") / "data")
    try:
        running.wait_healthy()
        yield running
    finally:
        running.stop(signal.SIGKILL)
        running.end()


def test_health_names_all_parts(world):
    status, body = world.get("/healthz")
    assert status == 200
    assert json.loads(body) == {
        "status": "ok",
        "checks": dict.fromkeys(("database", "broker", "worker", "storage", "restore"), "ok"),
    }


def test_the_sign_in_page_offers_the_demo_accounts(world):
    status, body = world.get("/accounts/login/")
    assert status == 200
    assert body.count("data-demo-account=") >= 6


def test_the_demo_hand_ins_are_graded_by_the_real_worker(world):
    wait_for(world.is_idle, LONG_S, "all demo runs")
    outcomes = set(
        world.rows("select kind, outcome, count(*) from hardware_job where kind <> 'board_demo' group by kind, outcome")
    )
    without_a_worker = {("run", word, 1) for word in ("timed_out", "out_of_memory", "crashed", "infrastructure")}
    assert outcomes - without_a_worker == {
        ("run", "measured", 14), ("board_run", "measured", 1), ("run", "refused", 1), ("run", "cancelled", 2), ("run", "", 1), ("variant", "measured", 12),
    }  # fmt: skip
    assert world.rows("select count(*) from grading_result") == [(14,)]
    parked = world.rows("select evidence from grading_parkedresult")
    assert [row["code"] for (evidence,) in parked for row in json.loads(evidence)] == ["holds_hidden_inputs"]
    code = world.rows("select error_code from hardware_job where outcome = 'refused'")
    assert code == [("input_mismatch",)]


def test_manage_py_is_the_same_world_while_it_runs(world):
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", "from grading.models import Run; print(Run.objects.count())"],
        cwd=ROOT, env={"PATH": os.environ["PATH"], "DATA_DIR": str(world.data_dir)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "22"


def hand_in(world, file, person, assignment):
    """Through the service, in a process of its own, as the demo does."""
    code = f"""
from pathlib import Path; from hashlib import sha256; from uuid import uuid4; import shutil, tempfile
from grading.demo.load import LocalUpload
from grading.models import Assignment
from grading.services.submissions import submission_create
from courseplatform.accounts.models import User
copy = Path(shutil.copy({str(MODELS / file)!r}, tempfile.mkdtemp()))
upload = LocalUpload(copy.name, copy.stat().st_size, sha256(copy.read_bytes()).hexdigest(), copy)
person, lab = User.objects.get(email={person!r}), Assignment.objects.get(course__slug="demo", slug={assignment!r})
made, _ = submission_create(person=person, assignment=lab, upload=upload, upload_key=uuid4())
print(made.runs.get().pk.hex, flush=True)
import os; os._exit(0)  # the run is on its way already
"""
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(world.data_dir), "LOG_LEVEL": "ERROR"},
    )  # fmt: skip
    return done.stdout.strip().splitlines()[-1]


def status_of(world, run):
    return world.rows("select status, outcome, faults from hardware_job where id = ?", run)[0]


def test_a_worker_killed_in_the_middle_of_a_run_loses_nothing(world):
    wait_for(world.is_idle, LONG_S, "an idle worker")
    for file in ("digits-wide.pt", "digits-middle.pt", "digits-narrow.pt2"):
        run = hand_in(world, file, "sofia.lindgren@example.edu", "lab3")
        wait_for(lambda: status_of(world, run)[0] not in ("queued", "leased"), LONG_S, "the run")  # noqa: B023
        if status_of(world, run)[0] == "running":
            break  # else it was over before the process that handed it in had ended, and nobody could kill its worker
    assert status_of(world, run)[0] == "running"
    os.kill(world.child("celery", "bench@"), signal.SIGKILL)
    wait_for(
        lambda: status_of(world, run)[0] == "finished", LONG_S, "the run after the kill"
    )  # how soon: tests/load/killed_workers.py
    assert status_of(world, run) == ("finished", "measured", 1)
    assert world.rows("select count(*) from grading_result where run_id = ?", run) == [(1,)]
    moves = [
        move for (move,) in world.rows("select moved_to from hardware_jobmove where subject_id = ? order by id", run)
    ]
    assert moves == ["leased", "running", "queued", "leased", "running", "finished"]


def test_the_broker_killed_is_started_again_and_work_goes_on(world):
    os.kill(world.child("valkey"), signal.SIGKILL)
    wait_for(lambda: world.get("/healthz")[0] == 200, LONG_S, "health after the broker's death")
    run = hand_in(world, "digits-wide.onnx", "sofia.lindgren@example.edu", "lab1")
    wait_for(lambda: status_of(world, run)[0] == "finished", LONG_S, "a run after the broker's death")
    assert status_of(world, run)[1] == "measured"


def stalled(world, request: bytes, how_many: int):
    found = []
    for _ in range(how_many):
        connection = socket.create_connection(("127.0.0.1", world.port), timeout=10)
        connection.sendall(request)
        found.append(connection)
    return found


def test_stalled_clients_neither_stop_the_site_nor_keep_their_threads(world):
    """Eight threads and no bound on reading: eight bad lines stopped everybody."""
    half_a_header = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: "
    half_a_body = (
        b"POST /courses/demo/assignments/lab1/hand-in/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 90000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n"
    )  # fmt: skip
    connections = stalled(world, half_a_header, 8) + stalled(world, half_a_body, 8)
    begun = time.monotonic()
    assert world.get("/healthz")[0] == 200
    assert time.monotonic() - begun < 5
    for connection in connections:
        connection.settimeout(SILENCE_S + 10)
        connection.recv(65536)  # an answer or the end: either way the thread is free again
    again = time.monotonic()
    assert world.get("/healthz")[0] == 200  # also while gunicorn waits for the other side of all these connections
    assert time.monotonic() - again < 5
    assert again - begun < SILENCE_S + 15
    for connection in connections:
        connection.close()


def test_a_broker_that_hangs_costs_a_hand_in_seconds_and_health_says_so(world):
    broker = world.child("valkey")
    visitor = Visitor(world.url)
    visitor.sign_in("sofia.lindgren@example.edu")
    os.kill(broker, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        receipt = visitor.hand_in("lab2", MODELS / "digits-wide.onnx")
        assert "/receipts/" in receipt
        assert time.monotonic() - begun < 10
        begun = time.monotonic()
        status, body = world.get("/healthz")
        assert (status, json.loads(body)["checks"]["broker"].split(":")[0]) == (503, "failing")
        assert time.monotonic() - begun < 10
    finally:
        os.kill(broker, signal.SIGCONT)
    wait_for(world.is_idle, LONG_S, "the run whose wake-up was lost")
    wait_for(lambda: world.get("/healthz")[0] == 200, LONG_S, "health after the broker's pause")


def test_a_bench_worker_that_hangs_is_noticed(world):
    worker = world.child("celery", "bench@")
    os.kill(worker, signal.SIGSTOP)
    try:
        said = []  # the last is shown where it fails
        wait_for(
            lambda: said.append(world.get("/healthz")) or "bench is silent" in said[-1][1],
            90,
            "health noticing the silence",
        )
    except AssertionError as failed:
        raise AssertionError(f"{said[-1]}, bench: {world.rows('select * from core_heartbeat')}") from failed
    finally:
        os.kill(worker, signal.SIGCONT)
    wait_for(lambda: world.get("/healthz")[0] == 200, LONG_S, "health after the worker's pause")


def test_nobody_else_on_this_machine_can_read_the_data(world):
    assert world.data_dir.stat().st_mode & 0o077 == 0
    open_files = [path for path in world.data_dir.rglob("*") if path.is_file() and path.stat().st_mode & 0o077]
    assert [path for path in open_files if "static" not in path.parts] == []


def test_a_second_start_on_the_same_data_says_so(world):
    done = up_once(DATA_DIR=str(world.data_dir), port=world.port + 1)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "runs already" in done.stderr


def up_once(port, **env):
    return subprocess.run(
        [sys.executable, "manage.py", "up", "--port", str(port)], cwd=ROOT, capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], **env}, check=False,
    )  # fmt: skip


def test_a_port_in_use_is_one_sentence(world, tmp_path):
    done = up_once(world.port, DATA_DIR=str(tmp_path / "other"))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert f"Port {world.port} cannot be used" in done.stderr


def test_a_data_directory_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    done = up_once(0, DATA_DIR=str(tmp_path / "file" / "data"))
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "cannot be written" in done.stderr


def test_ctrl_c_stops_everything_within_fifteen_seconds(world):
    """Last of this module: the world is gone afterwards."""
    begun = time.monotonic()
    assert world.stop(signal.SIGINT) in (0, 130)
    assert time.monotonic() - begun < 15
    wait_for(lambda: not world.processes(), 3, "the end of all children")


def test_killed_with_9_the_supervisor_takes_its_children_along_and_the_data_is_kept(world):
    handed_in = world.rows("select count(*) from grading_submission")
    again = World(world.data_dir)
    again.wait_healthy(60)  # how fast a start is: tests/load/start.py
    assert again.rows("select count(*) from grading_submission") == handed_in != [(0,)]
    again.stop(signal.SIGKILL)
    wait_for(lambda: not again.processes(), 15, "the end of all children")


def test_without_demo_there_is_no_course_and_no_account(tmp_path):
    plain = World(tmp_path / "plain", DEMO="0")
    try:
        plain.wait_healthy()
        assert plain.rows("select count(*) from courses_course") == [(0,)]
        assert "data-demo-account" not in plain.get("/accounts/login/")[1]
    finally:
        plain.stop()
    shutil.rmtree(tmp_path / "plain")
