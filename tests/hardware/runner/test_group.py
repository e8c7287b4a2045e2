"""The memory group: what is said where there is none, and that one which is there holds."""

import errno
import json
import time
from pathlib import Path

import pytest

from hardware.ondevice.runner import enrolling, group, isolation, loop
from hardware.ondevice.runner.group import NOT_OURS, SWITCHED_OFF, NoGroup, proven
from hardware.ondevice.runner.loop import kill_leftovers
from tests.hardware.runner.test_machine import write
from tests.runner_protocol.scripted_site import step


def reason(root, proc):
    with pytest.raises(NoGroup) as raised:
        proven("milliamp-test", root, proc)
    return str(raised.value)


def test_what_is_missing_is_said_with_what_to_do(tmp_path):
    root, proc = tmp_path / "cgroup", tmp_path / "proc"
    write(
        tmp_path, {"proc/self/cgroup": "0::/system.slice/x.service", "cgroup/cgroup.controllers": "cpuset cpu io pids"}
    )
    assert reason(root, proc) == SWITCHED_OFF
    assert "cgroup_enable=memory" in SWITCHED_OFF
    write(root, {"cgroup.controllers": "cpu memory", "system.slice/x.service/cgroup.controllers": "cpu"})
    assert reason(root, proc) == NOT_OURS


@pytest.fixture
def kernel(monkeypatch):
    """Answers writes to cgroup.subtree_control with these error numbers, one after the other, and takes what comes then."""
    answers = []
    write_text = Path.write_text

    def written(path, text, *more, **words):
        if path.name == "cgroup.subtree_control" and answers:
            number = answers.pop(0)
            raise OSError(number, errno.errorcode[number])
        return write_text(path, text, *more, **words)

    monkeypatch.setattr(Path, "write_text", written)
    return answers


def service_of(tmp_path):
    """A control group as systemd hands it on, and the folder that says whose it is."""
    root, proc = tmp_path / "cgroup", tmp_path / "proc"
    write(tmp_path, {"proc/self/cgroup": "0::/x.service", "cgroup/cgroup.controllers": "memory"})
    write(root / "x.service", {"cgroup.controllers": "memory", "cgroup.subtree_control": ""})
    (root / "x.service" / "agent").mkdir()
    return root, proc


def test_what_the_kernel_still_takes_down_in_our_group_is_waited_for(tmp_path, kernel):
    root, proc = service_of(tmp_path)
    kernel.extend([errno.EBUSY] * 3)
    assert reason(root, proc).startswith("A memory limit was taken")  # got as far as trying it, on ordinary files
    assert kernel == []
    assert (root / "x.service" / "cgroup.subtree_control").read_text() == "+memory"


def test_what_the_kernel_says_is_told(tmp_path, kernel, monkeypatch):
    monkeypatch.setattr(group, "EMPTY_WITHIN_S", 0.05)
    root, proc = service_of(tmp_path)
    kernel.extend([errno.EBUSY] * 1000)
    assert reason(root, proc) == f"{NOT_OURS} The kernel says EBUSY (EBUSY) at {root / 'x.service'}."
    kernel[:] = [errno.EACCES]
    assert "EACCES" in reason(root, proc)


def test_a_limit_that_was_missing_at_the_start_is_tried_again(site, start, model, tmp_path, monkeypatch):
    """A job that is a program is done when the limit is there, and nobody had to start the agent again."""
    tries = []

    def proven(name):
        tries.append(name)
        if len(tries) == 1:
            raise NoGroup("EBUSY, for example.")
        (tmp_path / "group").mkdir()
        return group.MemoryGroup(tmp_path / "group", modern=True)

    monkeypatch.setattr(group, "proven", proven)
    monkeypatch.setattr(loop, "LIMIT_AGAIN_S", 20.0)
    running = start(isolation=isolation.find("milliamp-test"))
    running.until(lambda: site.leases and site.leases[-1]["facts"]["isolation"]["memory_limit"])
    lease = site.add(model, needs_memory_limit=True)
    running.until(lambda: lease in site.finished).stop()
    assert tries == ["milliamp-test"] * 2
    assert running.said[0] == "Memory cannot be bounded. EBUSY, for example."
    assert "Memory is bounded now." in running.said
    assert (tmp_path / "group" / "memory.max").exists()  # what ran was bounded


def test_a_limit_that_is_taken_and_does_not_hold_is_none(tmp_path):
    """As `docker run --memory` on Raspberry Pi OS: ordinary files take everything and bound nothing."""
    root, proc = tmp_path / "cgroup", tmp_path / "proc"
    write(
        tmp_path,
        {"proc/self/cgroup": "0::/", "cgroup/cgroup.controllers": "memory", "cgroup/cgroup.subtree_control": "memory"},
    )
    assert reason(root, proc) == "A memory limit was taken, but a process went beyond it and was not stopped."
    assert (root / "milliamp-test" / "memory.max").read_text() == str(64 << 20)


def test_a_job_that_is_a_program_runs_where_memory_is_bounded(site, start, model, folder):
    found = isolation.find("milliamp-test")
    if found.group is None:
        pytest.skip(found.why)
    assert found.as_json() == {"name": found.sandbox.name, "memory_limit": True, "why": ""}
    small = {"wall_s": 30.0, "cpu_s": 30, "memory_bytes": 16 << 20, "threads": 64}
    lease = site.add(model, steps=[step(), step("hungry", limits=small)], needs_memory_limit=True)
    start(isolation=found).until(lambda: lease in site.finished).stop()
    good, hungry = json.loads(site.kept[lease, "results.json"])["steps"]
    assert (good["ended"], hungry["ended"]) == ("ok", "out_of_memory")
    assert not found.group.folder.exists()  # taken away with the agent


def test_enrolling_says_what_holds_here(monkeypatch):
    def none(*_):
        raise isolation.SandboxError("No isolation works on this machine.")

    monkeypatch.setattr("hardware.ondevice.sandbox.choice.detect", none)
    said, _ = enrolling.isolation_facts("0" * 32)
    assert said == {"name": "none", "memory_limit": False, "why": "No isolation works on this machine."}


def test_what_was_left_of_a_lease_is_killed():
    import subprocess
    import sys

    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env={"MILLIAMP_LEASE": "abc"})
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env={"MILLIAMP_LEASE": "abd"})
    try:
        deadline = time.monotonic() + 5
        while not kill_leftovers({"abc"}) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert left.wait(5) == -9
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
        left.kill()
