"""A class with results, as the ends of its runs leave them: shared by the tests of the front and of the leaderboard."""

from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from courseplatform.courses.models import Enrolment, Role
from grading.models import Run
from hardware import leases
from hardware.models import Outcome
from tests.people import hand_in, make_user, onnx_like

DEVICE = "rpi-4-4gb"
LATENCY = {
    "name": "Raspberry Pi 4, 4 GB", "fits": True, "runtime": "tflite@2.4.1", "precision": "int8", "threads": 4, "extrapolated": False, "flags": [],
    "graded": True, "reason": "", "calibration": {"rows": 61, "metered": True},
    "ram_needed_bytes": 6 << 20, "ram_limit_bytes": 3936 << 20, "flash_needed_bytes": 1 << 20, "flash_limit_bytes": 0,
    "battery_hours": 4000 / 600, "mah_per_hour": 600.0, "why": "", "reasons": [],
}  # fmt: skip


def document(accuracy=0.9, latency_ms=None, earned="4.00", runtime="tflite@2.4.1", on="process", **metrics):
    """What the worker hands in at the end of a run; short, but with every key that pages of the class read."""
    plain = {"accuracy": accuracy, "macs": 1000, "params": 10, "model_bytes": 900, "peak_activation_bytes": 700}
    verdict = LATENCY | {
        "runtime": runtime, "latency_ms": latency_ms, "energy_mj": latency_ms and 7 * latency_ms,
        "latency_interval_ms": latency_ms and [0.9 * latency_ms, 1.15 * latency_ms],
    }  # fmt: skip
    return {
        "report": {}, "host": {"p50_ms": 0.1}, "metrics": plain | metrics, "points": [], "earned": earned, "of": "7.00",
        "quality": {"accuracy": accuracy, "low": accuracy - 0.02, "high": accuracy + 0.02},
        "environment": {"graded_by": {"on": on}, "devices": {DEVICE: verdict}},
    }  # fmt: skip


def lease():
    found = leases.lease_next(worker="bench@test", kinds=("run",), now=timezone.now() + timedelta(minutes=1))
    leases.lease_start(found)
    return found


def measured(cast, person, tmp_path, lab=None, **facts):
    """Hand in, and end the run with a result. Returns the run."""
    submission = hand_in(cast, person, onnx_like(tmp_path, more=uuid4().bytes), lab=lab)
    leases.lease_finish(lease(), outcome=Outcome.MEASURED, result=document(**facts))
    return Run.objects.select_related("submission__assignment__course").get(submission=submission)


def students(cast, count, prefix="Pat"):
    found = [make_user(f"{prefix}{n}") for n in range(count)]
    Enrolment.objects.bulk_create(Enrolment(course=cast.course, person=one, role=Role.STUDENT) for one in found)
    return found


def with_device(lab):
    lab.bench_spec = lab.bench_spec | {"devices": [DEVICE]}
    lab.save()
    lab.__dict__.pop("spec", None)
