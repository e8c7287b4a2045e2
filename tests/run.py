"""The whole suite in three lanes; one closing table; one last line.

It is cut into a few sessions of pytest. Two lanes, one for each processor, take what computes: what runs in pytest's own process on SQLite
(in four parts), what touches the database again, on PostgreSQL, and what starts whole programs. The third takes what waits more than
it computes: nights on which something fails and has to come back. Images are built beside; the whole deployment comes once its own are there.

A few tests that failed are asked once more, by themselves: three lanes on two cores are slower than any wait a test can name, and one late
window must not hide what the other tests found. The table names each of them with why it failed the first time; it has to be mended.

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
PARTS = ("tests/grading", "tests/courseplatform")  # a third of the tests each
MEASURING = tuple(
    f"tests/grading/{name}" for name in ("bench", "calibrating", "families", "labs", "measuring", "pipelines")
)  # with models
# Sites, workers, sandboxes and containers, for real.
PROGRAMS = ("tests/hostile", "tests/journeys", "tests/docker", "tests/cli")
# Those of them that wait, for leases to run out and services to come back.
NIGHTS = tuple(f"tests/journeys/test_{name}.py" for name in ("faults", "runner_faults", "restore"))
DEPLOYED = "tests/docker/test_stack.py"
# What a session sets beside the environment of the suite.
SETS = {"postgresql": {"MILLIAMP_TEST_DATABASE_URL": parts.POSTGRES}, "stack": {"STACK": "1"}}
BEGUN = time.monotonic()
MOST_AGAIN = 5  # more failures than these are no crowd: something is broken


def session(name: str, scratch: Path, arguments: list[str], again: bool = False) -> list[dict]:
    """One pytest process. Its tests, one record each; a session that died without a record is one failure.

    Beside another one it keeps to itself what it prints until it has ended.
    """
    called = f"{name}-again" if again else name
    record, said = scratch / f"{called}.json", scratch / f"{called}.txt"
    begun = time.monotonic()
    with said.open("w") as output:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--durations=8", *arguments], check=False, cwd=parts.ROOT,
            stdout=output, stderr=subprocess.STDOUT,
            env=os.environ | {"MILLIAMP_TEST_RECORD": str(record), "MILLIAMP_TEST_DIR": str(scratch / called)}
            | SETS.get(name, {}),
        )  # fmt: skip
    print(
        f"\n== {called}: {time.monotonic() - begun:.0f} s, {begun - BEGUN:.0f} s after the first began\n{said.read_text()}",
        flush=True,
    )
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
        return session("postgresql", scratch, arguments)
    outcome = "failed" if REQUIRED else "skipped"
    name = "everything on PostgreSQL"
    return [{"test": name, "outcome": outcome, "why": why, "parts": [], "session": "postgresql"}]


def for_postgresql() -> list[str]:
    """The files that have a test for it: to collect all the others takes a minute."""
    found = sorted((parts.ROOT / "tests").rglob("test_*.py"))
    return [str(path.relative_to(parts.ROOT)) for path in found if "mark.real_database" in path.read_text()]


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


def with_images(name: str, scratch: Path, images: Future[None], *arguments: str) -> list[dict]:
    images.result()
    return session(name, scratch, [*arguments])


def sessions(
    scratch: Path, beside: ThreadPoolExecutor
) -> tuple[list[Callable[[], list[dict]]], list[Callable[[], list[dict]]]]:
    """The whole suite, in the order in which its sessions begin: (those that compute, those that wait)."""
    measuring = partial(session, "sqlite-measuring", scratch, [*MEASURING])
    pages, platform = (
        partial(session, f"sqlite-{Path(part).name}", scratch, [part, *(f"--ignore={one}" for one in MEASURING)])
        for part in PARTS
    )
    others = ["tests", *(f"--ignore={folder}" for folder in (*PARTS, *PROGRAMS))]
    rest = partial(session, "sqlite-rest", scratch, others)
    benches, deployed = (
        beside.submit(build_images, scratch, name) for name in ("tests.bench_images", "tests.docker.stack")
    )
    elsewhere = [f"--ignore={path}" for path in (*NIGHTS, DEPLOYED)]
    programs = partial(with_images, "programs", scratch, benches, *PROGRAMS, *elsewhere)
    nights = partial(session, "nights", scratch, [*NIGHTS])
    stack = partial(with_images, "stack", scratch, deployed, DEPLOYED)
    postgresql = partial(on_postgresql, scratch, for_postgresql())
    return [measuring, rest, programs, pages, postgresql, platform], [nights, stack]


def chosen(scratch: Path, arguments: list[str]) -> list[Callable[[], list[dict]]]:
    """What the caller chose, programs too: all in one session, and once more on PostgreSQL what is for it."""
    return [partial(session, "sqlite", scratch, arguments), partial(on_postgresql, scratch, arguments)]


def once_more(scratch: Path, lines: list[dict]) -> None:
    """The few that failed, by themselves on a machine that is quiet now. Who passes keeps why it failed as `at_first`."""
    failed = {(line["session"], line["test"]): line for line in lines if line["outcome"] == "failed"}
    if not 0 < len(failed) <= MOST_AGAIN or not all("::" in test for _, test in failed):
        return
    for name in dict.fromkeys(name for name, _ in failed):
        asked = [test for where, test in failed if where == name]
        for found in session(name, scratch, asked, again=True):
            first = failed.get((name, found["test"]))
            if first and found["outcome"] == "passed":
                first.update(found, at_first=first["why"])


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
        once_more(scratch, lines)
    closing_table(lines)
    for line in lines:
        if "at_first" in line:
            print(f"PASSED THE SECOND TIME [{line['session']}] {line['test']} at first: {line['at_first']}")
        if line["outcome"] == "failed":
            print(f"FAILED [{line['session']}] {line['test']} {line['why']}")
    counts = Counter(line["outcome"] for line in lines)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped", flush=True)
    return int(counts["failed"] > 0 or counts["passed"] == 0)


if __name__ == "__main__":
    sys.exit(main())
