"""Files that no row names any more. They stay for an hour, and as long as a backup is being made.

What a killed process left behind, with no row that ever named it, is found once a day and leaves the same way.

A backup looks at the database first and copies the files that it names afterwards; a file that was deleted between the two would be missing
in it for ever. And what is to be deleted stands in a row, in the transaction that took the name away: killed after it, nothing is forgotten.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.utils import timezone

from courseplatform.core.errors import Unavailable
from courseplatform.core.file_places import names_in, place_of, places
from courseplatform.core.models import LeavingFile

MEDIA = "media"
STAYS = timedelta(hours=1)
ARRIVES_WITHIN = timedelta(days=1)
MOST = 500  # in one sweep
log = structlog.get_logger(__name__)
_holds: list[Callable[[], bool]] = []


def hold_while(asked: Callable[[], bool]) -> None:
    """No file goes while this says so."""
    if asked not in _holds:
        _holds.append(asked)


def file_leaves(name: str, *, place: str = MEDIA) -> None:
    """This file is named no more; in the transaction of whoever took its name away. An empty name is no file."""
    if name:
        LeavingFile.objects.create(place=place, name=name)


def orphans_leave() -> int:
    """Files that no row names and that do not leave yet. Whoever is writing one just now has an hour to commit its row. Returns how many."""
    found = 0
    for place in places():
        leaving = names_in(LeavingFile.objects.filter(place=place.key).values_list("name"))
        orphans = sorted(place.store().listing().keys() - place.named() - leaving)
        LeavingFile.objects.bulk_create([LeavingFile(place=place.key, name=name) for name in orphans], batch_size=500)
        if orphans:
            log.warning("files_of_nobody", place=place.key, count=len(orphans), first=orphans[0])
        found += len(orphans)
    return found


def incoming_sweep(*, now: datetime | None = None) -> int:
    """Delete what killed processes left where files arrive. Nothing arrives for a day. Returns how many."""
    before, gone = ((now or timezone.now()) - ARRIVES_WITHIN).timestamp(), 0
    for path in Path(settings.INCOMING_DIR).glob("*"):
        with suppress(FileNotFoundError):  # whose it was has taken it away
            if path.is_file() and path.stat().st_mtime < before:
                path.unlink()
                gone += 1
    return gone


def leaving_sweep(*, now: datetime | None = None) -> int:
    """Delete what left an hour ago. Returns how many. A file that a row names again stays. May run twice and at once."""
    old, gone = LeavingFile.objects.filter(since__lte=(now or timezone.now()) - STAYS), 0
    for row in old.order_by("pk")[:MOST]:
        if any(asked() for asked in _holds):
            break
        place = place_of(row.place)
        if not place.is_named(row.name):
            try:
                place.store().delete(row.name)
            except (OSError, Unavailable) as error:
                log.warning("file_not_deleted", place=row.place, name=row.name, why=str(error)[:200])
                continue  # with the next sweep
            gone += 1
        row.delete()
    return gone
