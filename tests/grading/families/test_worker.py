"""Variants in the worker: really measured in the sandbox, after hand-ins, and nothing is lost with a worker."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.core.errors import Conflict, TooMany
from grading.measuring import measure_variant, worker
from grading.models import Piece, Submission
from grading.models.variants import VariantRun
from grading.services import variants
from grading.services.families import FamilyEdit, family_edit
from grading.services.pieces import piece_remove, pieces_sweep
from grading.services.variants import variant_again
from hardware import leases
from hardware.leases import LEASE_TTL_S, MAX_FAULTS
from hardware.models import Job, Outcome
from tests.grading.families.builders import family_lab, net, put_net, work
from tests.grading.measuring.test_worker import StillHeart
from tests.people import hand_in, make_cast, onnx_like

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture
def cast(settings, tmp_path, monkeypatch):
    settings.DATA_DIR, settings.MEDIA_ROOT = tmp_path, tmp_path / "media"
    monkeypatch.setattr(worker, "Heartbeat", StillHeart)
    return make_cast()


def test_two_sizes_and_a_wrong_one_are_measured_and_refused_in_the_sandbox(cast, tmp_path):
    lab = family_lab(cast)
    large, small = put_net(cast.ruth, lab, tmp_path), put_net(cast.ruth, lab, tmp_path, "d1_w8_4.onnx", side=4)
    wrong = put_net(cast.ruth, lab, tmp_path, "d1_w8_2.onnx", side=2)
    work(times=3)
    runs = {run.piece_id: run for run in VariantRun.objects.all()}
    first, second, third = runs[large.pk], runs[small.pk], runs[wrong.pk]
    assert (first.measured["size"], first.measured["report"]["macs"]) == (8, 640)  # 8 x 8 x 10
    assert (second.measured["size"], second.measured["report"]["macs"]) == (4, 160)
    for run in (first, second):
        assert run.outcome == Outcome.MEASURED
        assert run.measured["quality"]["n"] == 16
        assert len(run.measured["host"]["medians_ms"]) == 3
    assert (third.outcome, third.error_code, third.measured) == (Outcome.REFUSED, "input_mismatch", {})
    assert "Lab 1 gives 1×1×8×8." in third.error_message
    assert third.error_message.endswith("A variant of the family may also take pictures of 4×4.")


def test_a_hand_in_is_measured_before_a_family_that_waits_longer(cast, tmp_path):
    put_net(cast.ruth, family_lab(cast), tmp_path, now=timezone.now() - timedelta(hours=1))
    hand_in(cast, cast.daniel, onnx_like(tmp_path))
    kinds = [worker._next("bench@test").kind for _ in range(2)]
    assert kinds == ["run", "variant"]


def test_the_variants_of_a_person_do_not_push_their_hand_in_down_the_line(cast, tmp_path):
    lab = family_lab(cast)
    for seed in range(3):
        put_net(cast.ruth, lab, tmp_path, f"d{seed}.onnx", seed=seed, now=timezone.now() - timedelta(hours=1))
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    hand_in(cast, cast.daniel, onnx_like(tmp_path))
    first = leases.lease_next(worker="x", kinds=("run",))
    assert Submission.objects.get(runs=first.job_id).person == cast.ruth


def test_a_worker_that_is_killed_loses_nothing(cast, tmp_path):
    put_net(cast.ruth, family_lab(cast), tmp_path)
    lease = worker._next("killed@test")
    leases.lease_start(lease)
    late = timezone.now() + timedelta(seconds=LEASE_TTL_S + 1)
    assert leases.sweep(now=late)["expired"] == 1
    work()
    run = VariantRun.objects.get()
    assert (run.outcome, run.attempt) == (Outcome.MEASURED, 2)
    with pytest.raises(leases.LeaseLost):
        leases.lease_finish(lease, outcome=Outcome.REFUSED, result={})


def test_a_fault_of_ours_is_tried_again_and_may_be_asked_for_once_more(cast, tmp_path, monkeypatch):
    piece = put_net(cast.ruth, family_lab(cast), tmp_path)

    def fails(**given):
        raise OSError(28, "No space left")

    with monkeypatch.context() as broken:
        broken.setattr(measure_variant, "measure_variant", fails)
        work(times=MAX_FAULTS)
    assert VariantRun.objects.get().outcome == Outcome.INFRASTRUCTURE
    variant_again(owner=piece.owner, piece=piece)
    work()
    assert VariantRun.objects.order_by("queued_at").last().outcome == Outcome.MEASURED
    with pytest.raises(Conflict) as refused:
        variant_again(owner=piece.owner, piece=piece)
    assert refused.value.code == "already_measured"


def test_the_same_bytes_are_not_measured_twice_for_one_owner(cast, tmp_path):
    lab, path = family_lab(cast), net(tmp_path)
    first = put_net(cast.ruth, lab, tmp_path, path=path)
    piece_remove(owner=first.owner, piece=first)
    assert VariantRun.objects.get().outcome == Outcome.CANCELLED  # nobody waits for it any more
    put_net(cast.ruth, lab, tmp_path, "other_name.onnx", path=path)
    put_net(cast.daniel, lab, tmp_path, path=path)
    work(times=2)
    again = put_net(cast.ruth, lab, tmp_path, "third_name.onnx", path=path)
    assert again.data["name"] == "third_name"
    measured = VariantRun.objects.filter(outcome=Outcome.MEASURED)
    assert sorted(measured.values_list("piece__person__name", flat=True)) == ["Daniel", "Ruth"]
    assert not Job.objects.filter(status="queued").exists()


def test_what_was_handed_in_is_measured_though_it_left_the_desk(cast, tmp_path):
    piece = put_net(cast.ruth, family_lab(cast), tmp_path)
    hand_in(cast, cast.ruth, onnx_like(tmp_path))
    piece_remove(owner=piece.owner, piece=piece)
    assert VariantRun.objects.get().status == "queued"


def test_there_is_a_bound_to_how_often_the_hidden_inputs_are_asked(cast, tmp_path, monkeypatch):
    lab = family_lab(cast)
    monkeypatch.setattr(variants, "PER_HOUR", 2)
    for seed in (1, 2):
        put_net(cast.ruth, lab, tmp_path, seed=seed)
    with pytest.raises(TooMany) as refused:
        put_net(cast.ruth, lab, tmp_path, seed=3)
    assert refused.value.code == "too_many_variants"
    assert VariantRun.objects.count() == 2
    assert len(list((tmp_path / "media" / "pieces").iterdir())) == 2  # no file without a row


def test_the_file_of_a_renamed_variant_stays_while_one_of_its_pieces_does(cast, tmp_path):
    first = put_net(cast.ruth, family_lab(cast), tmp_path)
    labels = {"name": "renamed"}
    family_edit(owner=first.owner, assignment=first.assignment, edit=FamilyEdit({first.pk: labels}))
    second = Piece.objects.standing().get()
    family_edit(owner=first.owner, assignment=first.assignment, edit=FamilyEdit({second.pk: {"name": "again"}}))
    later = timezone.now() + timedelta(days=8)
    assert pieces_sweep(now=later) == 1  # the second: the first is named by its measurement
    assert first.file.storage.exists(first.file.name) and Piece.objects.standing().get().file.name == first.file.name
