"""Measured attempts of the cast, and the steps of a re-run."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from grading.grade_facts import grade_for
from grading.models import Assignment, GradeEvent, LateEntry, LateVerdict, Rerun, Result, Run, Submission
from grading.points.again import Stored, points_again
from grading.services.rerun_applying import rerun_carry_on
from grading.services.reruns import rerun_apply, rerun_begin
from grading.services.submissions import submission_create
from hardware import leases
from hardware.models import Job, Outcome
from tests.grading.api.results import GRADED_BY
from tests.people import SPEC, onnx_like

METRICS = {"accuracy": 0.894, "peak_activation_bytes": 9000, "macs": 1000, "params": 10, "model_bytes": 9}
STRICT = SPEC | {
    "criteria": [
        SPEC["criteria"][0],
        SPEC["criteria"][1] | {"rule": {"kind": "at_least", "value": 0.95}},
        SPEC["criteria"][2],
    ]
}
MILD = SPEC | {
    "criteria": [
        SPEC["criteria"][0],
        SPEC["criteria"][1] | {"rule": {"kind": "ramp", "from": 0.8, "to": 0.9}},
        SPEC["criteria"][2],
    ]
}
REASON = "The threshold was meant to be another one."


def document_of(lab, **metrics):
    """What a run with these metrics comes to by the rules of the lab."""
    numbers = METRICS | metrics
    points = points_again(lab.spec, Stored(numbers, {}, {}))
    return {
        "report": {"operators": []}, "host": {"p50_ms": 1.5}, "metrics": numbers, "quality": {}, "points": points.lines_json(),
        "environment": {"isolation": "limits", "graded_by": GRADED_BY}, "earned": points.earned, "of": points.of, "left_open": points.left_open,
    }  # fmt: skip


def measured(cast, person, folder, *, ago=timedelta(), lab=None, **metrics):
    """A hand-in whose run has ended; `metrics` are what it came to."""
    lab = Assignment.objects.select_related("course", "hidden_set").get(pk=(lab or cast.lab).pk)
    submission, _ = submission_create(
        person=person,
        assignment=lab,
        upload=onnx_like(folder, more=uuid4().bytes),
        upload_key=uuid4(),
        now=timezone.now() - ago,
    )
    lease = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(seconds=1))
    leases.lease_start(lease)
    leases.lease_finish(lease, outcome=Outcome.MEASURED, result=document_of(lab, **metrics))
    return Submission.objects.get(pk=submission.pk)


def change_rules(cast, bench=STRICT):
    Assignment.objects.filter(pk=cast.lab.pk).update(bench_spec=bench)
    cast.lab = Assignment.objects.select_related("course", "hidden_set").get(pk=cast.lab.pk)
    return cast.lab


def begin(cast, kind="points", by=None, reason=REASON):
    return rerun_begin(visit=cast.visit(by or cast.helen), assignment=cast.lab, kind=kind, reason=reason)


def apply(cast, rerun, by=None):
    rerun_apply(visit=cast.visit(by or cast.helen), rerun=rerun)
    assert rerun_carry_on(rerun=rerun)
    return Rerun.objects.get(pk=rerun.pk)


def take(now=None):
    """The next job of a re-run, as a worker takes it."""
    lease = leases.lease_next(
        worker="bench@test", kinds=("run", "rerun"), now=now or timezone.now() + timedelta(seconds=1)
    )
    if lease is not None:
        leases.lease_start(lease)
    return lease


def measure_all(cast, **metrics):
    """Every model that waits is measured, and comes to this."""
    while (lease := take()) is not None:
        leases.lease_finish(lease, outcome=Outcome.MEASURED, result=document_of(cast.lab, **metrics))


def late_rows(cast):
    """Every row of the ledger and every verdict, as it stands."""
    return [list(model.objects.order_by("pk").values()) for model in (LateEntry, LateVerdict)]


def points_of(cast, person):
    return grade_for(cast.lab, person).points


def written(cast):
    """How much is written of grades, results and runs."""
    return (
        GradeEvent.objects.count(),
        Run.objects.count(),
        Job.objects.count(),
        list(Result.objects.order_by("pk").values("earned", "points")),
    )


def rerun_of(cast):
    """One that was discarded, so that an address has something to name and no lab is held up."""
    return Rerun.objects.create(
        assignment=cast.lab,
        kind="points",
        status="discarded",
        reason=REASON,
        made_by="Helen",
        made_at=timezone.now(),
        rules="0" * 16,
    )
