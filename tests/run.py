"""The whole suite in two lanes, one for each processor; one closing table; one last line.

It is cut into a few sessions of pytest, and a lane that is free takes the next of them: what runs in pytest's own process on SQLite
(in three parts), what touches the database again, on PostgreSQL, and what starts whole programs. The programs are the longest and
come as soon as the images can be there, which are built beside.

`REQUIRE=all` turns a missing real part into failures. Arguments go to pytest (`python -m tests.run -k leases`).
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests import parts

REQUIRED = os.environ.get("REQUIRE") == "all"
SLOWEST = 20
LANES = 2
PARTS = ("tests/grading", "tests/courseplatform")  # half of the tests each, and most of the time
# Sites, workers, sandboxes and containers, for real.
PROGRAMS = ("tests/hostile", "tests/journeys", "tests/docker", "tests/cli")


def session(name: str, scratch: Path, arguments: list[str], **env: str) -> list[dict]:
    """One pytest process. Its tests, one record each; a session that died without a record is one failure.

    Beside another one it keeps to itself what it prints until it has ended.
    """
    record, said = scratch / f"{name}.json", scratch / f"{name}.txt"
    begun = time.monotonic()
    with said.open("w") as output:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--durations=8", *arguments], check=False, cwd=parts.ROOT,
            stdout=output, stderr=subprocess.STDOUT,
            env=os.environ | {"MILLIAMP_TEST_RECORD": str(record), "MILLIAMP_TEST_DIR": str(scratch / name)} | env,
        )  # fmt: skip
    print(f"\n== {name}: {time.monotonic() - begun:.0f} s\n{said.read_text()}", flush=True)
    lines = json.loads(record.read_text()) if record.exists() else []
    if done.returncode not in (0, 5) and not any(line["outcome"] == "failed" for line in lines):
        lines.append(
            {
                "test": f"the {name} session",
                "outcome": "failed",
                "why": f"pytest ended with {done.returncode}",
                "parts": [],
            }
        )
    return [line | {"session": name} for line in lines]


def on_postgresql(scratch: Path, arguments: list[str]) -> list[dict]:
    """What touches the database, on a real one; a missing one is one skip, or one failure where it is required."""
    version, why = parts.find("postgresql")
    if version:
        return session("postgresql", scratch, arguments, MILLIAMP_TEST_DATABASE_URL=parts.POSTGRES)
    outcome = "failed" if REQUIRED else "skipped"
    name = "everything on PostgreSQL"
    return [{"test": name, "outcome": outcome, "why": why, "parts": [], "session": "postgresql"}]


def build_images(scratch: Path) -> None:
    """Minutes on a new machine. What fails here fails again, with its reason, in the tests that need an image."""
    if not parts.find("docker")[0]:
        return
    with (scratch / "images.txt").open("w") as said:
        subprocess.run(
            [sys.executable, "-m", "tests.bench_images"],
            check=False,
            cwd=parts.ROOT,
            stdout=said,
            stderr=subprocess.STDOUT,
        )


def programs(scratch: Path, images: Future[None]) -> list[dict]:
    images.result()
    return session("programs", scratch, [*PROGRAMS])


def sessions(scratch: Path, images: Future[None]) -> list[Callable[[], list[dict]]]:
    """The whole suite, in the order in which its sessions begin."""
    first, last = (partial(session, f"sqlite-{Path(part).name}", scratch, [part]) for part in PARTS)
    others = ["tests", *(f"--ignore={folder}" for folder in (*PARTS, *PROGRAMS))]
    rest = partial(session, "sqlite-rest", scratch, others)
    return [first, rest, partial(programs, scratch, images), partial(on_postgresql, scratch, []), last]


def chosen(scratch: Path, arguments: list[str]) -> list[Callable[[], list[dict]]]:
    """What the caller chose, programs too: all in one session, and once more on PostgreSQL what is for it."""
    return [partial(session, "sqlite", scratch, arguments), partial(on_postgresql, scratch, arguments)]


def closing_table(lines: list[dict]) -> None:
    print("\n== what ran against which real part")
    rows = [("part", "version", "passed", "failed", "skipped", "why skipped")]
    for name in ("sqlite", *parts.FINDERS):
        if name in ("sqlite", "postgresql"):
            mine = [line for line in lines if (line["session"] == "postgresql") == (name == "postgresql")]
        else:
            mine = [line for line in lines if name in line["parts"]]
        version, why = ("in Python", "") if name == "sqlite" else parts.find(name)
        counts = Counter(line["outcome"] for line in mine)
        rows.append(
            (name, version[:40] or "missing", *(str(counts[word]) for word in ("passed", "failed", "skipped")), why)
        )
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    seconds: Counter[str] = Counter()
    for line in lines:
        seconds[f"{line['test'].partition('::')[0]} [{line['session']}]"] += line.get("seconds", 0)
    print("slowest files, s: " + ", ".join(f"{name} {total:.0f}" for name, total in seconds.most_common(SLOWEST)))
    skipped = Counter(line["why"] for line in lines if line["outcome"] == "skipped")
    for why, count in skipped.most_common():
        print(f"skipped {count} x {why}")


def main() -> int:
    arguments = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="milliamp-suite-") as folder:
        scratch = Path(folder)
        with ThreadPoolExecutor(1) as beside, ThreadPoolExecutor(LANES) as lanes:
            begin = chosen(scratch, arguments) if arguments else sessions(scratch, beside.submit(build_images, scratch))
            running = [lanes.submit(one) for one in begin]
            lines = [line for one in running for line in one.result()]
    closing_table(lines)
    for line in lines:
        if line["outcome"] == "failed":
            print(f"FAILED [{line['session']}] {line['test']} {line['why']}")
    counts = Counter(line["outcome"] for line in lines)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped", flush=True)
    return int(counts["failed"] > 0 or counts["passed"] == 0)


if __name__ == "__main__":
    sys.exit(main())
