"""The whole suite: everything on SQLite, then what touches the database again on PostgreSQL; one closing table; one last line.

`REQUIRE=all` turns a missing real part into failures. Arguments go to pytest (`python -m tests.run -k leases`).
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests import parts

REQUIRED = os.environ.get("REQUIRE") == "all"


def session(name: str, scratch: Path, arguments: list[str], **env: str) -> list[dict]:
    """One pytest process. Its tests, one record each; a session that died without a record is one failure."""
    record = scratch / f"{name}.json"
    print(f"\n== {name}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--durations=8", *arguments], check=False, cwd=parts.ROOT,
        env=os.environ | {"MILLIAMP_TEST_RECORD": str(record), "MILLIAMP_TEST_DIR": str(scratch / name)} | env,
    )  # fmt: skip
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


def closing_table(lines: list[dict]) -> None:
    print("\n== what ran against which real part")
    rows = [("part", "version", "passed", "failed", "skipped", "why skipped")]
    for name in ("sqlite", *parts.FINDERS):
        if name in ("sqlite", "postgresql"):
            mine = [line for line in lines if line["session"] == name]
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
    skipped = Counter(line["why"] for line in lines if line["outcome"] == "skipped")
    for why, count in skipped.most_common():
        print(f"skipped {count} x {why}")


def main() -> int:
    arguments = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="milliamp-suite-") as folder:
        scratch = Path(folder)
        lines = session("sqlite", scratch, arguments)
        version, why = parts.find("postgresql")
        if version:
            lines += session("postgresql", scratch, arguments, MILLIAMP_TEST_DATABASE_URL=parts.POSTGRES)
        else:
            outcome = "failed" if REQUIRED else "skipped"
            lines.append(
                {
                    "test": "everything on PostgreSQL",
                    "outcome": outcome,
                    "why": why,
                    "parts": [],
                    "session": "postgresql",
                }
            )
    closing_table(lines)
    for line in lines:
        if line["outcome"] == "failed":
            print(f"FAILED [{line['session']}] {line['test']} {line['why']}")
    counts = Counter(line["outcome"] for line in lines)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped", flush=True)
    return int(counts["failed"] > 0 or counts["passed"] == 0)


if __name__ == "__main__":
    sys.exit(main())
