"""A person's export: everything Milliamp holds about them, as one ZIP of JSON and files. It is made of sections that each room registers.

All tables are read before the first byte leaves, so that a fault is a page and not half a file. Files follow piece by piece from where they
lie: nothing of it is written anywhere, and memory is the same for one model and for a term of them.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import RawIOBase
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from courseplatform.accounts.models import SecurityEvent, User
from courseplatform.core.errors import TooMany

PIECE = 256 << 10
LOCK_SECONDS = 30 * 60  # a line that died without a word


@dataclass(frozen=True)
class ExportedFile:
    """path: within `files/` of the ZIP, in names of ours."""

    path: str
    file: FieldFile


@dataclass(frozen=True)
class Exported:
    """tables: name -> rows, ready for JSON."""

    tables: dict[str, list[dict[str, Any]]]
    files: list[ExportedFile] = field(default_factory=list)


@dataclass(frozen=True)
class ExportSection:
    """says: what it holds, for the page. covers: columns that point to a person and are answered for here (`teams.Membership.person`)."""

    name: str
    says: str
    order: int
    build: Callable[[User], Exported]
    covers: frozenset[str] = frozenset()


_sections: dict[str, ExportSection] = {}


def add_export_section(section: ExportSection) -> None:
    _sections[section.name] = section


def export_sections() -> list[ExportSection]:
    return sorted(_sections.values(), key=lambda one: (one.order, one.name))


def rows(found: "QuerySet[Any]", columns: str) -> list[dict[str, Any]]:
    """columns: words; `course=course__slug` names a column of another table. One query."""
    split = [word.partition("=") for word in columns.split()]
    named: Mapping[str, str] = {name: path or name for name, _, path in split}
    return [dict(zip(named, row, strict=True)) for row in found.values_list(*named.values())]


def export_stream(person: User) -> Iterator[bytes]:
    """The ZIP. Raises TooMany (`export_running`): one at a time for each person."""
    key = f"export-{person.pk}"
    if not cache.add(key, 1, LOCK_SECONDS):
        raise TooMany(
            "Your export is on its way already. When it is here, you can ask for another.", code="export_running"
        )
    try:
        parts = [(one, one.build(person)) for one in export_sections()]
    except BaseException:
        cache.delete(key)
        raise
    stream = _zip(person, parts, key)
    next(stream)  # it has begun: whoever leaves from here on, its end lets go of the lock
    return stream


class _Sink(RawIOBase):
    """What the ZIP has written and nobody has taken yet."""

    def __init__(self) -> None:
        self.kept = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.kept += data
        return len(data)

    def take(self) -> bytes:
        found = bytes(self.kept)
        self.kept.clear()
        return found


def _zip(person: User, parts: list[tuple[ExportSection, Exported]], key: str) -> Iterator[bytes]:
    sink, now, gone = _Sink(), timezone.now(), []
    try:
        yield b""
        with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
            archive.writestr(_entry("README.txt", now), _readme(person, parts, now))
            for section, found in parts:
                text = json.dumps(found.tables, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
                archive.writestr(_entry(f"{section.name}.json", now), text)
                yield sink.take()
            for one in [one for _, found in parts for one in found.files]:
                try:
                    source = one.file.open("rb")
                except FileNotFoundError:
                    gone.append(one.path)
                    continue
                entry = _entry(f"files/{one.path}", now, ZIP_STORED)  # models and pictures are packed already
                with source, archive.open(entry, "w", force_zip64=True) as target:
                    while piece := source.read(PIECE):
                        target.write(piece)
                        yield sink.take()
            if gone:
                archive.writestr(_entry("missing.json", now), json.dumps(gone))
        yield sink.take()
    finally:
        cache.delete(key)


def _entry(path: str, now: datetime, packing: int = ZIP_DEFLATED) -> ZipInfo:
    entry = ZipInfo(path, now.timetuple()[:6])
    entry.compress_type = packing
    return entry


def _readme(person: User, parts: list[tuple[ExportSection, Exported]], now: datetime) -> str:
    lines = [f"What Milliamp holds about {person.name or person.email}, on {now:%Y-%m-%d %H:%M} UTC.", ""]
    lines += [f"{section.name}.json: {section.says}" for section, _ in parts]
    lines += [
        "files/: files that you sent.",
        "",
        "Times are UTC. If files could not be found, missing.json names them.",
    ]
    return "\n".join(lines)


def _own(person: User) -> Exported:
    me = rows(User.objects.filter(pk=person.pk), "email name zone joined_at last_login is_operator")
    tokens = rows(
        person.access_tokens.order_by("pk"), "name prefix scopes created_at expires_at last_used_at revoked_at"
    )
    browsers = rows(person.signed_in.order_by("pk"), "browser begun_at seen_at")
    outside = rows(person.outside_identities.all(), "issuer subject email made_at used_at")
    events = rows(SecurityEvent.objects.filter(person=person), "kind says browser by why at")
    factors = rows(Authenticator.objects.filter(user=person).order_by("pk"), "type created_at last_used_at")
    return Exported(
        {
            "account": me, "access_tokens": tokens, "signed_in": browsers, "single_sign_on": outside, "security_events": events,
            "second_factors": factors,
        }
    )  # fmt: skip


def register() -> None:
    add_export_section(
        ExportSection(
            "account", "your account, how and where you sign in, and your access tokens and second factors without their secrets", 0, _own,
            frozenset({"accounts.AccessToken.person", "accounts.SignedIn.person", "accounts.OutsideIdentity.person",
                       "accounts.SecurityEvent.person", "mfa.Authenticator.user"}),
        )
    )  # fmt: skip
