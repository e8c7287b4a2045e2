"""From a complete upload to a hand-in: once, whole, and dated by the last byte."""

from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from django.utils import timezone

from courseplatform.uploads.models import LIFE, Status, Upload
from courseplatform.uploads.services.sweep import KEPT, uploads_sweep
from courseplatform.uploads.services.taking import SOON
from grading.models import Run, Submission
from grading.services import submissions
from hardware import leases
from tests.courseplatform.uploads.builders import MODEL, begin, complete, send

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture
def hand_in(client, cast, django_capture_on_commit_callbacks):
    client.force_login(cast.ruth)

    def _hand_in(upload, lab=None):
        body = {"upload_key": str(uuid4()), "upload_id": str(getattr(upload, "pk", upload))}
        with django_capture_on_commit_callbacks(execute=True):
            return client.post((lab or cast.lab).get_absolute_url() + "hand-in/", body, headers=JSON)

    return _hand_in


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch):
    monkeypatch.setattr(leases, "wake_on_commit", lambda kind: None)


def error_of(answer):
    return answer.status_code, answer.json()["error"]["code"]


def lying(data_dir):
    return [path.name for path in (data_dir / "uploads").iterdir()]


def test_a_complete_upload_is_handed_in_and_used_up(hand_in, cast, data_dir):
    upload = complete(cast)
    inode = (data_dir / "uploads" / f"{upload.pk}.part").stat().st_ino
    answer = hand_in(upload)
    assert answer.status_code == 201
    made = Submission.objects.get()
    assert (made.sha256, made.size_bytes, made.file_name) == (sha256(MODEL).hexdigest(), len(MODEL), "model.onnx")
    assert made.model_file.read() == MODEL
    assert (data_dir / "media" / made.model_file.name).stat().st_ino == inode  # moved, not copied
    assert Upload.objects.get().status == Status.TAKEN
    assert lying(data_dir) == []


def test_the_same_click_again_gives_the_same_receipt(hand_in, cast):
    upload = complete(cast)
    first, second = hand_in(upload), hand_in(upload)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["receipt"] == second.json()["receipt"]


def test_what_counts_is_when_the_last_byte_arrived(hand_in, cast):
    upload = complete(cast)
    arrived = timezone.now() - SOON + timedelta(minutes=1)
    Upload.objects.update(completed_at=arrived)
    hand_in(upload)
    assert Submission.objects.get().received_at == arrived


def test_a_file_that_was_parked_here_before_the_deadline_is_late_all_the_same(hand_in, cast):
    upload = complete(cast)
    Upload.objects.update(completed_at=timezone.now() - timedelta(hours=3))
    hand_in(upload)
    assert timezone.now() - Submission.objects.get().received_at < timedelta(minutes=1)


def test_half_a_file_is_not_handed_in(hand_in, cast):
    upload = send(begin(cast), MODEL[:7], length=7)
    answer = hand_in(upload)
    assert error_of(answer) == (409, "upload_incomplete")
    assert "7\u202fbytes of 15\u202fbytes" in answer.json()["error"]["message"]
    assert not Submission.objects.exists() and not Run.objects.exists()


def test_a_file_that_is_no_model_is_refused_and_does_not_stay(hand_in, cast, data_dir):
    upload = complete(cast, b"%PDF-1.7 and so on")
    assert error_of(hand_in(upload)) == (422, "pdf_not_model")
    assert (Upload.objects.get().status, Upload.objects.get().error_code) == (Status.REFUSED, "pdf_not_model")
    assert lying(data_dir) == []


def test_a_hand_in_that_is_not_allowed_now_keeps_the_upload(hand_in, cast):
    upload = complete(cast)
    cast.lab.attempts_allowed = 0
    cast.lab.save()
    assert error_of(hand_in(upload)) == (409, "no_attempts_left")
    assert Upload.objects.get().status == Status.COMPLETE
    cast.lab.attempts_allowed = 1
    cast.lab.save()
    assert hand_in(upload).status_code == 201


def test_if_recording_fails_after_the_move_the_upload_is_still_here(hand_in, cast, data_dir, monkeypatch, client):
    upload = complete(cast)

    def broken(**_):
        raise RuntimeError("the database went away")

    monkeypatch.setattr(submissions, "run_enqueue", broken)
    client.raise_request_exception = False
    assert hand_in(upload).status_code == 500
    assert lying(data_dir) == [f"{upload.pk}.part"]
    monkeypatch.undo()
    monkeypatch.setattr(leases, "wake_on_commit", lambda kind: None)
    assert hand_in(upload).status_code == 201


def test_somebody_elses_upload_and_one_for_another_lab_are_not_there(hand_in, cast):
    from tests.people import make_lab

    assert error_of(hand_in(complete(cast, person=cast.daniel))) == (404, "not_found")
    assert error_of(hand_in(complete(cast), lab=make_lab(cast.course, "lab2"))) == (404, "not_found")
    assert error_of(hand_in(uuid4())) == (404, "not_found")
    assert error_of(hand_in("no-id")) == (422, "bad_upload_key")


def test_what_nobody_finishes_runs_out_and_leaves_nothing(cast, data_dir, django_capture_on_commit_callbacks):
    upload = send(begin(cast), MODEL[:7], length=7)
    fresh = begin(cast)
    later = timezone.now() + LIFE + timedelta(seconds=1)
    Upload.objects.filter(pk=fresh.pk).update(expires_at=later + LIFE)
    with django_capture_on_commit_callbacks(execute=True):
        assert uploads_sweep(now=later)["expired"] == 1
    upload.refresh_from_db()
    assert (upload.status, upload.moves.get().by) == (Status.EXPIRED, "sweep")
    assert lying(data_dir) == []
    assert uploads_sweep(now=later)["expired"] == 0


def test_the_sweep_takes_away_what_no_upload_speaks_for(cast, data_dir):
    upload = send(begin(cast), MODEL[:7], length=7)
    (data_dir / "uploads" / f"{uuid4()}.part").write_bytes(b"x")
    (data_dir / "uploads" / "notes.txt").write_bytes(b"somebody's")
    assert uploads_sweep()["left_over"] == 1
    assert sorted(lying(data_dir)) == sorted([f"{upload.pk}.part", "notes.txt"])


def test_the_rows_of_ended_uploads_are_forgotten_after_a_month(cast):
    complete(cast)
    begin(cast)
    Upload.objects.filter(sha256__gt="").update(status=Status.TAKEN)
    assert uploads_sweep(now=timezone.now() + timedelta(days=1))["forgotten"] == 0
    Upload.objects.filter(status=Status.TAKEN).update(expires_at=timezone.now() - KEPT - timedelta(days=1))
    assert uploads_sweep()["forgotten"] == 1
