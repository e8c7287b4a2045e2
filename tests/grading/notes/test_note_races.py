"""Several graders at once in one report: real threads on a real database."""

from uuid import uuid4

import pytest
from django.db import connection

from grading.models import Annotation, AnnotationVersion
from grading.services import annotations as services
from grading.services.annotations import annotation_edit
from tests.grading.handing_in.test_hand_in_races import AT_ONCE, at_once
from tests.grading.notes.reports import note_in, report_of
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    if connection.vendor == "sqlite" and connection.is_in_memory_db():
        pytest.fail("threads need a database file; see tests/settings.py")
    return make_cast()


@pytest.fixture
def piece(cast, tmp_path):
    return report_of(cast, cast.ruth, tmp_path)


def test_notes_written_at_once_have_numbers_of_their_own(cast, piece):
    found = at_once(lambda: note_in(cast, piece).number)
    assert sorted(found) == list(range(1, AT_ONCE + 1))


def test_one_note_sent_at_once_is_one(cast, piece):
    key = uuid4()
    assert set(at_once(lambda: note_in(cast, piece, entry_key=key).number)) == {1}
    assert Annotation.objects.count() == AnnotationVersion.objects.count() == 1


def test_the_last_place_is_taken_once(cast, piece, monkeypatch):
    monkeypatch.setattr(services, "MOST_NOTES", 2)
    found = at_once(lambda: note_in(cast, piece).number)
    assert sorted(map(str, found)) == ["1", "2"] + ["too_many_notes"] * (AT_ONCE - 2)


def test_of_changes_at_once_one_is_taken_and_nobody_is_overwritten(cast, piece):
    note = note_in(cast, piece)
    words = [f"Words {n}" for n in range(AT_ONCE)]

    def change():
        said = words.pop()
        annotation_edit(visit=cast.visit(cast.amit), annotation=note, text=said, revision=1)
        return said

    found = at_once(change)
    assert found.count("note_changed") == AT_ONCE - 1
    note.refresh_from_db()
    assert note.revision == 2 and note.text in found
