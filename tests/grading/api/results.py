"""Runs that have ended, without measuring anything."""

from django.utils import timezone

from grading.models import Run
from grading.queue.wake import RUN_KIND
from hardware import leases
from hardware.models import Outcome
from tests.people import hand_in, onnx_like

GRADED_BY = {"on": "process", "label": "process, 1024 MiB", "reason": "", "ran_under_bytes": None}
DOCUMENT = {
    "report": {"operators": []}, "host": {"p50_ms": 1.5}, "metrics": {"accuracy": 0.975, "macs": 3456},
    "quality": {"worst_pairs": []}, "points": [{"key": "opens", "earned": "1.00", "of": "1.00"}],
    "environment": {"isolation": "limits", "graded_by": GRADED_BY}, "earned": "6.38", "of": "7.00",
}  # fmt: skip


def measured(cast, person, folder, outcome="measured", code="", message=""):
    """One hand-in of `person` whose run has ended."""
    submission = hand_in(cast, person, onnx_like(folder, more=person.name.encode()))
    lease = leases.lease_next(worker="test", kinds=[RUN_KIND], now=timezone.now())
    leases.lease_start(lease)
    result = DOCUMENT if outcome == "measured" else {"code": code, "message": message}
    assert leases.lease_finish(lease, outcome=Outcome(outcome), result=result)
    return Run.objects.select_related("submission__assignment__course").get(submission=submission)
