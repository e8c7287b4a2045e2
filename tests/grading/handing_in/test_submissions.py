"""Handing in: what is recorded, what is refused, and what a second try does."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from courseplatform.core.errors import BadInput, Conflict, NotHere, TooLarge, TooMany
from grading.handing_in.hand_in_rules import PER_HOUR
from grading.models import Run, Submission
from grading.selectors.late_words import plain_late
from grading.services.runs import run_again, run_cancel
from hardware import leases
from hardware.models import Outcome
from tests.courseplatform.teams.builders import make_team
from tests.grading.late_days.test_late_days import with_policy
from tests.people import SPEC, hand_in, make_cast, make_lab, onnx_like

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    return make_cast()


def finish(outcome, result=None):
    lease = leases.lease_next(worker="w", kinds=("run",), now=timezone.now() + timedelta(seconds=1))
    leases.lease_start(lease)
    leases.lease_finish(lease, outcome=outcome, result=result or {})


def measured(earned):
    return {
        "report": {},
        "host": {},
        "metrics": {},
        "quality": {},
        "points": [],
        "environment": {},
        "earned": earned,
        "of": "7.00",
    }


def test_a_hand_in_is_recorded_with_its_hash_and_waits_in_line(cast, tmp_path):
    upload = onnx_like(tmp_path)
    submission = hand_in(cast, cast.ruth, upload)
    assert (submission.number, submission.sha256, submission.format) == (1, upload.sha256, "onnx")
    assert submission.model_file.storage.exists(submission.model_file.name)
    assert Run.objects.get().status == "queued"


def test_the_students_file_name_never_reaches_the_disk(cast, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path, name="../../etc/passwd.onnx"))
    assert submission.model_file.name == f"submissions/{submission.pk}/model.onnx"


def test_the_same_upload_twice_is_one_hand_in(cast, tmp_path):
    key = uuid4()
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path), key)
    second = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"x"), key)
    assert first == second
    assert Run.objects.count() == 1


def test_the_same_file_again_is_the_earlier_receipt(cast, tmp_path):
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    assert hand_in(cast, cast.ruth, onnx_like(tmp_path)) == first


def test_the_same_file_of_another_student_is_another_hand_in(cast, tmp_path):
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    assert hand_in(cast, cast.daniel, onnx_like(tmp_path)) != first


def test_the_receipt_of_an_earlier_file_is_shown_also_when_all_attempts_are_used(cast, tmp_path):
    cast.lab.attempts_allowed = 1
    cast.lab.save()
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    assert hand_in(cast, cast.ruth, onnx_like(tmp_path)) == first


def test_thirty_refused_models_an_hour_are_enough(cast, tmp_path):
    for n in range(PER_HOUR):
        hand_in(cast, cast.ruth, onnx_like(tmp_path, more=bytes([n])))
        finish(Outcome.REFUSED)
    with pytest.raises(TooMany) as refused:
        hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"zz"))
    assert refused.value.code == "too_many_hand_ins"
    Submission.objects.filter(number=1).update(received_at=timezone.now() - timedelta(hours=2))
    assert hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"zz")).number == PER_HOUR + 1


def test_a_cancelled_attempt_run_again_uses_the_allowance_like_a_new_one(cast, tmp_path):
    cast.lab.attempts_allowed = 2
    cast.lab.save()
    visit = cast.visit(cast.ruth)
    cancelled = []
    for n in range(4):
        submission = hand_in(cast, cast.ruth, onnx_like(tmp_path, more=bytes([n])))
        run_cancel(visit=visit, run=submission.runs.get())
        cancelled.append(submission.runs.get())
    run_again(visit=visit, run=cancelled[0])
    run_again(visit=visit, run=cancelled[1])
    with pytest.raises(Conflict) as refused:
        run_again(visit=visit, run=cancelled[2])
    assert refused.value.code == "no_attempts_left"
    run_again(visit=cast.visit(cast.helen), run=cancelled[3])  # staff may
    with pytest.raises(Conflict):
        hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"zz"))


def test_a_refused_model_can_be_handed_in_again_and_costs_no_attempt(cast, tmp_path):
    cast.lab.attempts_allowed = 1
    cast.lab.save()
    first = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    finish(Outcome.REFUSED, {"code": "input_mismatch", "message": "m"})
    second = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    assert (first.number, second.number) == (1, 2)
    first.refresh_from_db()
    assert first.counts is False


@pytest.mark.parametrize("outcome", [Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY, Outcome.MISBEHAVED])
def test_what_the_model_did_costs_an_attempt(cast, tmp_path, outcome):
    cast.lab.attempts_allowed = 1
    cast.lab.save()
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    finish(outcome)
    with pytest.raises(Conflict) as refused:
        hand_in(cast, cast.ruth, onnx_like(tmp_path, more=b"2"))
    assert refused.value.code == "no_attempts_left"


def test_our_fault_costs_no_attempt(cast, tmp_path):
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    finish(Outcome.INFRASTRUCTURE)
    submission.refresh_from_db()
    assert submission.counts is False


def test_the_best_attempt_is_active_and_of_equals_the_first(cast, tmp_path):
    numbers = {}
    for n, earned in enumerate(("3.00", "5.00", "5.00"), 1):
        hand_in(cast, cast.ruth, onnx_like(tmp_path, more=bytes([n])))
        finish(Outcome.MEASURED, measured(earned))
        numbers[n] = list(Submission.objects.filter(is_active=True).values_list("number", flat=True))
    assert numbers == {1: [1], 2: [2], 3: [2]}


def test_too_large_is_refused_with_the_limit(cast, tmp_path):
    lab = make_lab(cast.course, "tiny", bench_spec={**SPEC, "max_bytes": 10})
    with pytest.raises(TooLarge) as refused:
        hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    assert refused.value.code == "too_large"


def test_an_outsider_cannot_hand_in(cast, tmp_path):
    with pytest.raises(NotHere):
        hand_in(cast, cast.lena, onnx_like(tmp_path))


def test_a_lab_that_is_not_open_takes_nothing(cast, tmp_path):
    lab = make_lab(cast.course, "later", released_at=timezone.now() + timedelta(days=1))
    with pytest.raises(Conflict) as refused:
        hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=lab)
    assert refused.value.code == "not_released"


def test_work_without_a_model_takes_no_file(cast, tmp_path):
    essay = make_lab(cast.course, "essay", bench_spec={})
    with pytest.raises(Conflict) as refused:
        hand_in(cast, cast.ruth, onnx_like(tmp_path), lab=essay)
    assert refused.value.code == "no_model_taken"


def test_a_renamed_pdf_is_refused_and_nothing_is_recorded(cast, tmp_path):
    upload = onnx_like(tmp_path)
    upload.path.write_bytes(b"%PDF-1.7\n" + b"0" * 100)
    with pytest.raises(BadInput) as refused:
        hand_in(cast, cast.ruth, upload)
    assert refused.value.code == "pdf_not_model"
    assert not Submission.objects.exists()


def test_lateness_is_against_the_due_time_that_held_when_it_arrived(cast, tmp_path):
    cast.lab.due_at = timezone.now() - timedelta(hours=5)
    cast.lab.save()
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    cast.lab.due_at = timezone.now() + timedelta(days=5)
    cast.lab.save()
    submission.refresh_from_db()
    assert plain_late(submission).total_seconds() == pytest.approx(5 * 3600, abs=5)


def test_who_left_the_team_reads_its_run_and_cannot_cancel_it(client, cast, tmp_path):
    cast.lab.is_individual = False
    cast.lab.save()
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    submission = hand_in(cast, cast.ruth, onnx_like(tmp_path))
    team.memberships.filter(person=cast.ruth).update(until_at=timezone.now())
    run = submission.runs.get()
    client.force_login(cast.ruth)
    answer = client.get(run.get_absolute_url())
    assert answer.status_code == 200 and "Cancel this run" not in answer.content.decode()
    answer = client.post(f"{run.get_absolute_url()}cancel/")
    assert (answer.status_code, "not_in_the_team" in answer.content.decode()) == (403, True)
    client.force_login(cast.daniel)
    assert client.post(f"{run.get_absolute_url()}cancel/").status_code == 302
    assert submission.runs.get().outcome == Outcome.CANCELLED


def test_a_hand_in_asks_each_thing_once(cast, tmp_path, django_assert_max_num_queries):
    with_policy(cast)
    # Eighty before the receipt took what the count had read; on PostgreSQL what time it is, and who is first in line, are queries too.
    with django_assert_max_num_queries(43 if connection.vendor == "postgresql" else 36):
        hand_in(cast, cast.ruth, onnx_like(tmp_path))
