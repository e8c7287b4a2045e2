"""The folder in which a run keeps copies of hidden inputs: gone at its end, gone after a kill, and never taken from a run that lives."""

import signal
import subprocess
import sys

import pytest

from grading.measuring.work_folder import clear, work_folder
from tests.parts import ROOT

HOLDS = """
import sys, time
from pathlib import Path
from grading.measuring.work_folder import work_folder
with work_folder(Path(sys.argv[1])) as folder:
    (folder / "inputs.npy").write_bytes(b"hidden")
    print(folder, flush=True)
    time.sleep(120)
"""


@pytest.fixture
def holding(tmp_path):
    """Another process that holds a folder with hidden inputs, and that folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path / "work")], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    folder = tmp_path / "work" / process.stdout.readline().strip().rpartition("/")[2]
    yield process, folder
    process.kill()
    process.wait()
    process.stdout.close()


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_what_a_killed_run_left_is_gone_when_the_next_one_begins(holding, tmp_path):
    process, folder = holding
    kill(process)
    assert (folder / "inputs.npy").read_bytes() == b"hidden"  # a kill leaves it there
    with work_folder(tmp_path / "work") as own:
        assert [one.name for one in (tmp_path / "work").iterdir()] == [own.name]


def test_what_a_killed_run_left_is_gone_after_clearing_up(holding, tmp_path):
    process, folder = holding
    kill(process)
    clear(tmp_path / "work")
    assert not folder.exists()


def test_the_folder_of_a_run_that_lives_is_left_alone(holding, tmp_path):
    _, folder = holding
    with work_folder(tmp_path / "work") as own:
        assert own != folder
    clear(tmp_path / "work")
    assert (folder / "inputs.npy").read_bytes() == b"hidden"


def test_a_run_that_fails_leaves_nothing(tmp_path):
    def failing():
        with work_folder(tmp_path / "work") as own:
            (own / "inputs.npy").write_bytes(b"hidden")
            raise ValueError

    with pytest.raises(ValueError):
        failing()
    assert list((tmp_path / "work").iterdir()) == []


def test_clearing_up_where_nothing_was_ever_kept_makes_no_folder(tmp_path):
    clear(tmp_path / "work")
    assert not (tmp_path / "work").exists()
