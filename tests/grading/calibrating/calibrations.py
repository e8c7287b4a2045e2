"""Calibrations of the cast's boards, with rows of a board that is made up, and what a worker fits to them."""

from functools import cache

from django.utils import timezone

from grading.bench.cost.sweep import networks
from grading.measuring.refits import refit_waiting
from grading.models import Refit
from grading.services.refits import refit_begin
from hardware.models import BoardCalibration, CalibrationRow, CalibrationStatus
from tests.grading.bench.cost.boards import made_rows
from tests.hardware.runners.boards import add_board

REASON = "The fan was on and nothing else ran."


@cache
def _times(seed, noise):
    return {row.model: row.latency_ms for row in made_rows(noise=noise, seed=seed)}


def calibration_of(cast, runner=None, *, seed=7, noise=0.03, only=lambda name: True, factor=1.0):
    """One that has been measured; nothing is fitted to it yet."""
    runner = runner or add_board(cast)[0]
    made = BoardCalibration.objects.create(
        runner=runner, course=runner.course, device=runner.device, board="rpi-4b", runtime="onnx", threads=1, total=len(networks()),
        asked_by="runner pi4-01", status=CalibrationStatus.MEASURED, ended_at=timezone.now(),
    )  # fmt: skip
    times = _times(seed, noise)
    CalibrationRow.objects.bulk_create(
        CalibrationRow(
            calibration=made, network=name, family=one.family, is_whole=one.is_whole, macs=1, runtime_version="1.22.0", p50_ms=times[name] * factor,
            p90_ms=times[name] * 1.1, p99_ms=times[name] * 1.2, low_ms=times[name] * 0.9, high_ms=times[name] * 1.1, windows=5, inferences=250,
            clock_mhz=1500, thermal="ok",
        )
        for name, one in networks().items() if only(name)
    )  # fmt: skip
    return made


def refit_of(cast, runner=None, **given):
    """The same, fitted."""
    made = calibration_of(cast, runner, **given)
    refit_begin(made)
    refit_waiting("bench@test")
    return Refit.objects.get(calibration=made)
