"""One call of `manage.py bench --json` on files that should not be measured, watched from outside."""

import ctypes
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from hardware.ondevice import processes
from tests.hostile.bad_files.case import MARKER, MARKER_FOLDERS, Case
from tests.parts import ROOT

PR_SET_CHILD_SUBREAPER = 36
MOST_PSS_BYTES = 6 << 30
MOST_FILE_S, MOST_ENDING_S = 60, 3
CODE = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
CLASS_NAME = re.compile(r"\w*(Error|Exception|Interrupt|Traceback)\b|<class |\b0x[0-9a-f]{6,}|File \"|\b\w+\.py\b")
LONG_AGO = 10**9


@dataclass
class Trial:
    """What came of a call. seconds: for each file, from its first reading to that of the next."""

    rows: list = field(default_factory=list)
    status: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    peak_pss_bytes: int = 0
    breaches: list[str] = field(default_factory=list)
    ended: float = 0.0
    peak_processes: int = 0
    stderr: str = ""
    stdout: str = ""


def write_all(cases: Iterable[Case], folder: Path) -> list[Path]:
    """The files of the cases in a folder of their own, read long ago so that the first reading of each can be seen."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for case in cases:
        path = folder / case.name
        path.write_bytes(case.content)
        paths.append(path)
    return paths


def run(
    paths: list[Path | bytes], folder: Path, *, options: tuple[str, ...] = (), stop: tuple[int, float] | None = None
) -> Trial:
    """Run bench on the files.

    folder: for what the call may leave behind, which is then a breach. stop: a signal, and how many seconds after the
    first file was read.
    """
    trial = Trial()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        before = set(processes.descendants(os.getpid()))
        seen = {
            parent: _listing(parent)
            for parent in {os.path.dirname(os.fspath(path)) for path in paths}
            if os.path.isdir(parent)
        }
        _age(paths)
        bench = _start(paths, folder, options)
        _watch(bench, trial, paths, stop)
        _check_end(bench, trial, before, stop)
        for parent, listing in seen.items():
            if _listing(parent) != listing:
                trial.breaches.append("something was written beside the files")
        _check_traces(folder, trial)
    finally:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    trial.seconds = _seconds(paths, time.time())
    return trial


def _start(paths: list, folder: Path, options: tuple[str, ...]) -> subprocess.Popen:
    temporary = folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DJANGO")}
    environment |= {"TMPDIR": str(temporary), "DATA_DIR": str(folder / "data")}
    command = [
        sys.executable,
        "manage.py",
        "bench",
        "--json",
        "--device",
        "laptop",
        *options,
        "--",
        *map(os.fspath, paths),
    ]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def _watch(bench: subprocess.Popen, trial: Trial, paths: list, stop: tuple[int, float] | None) -> None:
    """Read both streams to the end, and meanwhile count the memory of the whole tree, shared pages once."""
    said: dict[str, bytes] = {}
    readers = [
        threading.Thread(target=lambda n=name: said.__setitem__(n, getattr(bench, n).read()))
        for name in ("stdout", "stderr")
    ]
    for reader in readers:
        reader.start()
    begun = 0.0
    while bench.poll() is None:
        tree = [bench.pid, *processes.descendants(bench.pid)]
        trial.peak_processes = max(trial.peak_processes, len(tree))
        trial.peak_pss_bytes = max(trial.peak_pss_bytes, sum(processes.proportional_bytes(pid) or 0 for pid in tree))
        if stop and (begun := begun or _first_read(paths)) and time.time() - begun > stop[1]:
            bench.send_signal(stop[0])
            stop = None
        time.sleep(0.1)
    trial.ended = time.monotonic()
    for reader in readers:
        reader.join(MOST_ENDING_S + 1)
    trial.stdout, trial.stderr = (said.get(name, b"").decode("utf-8", "replace") for name in ("stdout", "stderr"))


def _check_end(bench: subprocess.Popen, trial: Trial, before: set[int], stop: tuple[int, float] | None) -> None:
    trial.status = bench.returncode
    while left := [pid for pid in processes.descendants(os.getpid()) if pid not in before and not _is_dead(pid)]:
        if time.monotonic() - trial.ended > MOST_ENDING_S:
            trial.breaches.append(f"{len(left)} processes were left running")
            for pid in left:
                processes.kill(pid)
            break
        time.sleep(0.05)
    _reap(before)
    if trial.peak_pss_bytes > MOST_PSS_BYTES:
        trial.breaches.append(f"the whole tree took {trial.peak_pss_bytes >> 20} MiB")
    if stop:
        return
    if trial.status not in (0, 1):
        trial.breaches.append(f"exit status {trial.status}")
    if CLASS_NAME.search(trial.stderr):
        trial.breaches.append(f"standard error holds a trace or a class: {trial.stderr[-300:]!r}")
    try:
        trial.rows = json.loads(trial.stdout)
    except ValueError:
        trial.breaches.append(f"standard output is no JSON: {trial.stdout[:200]!r}")


def _is_dead(pid: int) -> bool:
    """Ended, but nobody has asked how: an orphan that came to us."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _reap(before: set[int]) -> None:
    for pid in processes.children(os.getpid()):
        if pid not in before and _is_dead(pid):
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue


def _check_traces(folder: Path, trial: Trial) -> None:
    left = os.listdir(folder / "tmp")
    if left:
        trial.breaches.append(f"left in the temporary folder: {left[:3]}")
    for place in MARKER_FOLDERS:
        for name in os.listdir(place):
            if name.startswith(MARKER):
                trial.breaches.append(f"{place}/{name} was made: something ran outside")
                os.unlink(f"{place}/{name}")


def _listing(folder) -> list:
    with os.scandir(folder) as entries:
        return sorted(
            (entry.name, entry.stat(follow_symlinks=False).st_size, entry.stat(follow_symlinks=False).st_mtime_ns)
            for entry in entries
        )


def _age(paths: list) -> None:
    """The kernel notes the first reading of a file that was changed after it was last read (relatime)."""
    for path in paths:
        if os.path.isfile(path) and not os.path.islink(path):
            os.utime(path, ns=(LONG_AGO * 10**9, os.stat(path).st_mtime_ns))


def _first_read(paths: list) -> float:
    """When the first of the files was read; zero before."""
    return min((os.stat(path).st_atime for path in paths if os.stat(path).st_atime > LONG_AGO + 1), default=0.0)


def _seconds(paths: list, end: float) -> dict[str, float]:
    begun = [(os.stat(path).st_atime, os.path.basename(os.fspath(path))) for path in paths if os.path.isfile(path)]
    read = sorted(pair for pair in begun if pair[0] > LONG_AGO + 1)
    return {
        name: round(after - start, 2) for (start, name), (after, _) in zip(read, [*read[1:], (end, "")], strict=False)
    }


def faults_of(row: dict, case: Case | None) -> list[str]:
    """What is wrong with the answer to one file."""
    if "error" not in row:
        return [] if case is None or case.may_run else ["measured"]
    error = row["error"]
    if set(row) != {"file", "error"} or set(error) != {"code", "message"}:
        return [f"other keys: {sorted(row)}, {sorted(error)}"]
    found = []
    code, message = error["code"], error["message"]
    if not CODE.fullmatch(code):
        found.append(f"the code {code!r}")
    if len(message.split()) < 3 or not message.isprintable() or message[-1:] not in ".!?" or len(message) > 700:
        found.append("no plain sentence")
    if CLASS_NAME.search(message):
        found.append("a class name or a trace in the sentence")
    if case is not None and case.codes and code not in case.codes:
        found.append(f"the code {code}, not {' or '.join(case.codes)}")
    if code in {"killed_from_outside", "harness_fault", "check_failed", "sandbox_failed", "isolation_unavailable"}:
        found.append("called a fault of ours")
    return found


def judge(trial: Trial, cases: list[Case]) -> dict[str, list[str]]:
    """name -> faults, of every file with any; "call" -> those of the call as a whole."""
    found: dict[str, list[str]] = {"call": list(trial.breaches)} if trial.breaches else {}
    if trial.rows and [row.get("file") for row in trial.rows] != [case.name for case in cases]:
        found.setdefault("call", []).append("rows are missing, or in another order")
        return found
    for row, case in zip(trial.rows, cases, strict=False):
        faults = faults_of(row, case)
        if trial.seconds.get(case.name, 0) > MOST_FILE_S:
            faults.append(f"{trial.seconds[case.name]:.0f} s")
        if faults:
            found[case.name] = faults
    return found
