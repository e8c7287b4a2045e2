"""A set becomes the site again. Files first, then the database in one step, then what was going on is set right.

Until the step of the database the site is what it was: files have names that are never given twice, so those of the set and those of the site
do not meet. A note in DATA_DIR says that a restore has begun; whoever calls it again with the same set goes on where it was killed.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from courseplatform.core.file_places import Store, places
from courseplatform.core.half_restored import note_path, unfinished_restore
from courseplatform.keeping.after import after_restore
from courseplatform.keeping.backing_up import SECRET
from courseplatform.keeping.errors import Damaged, RestoreRefused
from courseplatform.keeping.sets.databases import database_replaced, nobody_else, site_is_empty, site_name
from courseplatform.keeping.sets.manifest import (
    FileLine,
    Manifest,
    manifest_read,
    secret_word,
    secret_word_of,
    sha256_of,
)
from courseplatform.keeping.sets.snapshots import engine
from courseplatform.keeping.verifying import database_check

Say = Callable[[str], None]


@dataclass
class Restored:
    """files: how many were written; there: how many were there already. sentences: what was set right, for the operator."""

    manifest: Manifest
    files: int = 0
    there: int = 0
    removed: int = 0
    sentences: list[str] = field(default_factory=list)


def set_restore(folder: Path, *, replace: str, say: Say) -> Restored:
    """Raises NoSet, Damaged, BackupFailed, RestoreRefused: `other_database`, `newer_backup_set`, `site_not_empty`, `site_running`,
    `restore_unfinished`, `counts_differ`."""
    manifest = manifest_read(folder)
    _check_fits(manifest)
    if wrong := database_check(folder, manifest):
        raise Damaged(
            f"The copy of the database in {folder} is damaged: {wrong[0]}. Nothing was written. Take another set."
        )
    with nobody_else():
        is_replacing = _begin(manifest, replace)
        done = Restored(manifest)
        say(f"files: {len(manifest.files)}")
        _files(folder, manifest, done)
        say("database")
        database_replaced(folder / str(manifest.database["file"]))
        _compare(manifest)
        call_command("migrate", verbosity=0, interactive=False)
        for after in after_restore():
            with transaction.atomic():
                done.sentences += filter(None, [after(manifest)])
        done.sentences += filter(None, [_secret(folder, manifest)])
        if is_replacing:
            done.removed = _remove_others(manifest)
        note_path().unlink(missing_ok=True)
    return done


def _check_fits(manifest: Manifest) -> None:
    if manifest.engine != engine():
        said = f"The set is of {manifest.engine}, this site stands on {engine()}. Restore it where the database is of the same kind."
        raise RestoreRefused(said, code="other_database")
    loader = MigrationLoader(None, ignore_no_migrations=True)
    known = set(loader.disk_migrations)
    rooms = {app for app, _ in known}
    if newer := [f"{app}.{name}" for app, name in manifest.migrations if app in rooms and (app, name) not in known]:
        said = f"The set was made by a newer Milliamp ({manifest.version}); this one does not know {newer[0]}. Upgrade first, then restore."
        raise RestoreRefused(said, code="newer_backup_set")


def _begin(manifest: Manifest, replace: str) -> bool:
    """Whether what is here is to be replaced. Writes the note."""
    begun = unfinished_restore()
    if begun and begun != manifest.name:
        said = f"A restore of the set {begun} was begun here and has not ended. Call restore with that set again, or with --replace {site_name()}."
        if replace != site_name():
            raise RestoreRefused(said, code="restore_unfinished")
    if begun == manifest.name:
        return bool(json.loads(note_path().read_text()).get("replace"))
    is_empty = site_is_empty() and not any(place.store().listing() for place in places())
    if not is_empty and replace != site_name():
        said = (
            f"There is a site here already, with people, courses or files. Nothing was written. To replace all of it by the set, add "
            f"--replace {site_name()}."
        )
        raise RestoreRefused(said, code="site_not_empty")
    note = note_path()
    note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = note.with_suffix(".part")
    part.write_text(json.dumps({"set": manifest.name, "replace": not is_empty}))
    part.replace(note)
    return not is_empty


def _files(folder: Path, manifest: Manifest, done: Restored) -> None:
    for place in places():
        store = place.store()
        store.tidy()
        there = store.listing()
        for line in (one for one in manifest.files if one.place == place.key):
            if line.name in there and _is_same(store, line):
                done.there += 1
                continue
            source = folder / line.path
            if not source.is_file() or sha256_of(source) != line.sha256:
                raise Damaged(
                    f"{line.path} of the set is damaged or gone. The database was not touched. Take another set."
                )
            store.put(line.name, source)
            done.files += 1


def _is_same(store: Store, line: FileLine) -> bool:
    with store.open(line.name) as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == line.sha256  # type: ignore[arg-type]


def _compare(manifest: Manifest) -> None:
    """Raises RestoreRefused (`counts_differ`) unless every table has as many rows as it had."""
    with connection.cursor() as cursor:
        for table, count in manifest.counts.items():
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 names of ours  # nosec B608
            found = int(cursor.fetchone()[0])
            if found != count:
                said = f"The table {table} has {found} rows after the restore, and had {count}. Call restore again, or take another set."
                raise RestoreRefused(said, code="counts_differ")


def _secret(folder: Path, manifest: Manifest) -> str:
    """The embedded world gets its own secret back; of a deployment it is only said whether it is the same one."""
    kept = folder / SECRET
    if settings.EMBEDDED and kept.is_file() and secret_word_of(kept.read_text().strip()) == manifest.secret:
        target = Path(settings.DATA_DIR) / SECRET
        part = target.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(kept.read_text())
        part.replace(target)
        return ""
    if manifest.secret == secret_word():
        return ""
    return (
        "SECRET_KEY is another one than that of the set: receipts of before are not recognised, links in mails do not open, and the key of the "
        "LMS stays sealed. Set the old one, or name it in SECRET_KEY_FALLBACKS."
    )


def _remove_others(manifest: Manifest) -> int:
    """Files of the site that was replaced."""
    ours, gone = {(line.place, line.name) for line in manifest.files}, 0
    for place in places():
        store = place.store()
        for name in store.listing():
            if (place.key, name) not in ours:
                store.delete(name)
                gone += 1
    return gone
