"""Runs in line, and runs of before, for what the line promises."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from courseplatform.core.health import beat
from grading.models import Run, Submission
from hardware import leases
from hardware.models import Job, Outcome, Status
from hardware.workers import sign_on
from tests.people import hand_in, onnx_like


def waiting(cast, tmp_path, person, lab=None, more=b""):
    """The run of a new hand-in."""
    return hand_in(cast, person, onnx_like(tmp_path, more=more or uuid4().bytes), lab=lab).runs.get()


def measured_before(cast, seconds, *, person=None, model_format="onnx", lab=None):
    """Runs of the lab that took so many seconds each, long ago."""
    person, lab = person or cast.sofia, lab or cast.lab
    base = timezone.now() - timedelta(days=3)
    for n, took in enumerate(seconds):
        number = lab.submissions.filter(person=person).count() + 1
        one = Submission.objects.create(
            assignment=lab, person=person, number=number, upload_key=uuid4(), receipt=uuid4().hex[:20], format=model_format,
            received_at=base, counts=False, sha256=uuid4().hex,
        )  # fmt: skip
        begun = base + timedelta(minutes=n)
        Run.objects.create(
            kind="run", owner_key=one.owner.key, submission=one, requested_by="x", status=Status.FINISHED, outcome=Outcome.MEASURED,
            queued_at=begun, leased_at=begun, started_at=begun, finished_at=begun + timedelta(seconds=took),
        )  # fmt: skip


def workers_live(count=1):
    beat("bench")
    for n in range(count):
        sign_on(f"bench@test:{n}", isolation="bubblewrap")


def taken(worker="bench@test:0", begun_s=0.0):
    """The next run in line, taken and begun so many seconds ago."""
    lease = leases.lease_next(worker=worker, kinds=("run",), now=timezone.now() + timedelta(seconds=1))
    leases.lease_start(lease)
    begun = timezone.now() - timedelta(seconds=begun_s)
    Job.objects.filter(pk=lease.job_id).update(leased_at=begun, started_at=begun)
    return lease
