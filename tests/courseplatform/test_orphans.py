"""Files that no row names: found, kept for an hour, and gone; never one that a row names by then."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.utils import timezone

from courseplatform.core.leaving import ARRIVES_WITHIN, STAYS, incoming_sweep, leaving_sweep, orphans_leave
from courseplatform.seminar.models import Paper
from tests.people import make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def media(settings, data_dir):
    (data_dir / "media" / "papers").mkdir(parents=True)
    (data_dir / "incoming").mkdir()
    return settings.MEDIA_ROOT


def later():
    return timezone.now() + STAYS + timedelta(minutes=1)


def test_a_file_that_no_row_names_goes_after_an_hour(media):
    (media / "papers" / "of-a-killed-process.pdf").write_bytes(b"half")
    assert orphans_leave() == 1 and orphans_leave() == 0
    assert leaving_sweep() == 0
    assert leaving_sweep(now=later()) == 1
    assert list(media.rglob("*.pdf")) == []


def test_a_file_whose_row_comes_within_the_hour_stays(media):
    cast = make_cast()
    paper = Paper(course=cast.course, title="Deep Compression", slug="deep-compression")
    paper.pdf.save("paper.pdf", ContentFile(b"%PDF-"), save=False)
    assert orphans_leave() == 1, "written, and its row is not there yet"
    paper.save()
    assert leaving_sweep(now=later()) == 0
    assert paper.pdf.open().read() == b"%PDF-"
    assert orphans_leave() == 0


def test_what_arrives_is_left_alone_for_a_day(media, settings):
    fresh, old = (Path(settings.INCOMING_DIR) / name for name in ("fresh.upload", "old.upload"))
    for path in (fresh, old):
        path.write_bytes(b"half")
    long_ago = (timezone.now() - ARRIVES_WITHIN - timedelta(minutes=1)).timestamp()
    os.utime(old, (long_ago, long_ago))
    assert incoming_sweep() == 1
    assert fresh.exists() and not old.exists()
