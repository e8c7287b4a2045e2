"""Duties, rounds and files for the tests of scribe notes."""

import io
import struct
import zipfile
import zlib
from datetime import date, timedelta

from django.core.files.uploadedfile import SimpleUploadedFile

from courseplatform.courses.models import Session
from courseplatform.scribe.models import ScribeDuty
from courseplatform.scribe.services.drafts import draft_save, note_hand_in
from courseplatform.scribe.services.duties import duty_assign

TEXT = "# Quantization\n\nA value $r$ is stored as $q$.\n\n$$ r = S (q - Z) $$\n\n- first\n- second\n"


def session_of(cast, **fields):
    if not fields:
        return Session.objects.get(course=cast.course, title="Compression")
    return Session.objects.create(
        **{"course": cast.course, "held_on": date.today(), "title": "Quantization", "column": "lecture"} | fields
    )


def duty_of(cast, *people, session=None, **fields):
    """Ruth's duty, or that of `people`."""
    return duty_assign(
        visit=cast.visit(cast.amit), session=session or session_of(cast), people=list(people) or [cast.ruth], **fields
    )


def saved(cast, duty, text=TEXT, person=None, **more):
    current = ScribeDuty.objects.get(pk=duty.pk)
    return draft_save(visit=cast.visit(person or cast.ruth), duty=current, text=text, edition=current.edition, **more)


def handed_in(cast, duty, text=TEXT, person=None, now=None):
    row = saved(cast, duty, text, person)
    return note_hand_in(visit=cast.visit(person or cast.ruth), duty=row, edition=row.edition, now=now)


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width=2, height=1):
    """A whole grey PNG; large sizes only in its head."""
    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height)) if width * height < 10_000 else b""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def zipped(files):
    """A zip of name: content."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def upload(name, content, kind="application/octet-stream"):
    return SimpleUploadedFile(name, content, kind)


def days_ago(days):
    return date.today() - timedelta(days=days)


BASE = "/courses/odml/scribe/"


def now_of(duty):
    return ScribeDuty.objects.get(pk=duty.pk)


def edit(client, duty, text, act="save", edition=None, **more):
    data = {"text": text, "act": act, "edition": now_of(duty).edition if edition is None else edition}
    return client.post(f"{BASE}{duty.pk}/edit/", data | more)
