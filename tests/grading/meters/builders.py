"""A run that a board without a power sensor has measured, in a lab that gives points for energy."""

from uuid import uuid4

from django.utils import timezone

from grading.models import Assignment, Run
from grading.points.again import Stored, points_again
from grading.services.meter_readings import Entered, meter_reading_add
from hardware import leases
from hardware.models import Outcome
from tests.grading.ranks.classroom import DEVICE, LATENCY, lease
from tests.people import hand_in, onnx_like

METRICS = {"accuracy": 0.9, "macs": 1000, "params": 10, "model_bytes": 900, "peak_activation_bytes": 700}
BOARD = {
    "runner": "pi4-01",
    "device": DEVICE,
    "energy_mj": None,
    "p50_ms": 40.0,
    "medians_ms": [39.5, 40.5],
    "runs": 500,
}
UNMETERED = LATENCY | {
    "latency_ms": 38.0,
    "latency_interval_ms": [34.0, 44.0],
    "energy_mj": 266.0,
    "calibration": {"rows": 61, "metered": False},
}
TYPED = {"volts": 5.0, "idle_ma": 540.0, "loaded_ma": 1040.0}


def energy_lab(cast, board=None, **keys):
    """One point more: for at most 150 mJ above idle."""
    energy = {
        "key": "energy",
        "title": "Energy",
        "points": 2,
        "metric": "energy_mj",
        "rule": {"kind": "at_most", "value": 150},
    }
    lab = Assignment.objects.select_related("course", "hidden_set").get(pk=cast.lab.pk)
    spec = {key: value for key, value in lab.bench_spec.items() if key not in ("devices", "board")}
    criteria = [one for one in spec["criteria"] if one["key"] != "energy"]
    lab.bench_spec = spec | {"devices": [DEVICE], "criteria": [*criteria, energy]} | ({"board": board} if board else {})
    Assignment.objects.filter(pk=lab.pk).update(bench_spec=lab.bench_spec, **keys)
    cast.lab = Assignment.objects.select_related("course", "hidden_set").get(pk=lab.pk)
    return cast.lab


def on_a_board(cast, person, folder, **board):
    """Hand in, and end the run with what such a board says of it."""
    lab = cast.lab
    hand_in(cast, person, onnx_like(folder, more=uuid4().bytes), lab=lab)
    held = lease()
    graded_by = {"on": "board", "label": "board pi4-01", "measured": ["latency_ms", "frames_per_second"]}
    environment = {"graded_by": graded_by, "devices": {DEVICE: UNMETERED}, "on_board": BOARD | board}
    metrics = METRICS | {"latency_ms": 40.0, "energy_mj": 266.0}
    points = points_again(lab.spec, Stored(metrics, {}, environment))
    document = {
        "report": {"operators": []}, "host": {"p50_ms": 40.0}, "metrics": metrics, "quality": {}, "points": points.lines_json(),
        "environment": environment, "earned": points.earned, "of": points.of, "left_open": points.left_open,
    }  # fmt: skip
    leases.lease_finish(held, outcome=Outcome.MEASURED, result=document)
    return fresh(held.job_id)


def fresh(pk):
    related = (
        "result",
        "submission__assignment__course",
        "submission__assignment__hidden_set",
        "submission__team",
        "submission__person",
    )
    return Run.objects.select_related(*related).get(pk=pk)


def enter(cast, person, run, way="current", key=None, **changes):
    """(the reading, whether it is new)"""
    more = {name: changes.pop(name) for name in ("meter", "in_budget") if name in changes}
    entered = Entered(way, TYPED | changes, **{"meter": "FNB58"} | more)
    return meter_reading_add(
        visit=cast.visit(person), run=fresh(run.pk), entered=entered, entry_key=key or uuid4(), now=timezone.now()
    )


def energy_line(run):
    return next(line for line in fresh(run.pk).result.points if line["key"] == "energy")
