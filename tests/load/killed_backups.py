"""Backups and restores that are killed with -9 at many moments, and what is left each time.

    python -m tests.load.killed_backups [tries]

A data directory with the demo's rows and some hundred files of half a MiB. Each backup and each restore runs until a moment that moves
through its whole life, and is killed there. After each: no set that is there is damaged, no half of one has a name, and the next call
goes on.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.load.figures import figure, numbers, say, table
from tests.parts import ROOT

TRIES, FILES, BYTES = 12, 300, 512 << 10
FILL = f"""
import os
from django.core.files.base import ContentFile
from grading.models import Submission
one = Submission.objects.exclude(model_file="").first()
for n in range({FILES}):
    row = Submission.objects.get(pk=one.pk)
    row.pk, row.number, row.receipt, row.upload_key, row.is_active = None, 1000 + n, f"X-{{n}}", __import__("uuid").uuid4(), False
    row.model_file.save("a.onnx", ContentFile(os.urandom({BYTES})), save=False)
    row.save(force_insert=True)
"""


def manage(data: Path, *words: str, kill_after_s: float | None = None) -> tuple[int, float]:
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(data), "DJANGO_SETTINGS_MODULE": "courseplatform.settings"}
    begun = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as child:
        try:
            child.communicate(timeout=kill_after_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    return child.returncode, time.monotonic() - begun


def sets(shelf: Path) -> list[Path]:
    return sorted(path for path in shelf.iterdir() if path.name[0].isdigit()) if shelf.is_dir() else []


def backups(row: Callable[..., None], tries: int, data: Path, shelf: Path) -> None:
    code, whole_s = manage(data, "backup", "--to", str(shelf))
    assert code == 0
    shutil.rmtree(shelf)
    killed, unfinished, finished = 0, 0, 0
    for turn in range(tries):
        code, _ = manage(data, "backup", "--to", str(shelf), kill_after_s=whole_s * (turn + 1) / tries)
        killed += code == -9
        finished += code == 0
        unfinished += any(path.name.endswith(".unfinished") for path in shelf.iterdir()) if shelf.is_dir() else 0
        for path in sets(shelf):
            assert manage(data, "backup_verify", str(path))[0] == 0, path
        shutil.rmtree(shelf / sets(shelf)[-1].name) if sets(shelf) else None
        time.sleep(1)  # sets are named by the second
    code, again_s = manage(data, "backup", "--to", str(shelf), "--verify")
    assert code == 0
    assert not [path for path in shelf.iterdir() if path.name.endswith(".unfinished")]
    row("backup", tries, killed, unfinished, 0, whole_s, again_s)


def restores(row: Callable[..., None], tries: int, data: Path, shelf: Path, into: Path) -> None:
    (made,) = sets(shelf)
    whole_s = manage(into, "restore", str(made))[1]
    killed = noted = 0
    for turn in range(tries):
        shutil.rmtree(into)
        code, _ = manage(into, "restore", str(made), kill_after_s=whole_s * (turn + 1) / tries)
        killed += code == -9
        is_unfinished = (into / "restoring.json").exists() or not (into / "milliamp.sqlite3").exists()
        noted += is_unfinished
        code, again_s = manage(into, "restore", str(made))
        assert code == 0 or not is_unfinished, (turn, code)  # 2 where it had come to its end: the site is not empty
    same = subprocess.run(["diff", "-rq", str(data / "media"), str(into / "media")], check=False).returncode
    assert same == 0
    row("restore", tries, killed, noted, same, whole_s, again_s)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="milliamp-kills-") as folder:
        data, shelf, into = Path(folder) / "data", Path(folder) / "sets", Path(folder) / "into"
        (data / "media").mkdir(parents=True)
        for words in (("migrate", "-v0"), ("load_demo", "-v0"), ("shell", "-v0", "-c", FILL)):
            assert manage(data, *words)[0] == 0, words
        say(f"{FILES} files of {BYTES >> 10} KiB and the demo")
        row = table("what|9", "tries", "killed", "half was left", "damaged", "unkilled, s|.1f", "next one, s|.1f")
        (tries,) = numbers(TRIES)
        backups(row, tries, data, shelf)
        restores(row, tries, data, shelf, into)


if __name__ == "__main__":
    sys.exit(figure(main))
