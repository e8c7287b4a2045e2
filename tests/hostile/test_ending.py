"""A bench that is told to stop leaves nothing behind, and what it stages meanwhile is nobody else's to read."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from hardware.ondevice.sandbox.limits import ProcessLimits
from hardware.ondevice.sandbox.request import Limits, SandboxRequest
from tests.hardware.ondevice import models
from tests.hostile.levels import ATTACK, working
from tests.parts import ROOT


@pytest.fixture(scope="module")
def endless(tmp_path_factory):
    """A model that runs until it is stopped."""
    return models.make_torch_models(tmp_path_factory.mktemp("torch")) / "loop.pt"


@pytest.fixture
def staging():
    """Where the user without rights may go, too: the folders of pytest are root's alone."""
    with tempfile.TemporaryDirectory(prefix="staging-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_bench_that_is_stopped_leaves_no_copy_of_a_model(tmp_path, staging, endless, number):
    working("limits")
    environment = os.environ | {"TMPDIR": str(staging), "BENCH_ISOLATION": "limits", "DATA_DIR": str(tmp_path / "data")}
    environment |= {"DJANGO_SETTINGS_MODULE": "courseplatform.settings", "DEMO": "1"}
    command = [sys.executable, "manage.py", "bench", str(endless)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as bench:
        deadline = time.monotonic() + 30
        while not list(staging.glob("milliamp-*/in/model")) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert list(staging.glob("milliamp-*/in/model"))
        bench.send_signal(number)
        assert bench.wait(timeout=20) == 128 + number
    assert list(staging.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only as root is another user the reader")
def test_what_is_staged_for_the_user_without_rights_is_closed_to_all_others(monkeypatch, staging):
    working("limits")
    modes = set()

    def look(elapsed_s):
        for folder, _, files in os.walk(staging):
            modes.update(os.stat(os.path.join(folder, name)).st_mode & 0o007 for name in files)
            modes.add(os.stat(folder).st_mode & 0o007 if Path(folder) != staging else 0)

    monkeypatch.setattr("tempfile.tempdir", str(staging))
    request = SandboxRequest("{inputs}/attack.py", ("endless_loop",), {"attack.py": ATTACK}, Limits(wall_s=1.2))
    assert ProcessLimits().run(request, None, look).ended == "timed_out"
    assert modes == {0}
