"""The agent and the site, both real, over HTTP: what one says the other understands."""

import re
import threading
import time

import pytest

from courseplatform.core.errors import Conflict
from hardware import leases
from hardware.leases import JobKind
from hardware.models import BoardEnd, BoardJob, Duty, Health, Outcome, Runner, Status
from hardware.ondevice.runner import __main__ as command
from hardware.ondevice.runner import settings
from hardware.ondevice.runner.isolation import Isolation
from hardware.ondevice.runner.loop import Agent
from hardware.ondevice.runner.version import version
from hardware.ondevice.runner.words import Revoked
from hardware.ondevice.sandbox import choice
from hardware.runners.duty import duty_change
from hardware.runners.enrolling import code_make
from hardware.runners.files import log_text
from tests.hardware.runners.boards import add_board, make_work
from tests.runner_protocol.scripted_site import step


@pytest.fixture
def probe(monkeypatch):
    kind = JobKind("board_probe", lambda *_: None, lambda: None, ttl_s=60, start_within_s=120)
    monkeypatch.setitem(leases._kinds, "board_probe", kind)
    monkeypatch.setattr("hardware.line.BOARD_KINDS", ("board_run", "board_health", "board_calibration", "board_probe"))


def until(condition, said, within_s=40):
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, said
        time.sleep(0.05)


@pytest.fixture
def started():
    """Agents, to be stopped whatever happens."""
    agents = []
    yield agents
    for agent in agents:
        agent.stop()


def start(folder, started):
    said, ended = [], []
    isolation = Isolation(choice.detect("auto"), None, "not tried in this test")
    agent = Agent(folder, settings.load(folder), settings.load_token(folder), isolation, say=said.append)

    def run():
        try:
            agent.run()
        except Exception as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    started.append(agent)
    return thread, said, ended


def test_a_board_from_its_code_to_its_revocation(
    cast, live_server, probe, model, started, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("hardware.runners.polling.POLL_S", 0.1)
    monkeypatch.setattr("hardware.runners.leasing.BEAT_S", 0.1)
    runner, _, code = add_board(cast, enrolled=False)
    folder = tmp_path / "runner"

    def enroll(with_code):
        return command.main(["enroll", "--site", live_server.url, "--code", with_code, "--folder", str(folder)])

    assert enroll("ABCD-EFGH-JKLM") == 1  # the site's own sentence, and nothing else
    assert re.fullmatch(r"[A-Z][^\n]+\n", capsys.readouterr().err)
    assert enroll(code) == 0
    work = make_work(cast, data=model, plan={"steps": [step("one"), step("two")], "idle_s": 0}, wall_s=60)
    thread, said, ended = start(folder, started)
    until(lambda: BoardJob.objects.get(pk=work.pk).status == Status.FINISHED, said)
    done, row = BoardJob.objects.get(pk=work.pk), Runner.objects.get(pk=runner.pk)
    assert (done.outcome, done.attempt) == (Outcome.MEASURED, 1)
    assert BoardEnd.objects.filter(job=work, counted=True).count() == 1
    assert "two: ok" in log_text(done, 1)
    assert (row.health, row.facts["agent"]) == (Health.GOOD, version())
    assert done.environment["thermal"] in {"ok", "unknown"}
    # A board that is revoked in the middle of a job stops, and its folder can be enrolled again.
    again = make_work(cast, data=model, plan={"steps": [step()] * 40, "idle_s": 0}, wall_s=60)
    until(lambda: BoardJob.objects.get(pk=again.pk).status == Status.RUNNING, said)
    duty_change(visit=cast.visit(cast.helen), runner=Runner.objects.get(pk=runner.pk), to=Duty.REVOKED)
    thread.join(20)
    assert not thread.is_alive(), said
    assert isinstance(ended[0], Revoked) and ended[0].for_good
    with pytest.raises(Conflict):
        code_make(runner=Runner.objects.get(pk=runner.pk), by="helen")
    assert BoardJob.objects.get(pk=again.pk).status == Status.QUEUED
