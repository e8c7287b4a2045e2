"""The whole suite in three lanes; one closing table; one last line.

It is cut into a few sessions of pytest. Two lanes, one for each processor, take what computes: what runs in pytest's own process on SQLite
(in three parts), what touches the database again, on PostgreSQL, and what starts whole programs. The third takes what waits more than
it computes: nights on which something fails and has to come back. Images are built beside; the whole deployment comes once its own are there.

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
from tests.load import figures

REQUIRED = os.environ.get("REQUIRE") == "all"
SLOWEST = 20
LANES = 2
PARTS = ("tests/grading", "tests/courseplatform")  # half of the tests each, and most of the time
# Sites, workers, sandboxes and containers, for real.
PROGRAMS = ("tests/hostile", "tests/journeys", "tests/docker", "tests/cli")
# Those of them that wait, for leases to run out and services to come back.
NIGHTS = tuple(f"tests/journeys/test_{name}.py" for name in ("faults", "two_worker_hosts", "runner_faults", "restore"))
DEPLOYED = "tests/docker/test_stack.py"


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


def build_images(scratch: Path, module: str) -> None:
    """Minutes on a new machine. What fails here fails again, with its reason, in the tests that need an image."""
    if not parts.find("docker")[0]:
        return
    with (scratch / f"{module}.txt").open("w") as said:
        subprocess.run(
            [sys.executable, "-m", module],
            check=False,
            cwd=parts.ROOT,
            stdout=said,
            stderr=subprocess.STDOUT,
        )


def with_images(name: str, scratch: Path, images: Future[None], *arguments: str, **env: str) -> list[dict]:
    images.result()
    return session(name, scratch, [*arguments], **env)


def sessions(
    scratch: Path, beside: ThreadPoolExecutor
) -> tuple[list[Callable[[], list[dict]]], list[Callable[[], list[dict]]]]:
    """The whole suite, in the order in which its sessions begin: (those that compute, those that wait)."""
    first, last = (partial(session, f"sqlite-{Path(part).name}", scratch, [part]) for part in PARTS)
    others = ["tests", *(f"--ignore={folder}" for folder in (*PARTS, *PROGRAMS))]
    rest = partial(session, "sqlite-rest", scratch, others)
    benches, deployed = (
        beside.submit(build_images, scratch, name) for name in ("tests.bench_images", "tests.docker.stack")
    )
    elsewhere = [f"--ignore={path}" for path in (*NIGHTS, DEPLOYED)]
    programs = partial(with_images, "programs", scratch, benches, *PROGRAMS, *elsewhere)
    nights = partial(session, "nights", scratch, [*NIGHTS])
    stack = partial(with_images, "stack", scratch, deployed, DEPLOYED, STACK="1")
    return [first, rest, programs, partial(on_postgresql, scratch, []), last], [nights, stack]


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
    played = Counter(line["outcome"] for line in lines if "stack" in line["parts"])
    for name in parts.STACK if played["passed"] else ():
        counted = (str(played[word]) for word in ("passed", "failed", "skipped"))
        rows.append((f"stack: {name}", parts.in_stack(name) or "missing", *counted, ""))
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print(f"\n{figures.proofs(lines)}\n")
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
        with ThreadPoolExecutor(1) as beside, ThreadPoolExecutor(LANES) as lanes, ThreadPoolExecutor(1) as waiting:
            compute, wait = (chosen(scratch, arguments), []) if arguments else sessions(scratch, beside)
            running = [waiting.submit(one) for one in wait] + [lanes.submit(one) for one in compute]
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
