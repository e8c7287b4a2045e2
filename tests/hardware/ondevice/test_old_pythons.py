"""What travels to a device runs on the Pythons that boards have."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def vermin(path):
    argv = [
        str(Path(sys.executable).with_name("vermin")),
        "--target=3.9-",
        "--no-tips",
        "--no-parse-comments",
        "-v",
        str(path),
    ]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout


def test_it_asks_for_nothing_newer_than_python_39(tmp_path):
    code, said = vermin(ROOT / "hardware" / "ondevice")
    assert code == 0, said
    newer = tmp_path / "newer.py"
    newer.write_text("list(zip([1], [2], strict=True))\n")
    assert vermin(newer)[0] == 1
