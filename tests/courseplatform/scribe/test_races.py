"""Two scribes, two tabs, two clicks at once: real threads on a real database."""

import threading

import pytest
from django.db import connection

from courseplatform.core.errors import AppError
from courseplatform.scribe.models import ChangeRequest, NoteVersion, ScribeDuty
from courseplatform.scribe.services.drafts import draft_save, note_hand_in
from courseplatform.scribe.services.review import note_approve, request_create
from tests.courseplatform.scribe.builders import duty_of, handed_in, saved
from tests.people import make_cast

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_database]
AT_ONCE = 6


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


def at_once(act):
    """`act(n)` in several threads that start together. Returns what they returned, errors by their code."""
    start, found = threading.Barrier(AT_ONCE), []

    def body(n):
        start.wait()
        try:
            found.append(act(n))
        except AppError as error:
            found.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=body, args=(n,)) for n in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(found) == AT_ONCE
    return found


def test_of_scribes_who_save_at_once_one_wins_and_the_others_are_told(cast):
    duty, visit = duty_of(cast), cast.visit(cast.ruth)
    found = at_once(lambda n: draft_save(visit=visit, duty=duty, text=f"text {n}", edition=0).text)
    won = [text for text in found if text.startswith("text")]
    assert len(won) == 1
    assert found.count("edited_meanwhile") == AT_ONCE - 1
    assert ScribeDuty.objects.get(pk=duty.pk).text == won[0]


def test_several_clicks_on_hand_in_are_one_round(cast):
    duty = duty_of(cast)
    row, visit = saved(cast, duty), cast.visit(cast.ruth)
    found = at_once(lambda n: note_hand_in(visit=visit, duty=row, edition=row.edition).round)
    assert sorted(map(str, found)) == ["1"] + ["nothing_new"] * (AT_ONCE - 1)
    assert NoteVersion.objects.count() == 1


def test_requests_at_once_have_numbers_of_their_own(cast):
    version, visit = handed_in(cast, duty_of(cast)), cast.visit(cast.amit)
    numbers = at_once(lambda n: request_create(visit=visit, version=version, line=1, text=f"r {n}").number)
    assert sorted(numbers) == list(range(1, AT_ONCE + 1))
    at_once(lambda n: request_create(visit=visit, version=version, line=1, text="same").number)
    assert ChangeRequest.objects.count() == AT_ONCE + 1


def test_several_clicks_on_approve_are_one_approval(cast):
    duty = duty_of(cast)
    version, visit = handed_in(cast, duty), cast.visit(cast.amit)
    found = at_once(lambda n: note_approve(visit=visit, version=version).status)
    assert set(found) == {"published"}
    assert [row.moved_to for row in duty.moves.all()] == ["handed_in", "approved", "published"]
