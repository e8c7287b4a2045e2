"""Reading a set once more: every byte against the manifest, and the copy of the database opened."""

import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from courseplatform.keeping.errors import Damaged
from courseplatform.keeping.sets.manifest import Manifest, manifest_read, sha256_of
from courseplatform.keeping.sets.postgres import program
from courseplatform.keeping.sets.shelf import DAMAGED
from courseplatform.keeping.sets.snapshots import SQLITE

MOST_NAMED = 5


@dataclass(frozen=True)
class Verified:
    manifest: Manifest
    files: int
    bytes: int


def set_verify(folder: Path) -> Verified:
    """Raises NoSet; Damaged (`backup_damaged`), and then the set is marked, so that no later one shares its files."""
    manifest = manifest_read(folder)
    wrong = [*database_check(folder, manifest), *_files(folder, manifest)]
    mark = folder / DAMAGED
    if wrong:
        mark.write_text("\n".join(wrong) + "\n")
        rest = f" And {len(wrong) - MOST_NAMED} more; all stand in {mark}." if len(wrong) > MOST_NAMED else ""
        raise Damaged(
            f"The set {manifest.name} is damaged: {'; '.join(wrong[:MOST_NAMED])}.{rest} Take another set, and look at the disk.",
            details={"wrong": len(wrong)},
        )
    mark.unlink(missing_ok=True)
    return Verified(manifest, len(manifest.files), manifest.all_bytes)


def _files(folder: Path, manifest: Manifest) -> list[str]:
    return [
        why for line in manifest.files if (why := _wrong(folder / line.path, line.path, line.size_bytes, line.sha256))
    ]


def _wrong(path: Path, name: str, size: int, sha256: str) -> str:
    try:
        if path.stat().st_size != size:
            return f"{name} has {path.stat().st_size} bytes instead of {size}"
        return "" if sha256_of(path) == sha256 else f"{name} has other bytes than were written"
    except OSError as error:
        return f"{name} cannot be read ({error.strerror})"


def database_check(folder: Path, manifest: Manifest) -> list[str]:
    """What is wrong with the copy of the database, a phrase each."""
    facts = manifest.database
    file = folder / str(facts["file"])
    if why := _wrong(file, file.name, int(facts["bytes"]), str(facts["sha256"])):
        return [why]
    return _sqlite(file, manifest) if manifest.engine == SQLITE else _postgres(file)


def _sqlite(file: Path, manifest: Manifest) -> list[str]:
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
        try:
            said = [str(found) for (found,) in copy.execute("PRAGMA integrity_check(5)")]
            wrong = [] if said == ["ok"] else [f"the database: {one}" for one in said]
            for table, count in manifest.counts.items():
                (found,) = copy.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # noqa: S608 names of ours  # nosec B608
                if found != count:
                    wrong.append(f"the table {table} has {found} rows instead of {count}")
        except sqlite3.DatabaseError as error:
            return [f"the database cannot be opened ({error})"]
    return wrong


def _postgres(file: Path) -> list[str]:
    """pg_restore reads the whole archive and writes nowhere; it needs no server."""
    options = [program("pg_restore"), "--file=/dev/null", str(file)]
    done = subprocess.run(options, capture_output=True, text=True, check=False)
    return [] if done.returncode == 0 else [f"the database cannot be read ({done.stderr.strip()[:200]})"]
