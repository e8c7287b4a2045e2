"""Every attack against every isolation that works here. It runs as free Python: more than any model can do."""

import errno
import os
import signal
import tempfile
import time
from pathlib import Path

import pytest

from hardware.ondevice import processes
from hardware.ondevice.sandbox.request import Limits, SandboxRequest
from tests.hostile.levels import ATTACK, MIB, attack, hides_files, left_by, processes_of, said


@pytest.fixture(autouse=True)
def nothing_is_left_behind(sandbox, monkeypatch, tmp_path_factory):
    before = set(left_by(sandbox))  # a worker of an earlier test may have processes that wait in this one
    tmp_path_factory.getbasetemp()  # made now: later it would be made in the folder that goes away
    with tempfile.TemporaryDirectory() as own:
        Path(own).chmod(0o755)  # another user must get through to what is staged for it
        monkeypatch.setattr(tempfile, "tempdir", own)
        yield
        assert set(left_by(sandbox)) <= before
        assert list(Path(own).iterdir()) == []


def test_an_endless_loop_is_stopped_in_time(sandbox):
    begun = time.monotonic()
    result = attack(sandbox, "endless_loop", wall_s=1.0)
    assert (result.ended, result.code) == ("timed_out", "timed_out")
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("name", ["endless_loop", "ignore_processor_limit"])
def test_a_loop_beyond_its_processor_time_is_timed_out(sandbox, name):
    assert attack(sandbox, name, cpu_s=1).ended == "timed_out"


def test_ten_gigabytes_at_once_are_refused_inside(sandbox):
    result = attack(sandbox, "allocate_10_gb")
    assert result.ended == "crashed"
    assert "MemoryError" in result.stderr_tail
    assert result.peak_rss_bytes < 512 * MIB


def test_memory_taken_bit_by_bit_is_noticed(sandbox):
    result = attack(sandbox, "grow_slowly", memory_bytes=256 * MIB)
    assert (result.ended, result.code) == ("out_of_memory", "out_of_memory")
    assert "256 MiB" in result.message


@pytest.mark.parametrize(
    "name",
    [
        "fork_bomb",
        "daemonise",
        "run_program",
        "open_socket",
        "open_unix_socket",
        "signal_parent",
        "kill_itself",
        "terminate_itself",
    ],
)
def test_what_a_model_never_needs_is_refused(sandbox, name):
    result = attack(sandbox, name)
    assert said(result) == {"refused": True, "errno": errno.EPERM}
    assert result.ended == "ok"


def test_a_thread_bomb_does_not_get_far(sandbox):
    result = attack(sandbox, "many_threads", wall_s=10.0)
    stopped = result.code == "too_many_processes"
    assert stopped or said(result)["refused"]


def test_a_write_outside_leaves_nothing(sandbox, tmp_path):
    tmp_path.chmod(0o777)
    target = tmp_path / "planted"
    assert said(attack(sandbox, "write_file", target))["refused"]
    assert not target.exists()


def test_our_own_code_cannot_be_changed_from_inside(sandbox):
    root = Path(__file__).parents[2]
    for target in ("/app/hardware/ondevice/planted.py", root / "hardware/ondevice/planted.py"):
        assert said(attack(sandbox, "write_file", target))["refused"]
    assert not (root / "hardware/ondevice/planted.py").exists()


def test_a_file_that_was_not_given_cannot_be_read(sandbox, tmp_path):
    if not hides_files(sandbox):
        pytest.skip("process limits hide no files where the kernel has no Landlock")
    secret = tmp_path / "secret"
    secret.write_text("labels")
    secret.chmod(0o644)
    assert said(attack(sandbox, "read_file", secret))["refused"]


@pytest.mark.parametrize("path", ["manage.py", "courseplatform/settings.py", ".data/secret"])
def test_settings_and_data_of_the_project_cannot_be_read(sandbox, path):
    if not hides_files(sandbox):
        pytest.skip("process limits hide no files where the kernel has no Landlock")
    assert said(attack(sandbox, "read_file", Path(__file__).parents[2] / path))["refused"]


def test_neither_environment_nor_command_line_tells_a_secret(sandbox, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "do-not-tell")
    request = SandboxRequest("{inputs}/attack.py", ("look_around",), {"attack.py": ATTACK}, Limits(wall_s=20))
    seen = said(sandbox.run(request))
    assert "SECRET_KEY" not in seen["environ"]
    assert request.nonce not in seen["cmdline"]


def test_the_command_line_of_init_tells_no_path_of_the_host(sandbox, tmp_path):
    if sandbox.name == "limits":
        pytest.skip("process limits have no init of their own")
    private = tmp_path / "model"
    private.write_bytes(b"weights")
    request = SandboxRequest("{inputs}/attack.py", ("look_at_init",), {"attack.py": ATTACK, "model": private})
    cmdline = said(sandbox.run(request))["cmdline"]
    assert cmdline
    assert str(tmp_path) not in cmdline
    assert str(ATTACK.parent) not in cmdline


def test_a_given_file_that_only_its_owner_may_read_is_readable_inside(sandbox, tmp_path):
    private = tmp_path / "model"
    private.write_bytes(b"weights")
    private.chmod(0o600)
    request = SandboxRequest(
        "{inputs}/attack.py", ("read_file", "--target", "{inputs}/model"), {"attack.py": ATTACK, "model": private}
    )
    assert not said(sandbox.run(request))["refused"]


def test_our_own_modules_can_be_imported_inside(sandbox):
    result = sandbox.run(SandboxRequest("grading.bench.inspection", ("{inputs}/model",), {"model": ATTACK}))
    assert [kind for kind, _ in result.frames] == ["error"]
    assert result.frames[0][1]["outcome"] == "refused"


def test_a_crash_names_its_signal(sandbox):
    result = attack(sandbox, "segfault")
    assert (result.ended, result.code, result.signal) == ("crashed", "crashed_signal", signal.SIGSEGV)
    assert "SIGSEGV" in result.message


def test_an_early_exit_is_a_crash_without_a_result(sandbox):
    result = attack(sandbox, "leave")
    assert (result.ended, result.code, result.exit_code) == ("crashed", "crashed_exit", 3)


def test_a_flood_of_output_is_stopped(sandbox):
    result = attack(sandbox, "flood_stdout", output_bytes=MIB)
    assert (result.ended, result.code) == ("misbehaved", "output_flood")


@pytest.mark.parametrize("name", ["forge_result", "garbage_result", "cut_result"])
def test_a_forged_result_is_not_believed(sandbox, name):
    result = attack(sandbox, name)
    assert (result.ended, result.code) == ("misbehaved", "forged_result")
    assert result.frames == ()


def test_a_flood_of_results_is_stopped(sandbox):
    assert attack(sandbox, "flood_results", result_bytes=8 * MIB).code == "forged_result"


def test_a_kill_from_outside_is_our_fault(sandbox):
    request = SandboxRequest("{inputs}/attack.py", ("wait",), {"attack.py": ATTACK}, Limits(wall_s=20))

    def kill_the_deepest(kind, body):
        processes.kill(processes_of(sandbox)[-1])

    result = sandbox.run(request, kill_the_deepest)
    assert (result.ended, result.code) == ("infrastructure", "killed_from_outside")


@pytest.mark.parametrize(
    ("name", "number"),
    [("wait", signal.SIGTERM), ("cut_result_and_wait", signal.SIGTERM), ("cut_result_and_wait", signal.SIGKILL)],
)
def test_a_machine_that_is_shut_down_is_our_fault_also_in_the_middle_of_a_frame(sandbox, name, number):
    request = SandboxRequest("{inputs}/attack.py", (name,), {"attack.py": ATTACK}, Limits(wall_s=20))
    ended = []

    def end_the_deepest(elapsed_s):
        if elapsed_s > 1.0 and begun and not ended:
            ended.append(number)
            os.kill(processes_of(sandbox)[-1], number)

    begun = []
    result = sandbox.run(request, lambda kind, body: begun.append(kind), end_the_deepest)
    assert ended
    assert (result.ended, result.code) == ("infrastructure", "killed_from_outside")


def test_whoever_watches_can_stop_it(sandbox):
    class StopError(Exception):
        pass

    def stop(elapsed_s):
        if elapsed_s > 0.2:
            raise StopError

    request = SandboxRequest("{inputs}/attack.py", ("wait",), {"attack.py": ATTACK}, Limits(wall_s=20))
    begun = time.monotonic()
    with pytest.raises(StopError):
        sandbox.run(request, None, stop)
    assert time.monotonic() - begun < 5
