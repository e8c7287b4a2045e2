"""The agent as a process of its own, killed with -9 wherever it stands, and started again."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hardware.ondevice.runner import __main__ as command
from hardware.ondevice.runner import settings
from hardware.ondevice.runner.loop import kill_leftovers
from tests.runner_protocol.scripted_site import Cut, step

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def launch(folder):
    started = []

    def launching():
        argv = [sys.executable, "-m", "hardware.ondevice.runner", "run", "--folder", str(folder)]
        process = subprocess.Popen(argv, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE)
        started.append(process)
        return process

    yield launching
    for process in started:
        process.kill()
        process.communicate()


def wait_for(condition, within_s=30.0):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("call", "after", "expected"),
    [
        ("download", False, "given back"),
        ("start", False, "given back"),
        ("start", True, "given back"),
        ("beat", True, "given back, our fault"),
        ("upload", True, "finished"),
        ("finish", False, "finished"),
        ("finish", True, "finished"),
    ],
)
def test_killed_anywhere_a_job_is_neither_lost_nor_run_twice(
    site, launch, model, call, after, expected, capsys, folder
):
    lease = site.add(model, steps=[step()] * (20 if call == "beat" else 1))
    agent, killed = launch(), []

    def kill(_):
        has_begun = call != "beat" or site.count("start")  # beats come before the start too
        if has_begun and not killed:
            killed.append(1)
            agent.kill()
            agent.wait()
            raise Cut(after)

    site.on[call] = kill
    wait_for(lambda: killed)
    wait_for(lambda: kill_leftovers({lease}) == 0, within_s=3)  # the sandbox has ended with the agent
    begun = time.monotonic()
    again = launch()
    wait_for(lambda: site.count("lease") >= 2 and site.ended(lease) and site.leases[-1]["held"] == [])
    assert time.monotonic() - begun < 20
    again.send_signal(signal.SIGTERM)
    assert again.wait(10) == 0
    assert site.count("start") <= 1
    if expected == "finished":
        assert json.loads(site.finished[lease])["outcome"] == "done"
        assert site.released == []
    else:
        (back,) = site.released
        assert back["fault"] is ("our fault" in expected)
        assert "restarted" in back["why"]
        assert lease not in site.finished
    assert command.main(["status", "--folder", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "does not run" in said
    assert ("taken by the site" if expected == "finished" else "given back") in said


def test_the_site_is_away_when_it_is_stopped_and_gets_the_result_from_the_next_run(site, launch, model, folder):
    lease = site.add(model)
    site.on["finish"] = lambda _: (503, {})
    agent = launch()
    wait_for(lambda: site.count("finish") >= 2)
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(10) == 0
    site.on.clear()
    agent = launch()
    wait_for(lambda: lease in site.finished)
    wait_for(lambda: site.leases[-1]["held"] == [])
    site.token = "another"
    assert agent.wait(10) == 3
    assert site.count("start") == 1
    assert not (folder / "token").exists()  # the folder may be enrolled again
    assert command.main(["run", "--folder", str(folder)]) == 5


def test_a_call_that_hangs_does_not_keep_it_from_ending(site, launch, model, folder):
    settings.save(folder, replace(settings.load(folder), stop_s=1.0))
    lease = site.add(model)
    hanging = threading.Event()
    site.on["finish"] = lambda _: (503, {}) if hanging.wait(15) else None
    agent = launch()
    wait_for(lambda: site.count("finish"))
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(5) == 0
    hanging.set()
    site.on.clear()
    launch()
    wait_for(lambda: lease in site.finished)
    assert site.count("start") == 1


def test_what_the_site_drops_is_forgotten(site, launch, model, folder):
    """A site that was restored from a backup may not know a result that is brought to it, and says so."""
    lease = site.add(model)
    site.on["finish"] = lambda _: (409, {"code": "finish_differs", "message": "Another ending was recorded."})
    agent = launch()
    wait_for(lambda: site.count("finish") == 1 and site.calls[-1] == "lease")
    assert site.leases[-1]["held"] == []
    assert not site.ended(lease)
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(10) == 0
    assert b"Another ending" in agent.stderr.read()


def test_two_agents_do_not_share_a_folder(site, launch):
    first = launch()
    wait_for(lambda: site.count("lease"))
    second = launch()
    assert second.wait(20) == 5
    assert b"Another agent runs" in second.stderr.read()
    first.send_signal(signal.SIGTERM)
    assert first.wait(10) == 0
