"""The collaboration statement: asked for where the assignment says so, saved beside the file, and part of the receipt."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from courseplatform.core.errors import BadInput, Conflict
from grading.handing_in.receipts import verify
from grading.models import Piece, Submission
from grading.models.owners import Owner
from grading.services.pieces import statement_save
from tests.grading.late_days.test_late_days import make_team
from tests.people import hand_in, make_cast, onnx_like

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
LAB = "/courses/odml/assignments/lab1/"


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    found = make_cast()
    found.lab.needs_statement = True
    found.lab.save()
    return found


def test_nothing_is_handed_in_without_one(cast, tmp_path):
    with pytest.raises(Conflict) as refused:
        hand_in(cast, cast.ruth, onnx_like(tmp_path))
    assert refused.value.code == "statement_missing" and not Submission.objects.exists()


def test_where_none_is_asked_for_none_is_needed(cast, tmp_path):
    cast.lab.needs_statement = False
    cast.lab.save()
    assert hand_in(cast, cast.ruth, onnx_like(tmp_path)).statement == ""


def test_the_attempt_and_its_receipt_hold_what_was_said_then(cast, tmp_path):
    statement_save(owner=Owner(cast.ruth), assignment=cast.lab, text="Talked with  Daniel.\0")
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    statement_save(owner=Owner(cast.ruth), assignment=cast.lab, text="With nobody after all.")
    first.refresh_from_db()
    assert (first.statement, verify(first.signature)["statement"]) == ("Talked with Daniel.", "Talked with Daniel.")
    assert hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2")).statement == "With nobody after all."


def test_one_member_says_it_for_the_team(cast, tmp_path):
    team = make_team(cast, cast.ruth, cast.daniel)
    cast.lab.is_individual = False
    cast.lab.save()
    statement_save(owner=Owner(cast.daniel, team), assignment=cast.lab, text="Nobody.")
    assert hand_in(cast, cast.ruth, onnx_like(tmp_path)).statement == "Nobody."
    with pytest.raises(Conflict):
        hand_in(cast, cast.sofia, onnx_like(tmp_path))  # who is in no team speaks alone


@pytest.mark.parametrize(("text", "code"), [(" \n\0 ", "statement_missing"), ("x" * 2001, "statement_too_long")])
def test_an_empty_or_endless_one_is_refused(cast, text, code):
    with pytest.raises(BadInput) as refused:
        statement_save(owner=Owner(cast.ruth), assignment=cast.lab, text=text)
    assert refused.value.code == code and not Piece.objects.exists()


def test_the_same_words_are_kept_once(cast):
    for _ in range(2):
        statement_save(owner=Owner(cast.ruth), assignment=cast.lab, text="Nobody.")
    assert Piece.objects.count() == 1


def test_the_page_asks_for_it_and_shows_hostile_words_as_words(cast, client):
    client.force_login(cast.ruth)
    assert "Nothing can be handed in without it" in client.get(LAB).content.decode()
    client.post(f"{LAB}parts/statement/", {"text": "<script>alert(1)</script>"})
    page = client.get(LAB).content.decode()
    assert "saved " in page and "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page
    refused = client.post(f"{LAB}parts/statement/", {"text": ""})
    assert refused.status_code >= 400 and "statement_missing" in refused.content.decode()


def test_a_file_that_was_sent_too_early_is_answered_with_what_is_missing(cast, client, tmp_path):
    client.force_login(cast.ruth)
    sent = {"upload_key": str(uuid4()), "model": SimpleUploadedFile("m.onnx", onnx_like(tmp_path).path.read_bytes())}
    answer = client.post(f"{LAB}hand-in/", sent, headers={"accept": "application/json"})
    assert answer.status_code == 409 and "statement_missing" in answer.content.decode()
