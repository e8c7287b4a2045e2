"""An export as a ZIP: two tables as CSV and JSON, and what their columns hold."""

import csv
import json
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from grading.research.coarse import FEWEST, Attempt
from grading.research.dictionary import README, TABLES

Row = Mapping[str, Any]


def rows_of(attempts: Iterable[Attempt]) -> dict[str, list[Row]]:
    """In the order of random names, which says nothing."""
    found = sorted(attempts, key=lambda one: one.key)
    return {
        "attempts": [
            {"attempt": one.key, "owner": one.owner, "assignment": one.assignment, "team_size": one.team_size, **one.values} for one in found
        ],
        "latencies": [
            {"attempt": one.key, "rank": rank, "latency_ms": value} for one in found for rank, value in enumerate(one.latencies_ms)
        ],
    }  # fmt: skip


def archive_write(path: Path, attempts: Iterable[Attempt], stay: int) -> None:
    """A file that nobody else reads. Columns that are not in the dictionary do not get in."""
    tables = rows_of(attempts)
    path.touch(mode=0o600)
    with ZipFile(path, "w") as archive:
        _add(archive, "README.txt", README.format(fewest=FEWEST, stay=stay))
        _add(archive, "dictionary.csv", _csv(("table", "column", "unit", "says"), (
            {"table": table, "column": name, "unit": unit, "says": says} for table, columns in TABLES.items() for name, unit, says in columns
        )))  # fmt: skip
        for table, columns in TABLES.items():
            names = [name for name, _, _ in columns]
            rows = [{name: row.get(name) for name in names} for row in tables[table]]
            _add(archive, f"{table}.csv", _csv(names, rows))
            _add(archive, f"{table}.json", json.dumps(rows, indent=0))


def _add(archive: ZipFile, name: str, text: str) -> None:
    entry = ZipInfo(name)  # of 1980: when it was made says in which term
    entry.compress_type = ZIP_DEFLATED
    archive.writestr(entry, text)


def _csv(names: Iterable[str], rows: Iterable[Row]) -> str:
    held = StringIO()
    writer = csv.DictWriter(held, list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return held.getvalue()
