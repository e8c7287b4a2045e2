"""Leases: who holds a job, who lost it, and what a dead worker leaves behind."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from courseplatform.core.errors import Conflict, IllegalMove
from courseplatform.core.states import move
from hardware import leases
from hardware.leases import CancelRequested, JobKind, LeaseLost
from hardware.models import MOVES, Job, JobMove, Outcome, Priority, Status

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]


@pytest.fixture
def ends(monkeypatch):
    """A kind of job that remembers what its end was told."""
    seen = []
    monkeypatch.setitem(
        leases._kinds,
        "probe",
        JobKind("probe", lambda job, outcome, result: seen.append((outcome, result)), lambda: None),
    )
    return seen


def make_job(owner="person:1", age_s=0, **fields):
    now = timezone.now() - timedelta(seconds=age_s)
    return leases.job_enqueue(
        Job, kind="probe", owner_key=owner, priority=fields.pop("priority", Priority.LIVE), now=now, **fields
    )


def take(worker="w1", now=None):
    return leases.lease_next(worker=worker, kinds=("probe",), now=now)


def test_a_job_is_leased_once(ends):
    make_job()
    assert take("w1") is not None
    assert take("w2") is None


def test_finish_records_outcome_and_tells_the_owner_once(ends):
    job = make_job()
    lease = take()
    leases.lease_start(lease)
    assert leases.lease_finish(lease, outcome=Outcome.MEASURED, result={"x": 1}) is True
    assert leases.lease_finish(lease, outcome=Outcome.MEASURED, result={"x": 1}) is False
    job.refresh_from_db()
    assert (job.status, job.outcome) == (Status.FINISHED, Outcome.MEASURED)
    assert ends == [(Outcome.MEASURED, {"x": 1})]


def test_a_silent_worker_loses_its_job_and_cannot_finish_it(ends):
    job = make_job()
    lease = take()
    leases.lease_start(lease)
    later = timezone.now() + timedelta(seconds=leases.LEASE_TTL_S + 1)
    assert leases.sweep(now=later)["expired"] == 1
    with pytest.raises(LeaseLost):
        leases.lease_finish(lease, outcome=Outcome.MEASURED, result={})
    with pytest.raises(LeaseLost):
        leases.lease_beat(lease)
    second = take("w2", now=later + timedelta(seconds=5))
    assert second is not None and second.attempt == lease.attempt + 1
    leases.lease_start(second)
    assert leases.lease_finish(second, outcome=Outcome.MEASURED, result={})
    job.refresh_from_db()
    assert job.faults == 1
    assert len(ends) == 1


def test_a_beat_keeps_the_lease_alive(ends):
    make_job()
    lease = take()
    leases.lease_start(lease)
    now = timezone.now()
    for seconds in (10, 20, 30):
        leases.lease_beat(lease, now=now + timedelta(seconds=seconds))
    assert leases.sweep(now=now + timedelta(seconds=31))["expired"] == 0


def test_too_many_faults_end_as_ours_and_never_as_the_students(ends):
    make_job()
    now = timezone.now()
    for _ in range(leases.MAX_FAULTS):
        lease = take(now=now)
        assert lease is not None
        leases.lease_release(lease, why="disk full", now=now)
        now += timedelta(minutes=5)
    job = Job.objects.get()
    assert (job.status, job.outcome) == (Status.FINISHED, Outcome.INFRASTRUCTURE)
    assert [outcome for outcome, _ in ends] == [Outcome.INFRASTRUCTURE]


def test_a_worker_that_stops_gives_the_job_back_without_a_fault_and_in_place(ends):
    first = make_job("person:1", age_s=60)
    make_job("person:2", age_s=30)
    lease = take()
    leases.lease_release(lease, why="stopping", fault=False)
    first.refresh_from_db()
    assert first.faults == 0
    assert take("w2").job_id == first.pk


def test_cancel_while_waiting_ends_it_now(ends):
    job = make_job()
    leases.job_cancel(job, by="ruth")
    job.refresh_from_db()
    assert job.outcome == Outcome.CANCELLED
    with pytest.raises(Conflict) as refused:
        leases.job_cancel(job, by="ruth")
    assert refused.value.code == "already_finished"


def test_cancel_while_running_is_told_at_the_next_beat(ends):
    job = make_job()
    lease = take()
    leases.lease_start(lease)
    leases.job_cancel(job, by="ruth")
    with pytest.raises(CancelRequested):
        leases.lease_beat(lease)


def test_every_move_leaves_a_row(ends):
    make_job()
    lease = take()
    leases.lease_start(lease)
    leases.lease_finish(lease, outcome=Outcome.MEASURED, result={})
    moves = list(JobMove.objects.values_list("moved_from", "moved_to", "by"))
    assert moves == [("queued", "leased", "w1"), ("leased", "running", "w1"), ("running", "finished", "w1")]


@pytest.mark.parametrize(("old", "new"), list(product(Status.values, Status.values)))
def test_all_pairs_of_states(ends, old, new):
    outcome = "measured" if old == Status.FINISHED else ""
    job = make_job(status=old, outcome=outcome)
    changes = {"outcome": "measured"} if new == Status.FINISHED else {"outcome": ""}
    if new in MOVES[old]:
        move(job, moves=MOVES, to=new, by="test", history=JobMove, **changes)
        assert Job.objects.get().status == new
    else:
        with pytest.raises(IllegalMove):
            move(job, moves=MOVES, to=new, by="test", history=JobMove, **changes)
        assert Job.objects.get().status == old
        assert not JobMove.objects.exists()


def test_the_slower_of_two_movers_loses(ends):
    job = make_job()
    same = Job.objects.get(pk=job.pk)
    move(job, moves=MOVES, to=Status.LEASED, by="a", history=JobMove)
    with pytest.raises(IllegalMove) as lost:
        move(same, moves=MOVES, to=Status.LEASED, by="b", history=JobMove)
    assert lost.value.code == "lost_race"
