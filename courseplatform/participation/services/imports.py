"""Reading an export, saying who is who, and counting what staff choose. Nothing counts by itself."""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict, TooLarge
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Course, Enrolment, Role
from courseplatform.participation.imports import archive, piazza, slack
from courseplatform.participation.imports.export import Author, Export
from courseplatform.participation.models import REASON_MOST, Credit, ImportAuthor, ImportBatch, ImportCandidate
from courseplatform.participation.services.credits import tell
from courseplatform.participation.text import clean

CONTENT = "class_content.json"
USERS = ("users.json", "users.csv", "account_mapping.csv")


class Upload(Protocol):
    """A file on disk. name: as it was called where it came from."""

    @property
    def name(self) -> str | None: ...
    @property
    def size(self) -> int | None: ...
    def temporary_file_path(self) -> str: ...


def import_create(
    *, visit: Visit, upload: Upload, users: Upload | None = None, question_channels: str = ""
) -> tuple[ImportBatch, bool]:
    """Read an export and keep what may count, for staff to choose from.

    Args:
        upload: the zip of Slack or Piazza, or Piazza's class_content.json.
        users: Piazza's users.json or list of accounts, where it is not in the zip.
        question_channels: Slack channels, parted by commas, in which every thread is a question.

    Returns:
        (batch, created): the same file, while its import is open, is the same import.

    Raises:
        BadInput, TooLarge: `empty_file`, `not_an_export`, `not_a_zip`, `broken_zip`, `locked_zip`, `too_many_files`,
        `unpacks_too_large`, `too_many_values`, `bad_json`, `wrong_encoding`, `bad_users`, `too_many_messages`.
    """
    path = Path(upload.temporary_file_path())
    users_path = Path(users.temporary_file_path()) if users else None
    digest = _digest(path, users_path, question_channels)
    if known := ImportBatch.objects.filter(course=visit.course, sha256=digest, closed_at=None).first():
        return known, False
    export = _read(path, users_path, users.name or "" if users else "", _channel_names(question_channels))
    try:
        with transaction.atomic():
            return _store(visit, export, clean(upload.name, 255) or "export", digest), True
    except IntegrityError:
        # The same file in two tabs: the other was faster.
        return ImportBatch.objects.get(course=visit.course, sha256=digest, closed_at=None), False


def _digest(path: Path, users: Path | None, channels: str) -> str:
    found = sha256(channels.encode("utf-8", "replace"))
    for file in (path, users) if users else (path,):
        with file.open("rb") as opened:
            while chunk := opened.read(1 << 20):
                found.update(chunk)
    return found.hexdigest()


def _channel_names(text: str) -> frozenset[str]:
    return frozenset(name.strip().lstrip("#").lower() for name in text.split(",") if name.strip())


def _read(path: Path, users: Path | None, users_name: str, question_channels: frozenset[str]) -> Export:
    if path.stat().st_size == 0:
        raise BadInput("This file is empty. Download the export again.", code="empty_file")
    users_raw = _bytes(users, piazza.MOST_USERS, users_name) if users else None
    if not archive.is_zip(path):
        return piazza.read_piazza(_bytes(path, piazza.MOST_CONTENT, CONTENT), users_raw, users_name)
    with archive.opened(path) as opened:
        if slack.root_of(opened) is not None:
            return slack.read_slack(opened, question_channels)
        by_name = {
            name.rsplit("/", 1)[-1]: name
            for name in sorted(opened.names, reverse=True)
            if not name.startswith("__MACOSX")
        }
        if CONTENT not in by_name:
            raise BadInput(
                "This zip is no export that is known here: Slack's holds channels.json, Piazza's holds class_content.json.", code="not_an_export"
            )  # fmt: skip
        for name in USERS if users_raw is None else ():
            if name in by_name:
                users_raw, users_name = opened.read(by_name[name], piazza.MOST_USERS), name
                break
        return piazza.read_piazza(opened.read(by_name[CONTENT], piazza.MOST_CONTENT), users_raw, users_name)


def _bytes(path: Path, most: int, name: str) -> bytes:
    if path.stat().st_size > most:
        raise TooLarge(
            f"{name or 'This file'} is larger than {most >> 20} MiB, more than one course writes. Nothing was imported.",
            code="too_large",
        )
    return path.read_bytes()


def _store(visit: Visit, export: Export, file_name: str, digest: str) -> ImportBatch:
    people = People(visit.course, export.kind)
    staff = {key for key, author in export.authors.items() if author.is_staff or people.is_staff(author)}
    used = [found for found in export.found.values() if found.author_key not in staff]
    export.counts["by_staff"] += len(export.found) - len(used)
    batch = ImportBatch.objects.create(
        course=visit.course, kind=export.kind, file_name=file_name, sha256=digest, by=visit.person.name or visit.by,
        counts={**export.counts, "proposed": len(used)},
    )  # fmt: skip
    wrote = {found.author_key for found in used}
    ImportAuthor.objects.bulk_create([people.row(batch, export.authors[key]) for key in wrote], batch_size=300)
    authors = {author.key: author for author in batch.authors.all()}
    ImportCandidate.objects.bulk_create(
        [
            ImportCandidate(
                batch=batch, author=authors[found.author_key], source_key=found.source_key[:160], kind=found.kind, place=found.place,
                excerpt=found.excerpt[:REASON_MOST], is_anonymous=found.is_anonymous, more=found.more, at=found.at,
            )
            for found in used
        ],
        batch_size=300,
    )  # fmt: skip
    return batch


class People:
    """Who an author of an export is in the course: by e-mail address, or as staff matched them by hand before."""

    def __init__(self, course: Course, kind: str) -> None:
        enrolments = Enrolment.objects.filter(course=course, is_active=True).select_related("person")
        self._by_email = {enrolment.person.email.lower(): enrolment for enrolment in enrolments}
        students = {enrolment.person_id for enrolment in enrolments if enrolment.role == Role.STUDENT}
        by_hand = ImportAuthor.objects.filter(batch__course=course, batch__kind=kind, person__in=students).exclude(
            matched_by=""
        )
        self._by_hand = {author.key: author for author in by_hand.order_by("pk")}

    def _enrolment(self, author: Author) -> Enrolment | None:
        return next((self._by_email[email] for email in author.emails if email in self._by_email), None)

    def is_staff(self, author: Author) -> bool:
        found = self._enrolment(author)
        return found is not None and found.role in STAFF

    def row(self, batch: ImportBatch, author: Author) -> ImportAuthor:
        found, before = self._enrolment(author), self._by_hand.get(author.key)
        person = found.person_id if found else before.person_id if before else None
        return ImportAuthor(
            batch=batch, key=author.key, name=author.name, emails=", ".join(author.emails)[:300], person_id=person,
            matched_by=before.matched_by if before and not found else "",
        )  # fmt: skip


def author_match(*, visit: Visit, author: ImportAuthor, person: User | None) -> ImportAuthor:
    """Say who an author is; None takes it back. Raises Conflict (`import_closed`)."""
    if author.batch.closed_at is not None:
        raise _closed()
    author.person, author.matched_by = person, (visit.person.name or visit.by) if person else ""
    author.save(update_fields=["person", "matched_by"])
    return author


@transaction.atomic
def import_count(*, visit: Visit, batch: ImportBatch, candidates: Iterable[int]) -> int:
    """Give a credit for each of these candidates whose author is a student here. Returns how many are new; the rest stand already.

    Raises Conflict (`import_closed`).
    """
    locked = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    if locked.closed_at is not None:
        raise _closed()
    chosen = ImportCandidate.objects.filter(batch=batch, pk__in=list(candidates)).select_related("author__person")
    students = set(
        Enrolment.objects.filter(course=visit.course, role=Role.STUDENT, is_active=True).values_list(
            "person_id", flat=True
        )
    )
    counted = {c.source_key for c in chosen} & set(
        Credit.objects.filter(course=visit.course).exclude(source_key="").values_list("source_key", flat=True)
    )
    new = [c for c in chosen if c.author.person_id in students and c.source_key not in counted]
    by = visit.person.name or visit.by
    Credit.objects.bulk_create(
        [_credit(visit.course, c, batch.kind, by) for c in new], ignore_conflicts=True, batch_size=150
    )
    _tell(visit.course, batch, new)
    return len(new)


def _credit(course: Course, candidate: ImportCandidate, kind: str, by: str) -> Credit:
    return Credit(
        course=course, person=candidate.author.person, kind=candidate.kind, channel=kind, given_by=by, at=candidate.at,
        source_key=candidate.source_key, reason=clean(f"{candidate.place}: {candidate.excerpt}", REASON_MOST),
    )  # fmt: skip


def _tell(course: Course, batch: ImportBatch, new: list[ImportCandidate]) -> None:
    """One message a person, whatever the number of credits. The first message of the lot makes its key."""
    counts = Counter(candidate.author.person for candidate in new)
    first = {candidate.author.person: candidate.pk for candidate in reversed(new)}
    for person, count in counts.items():
        if person is not None:
            credits_ = "credit" if count == 1 else "credits"
            title = f"{count} participation {credits_} from {batch.get_kind_display()}"
            tell(course, [person], key=f"import-{batch.pk}-{first[person]}", title=title, text="")


@transaction.atomic
def import_close(*, visit: Visit, batch: ImportBatch) -> None:
    """Forget the excerpts, the addresses, and everybody nobody matched. What was counted stays. Doing it twice changes nothing."""
    ImportBatch.objects.filter(pk=batch.pk, course=visit.course, closed_at=None).update(closed_at=timezone.now())
    ImportCandidate.objects.filter(batch=batch).delete()
    ImportAuthor.objects.filter(batch=batch).exclude(person__isnull=False, matched_by__gt="").delete()
    ImportAuthor.objects.filter(batch=batch).update(emails="")


def _closed() -> Conflict:
    return Conflict(
        "This import is closed, and its messages are forgotten. Import the file again to choose more.",
        code="import_closed",
    )
