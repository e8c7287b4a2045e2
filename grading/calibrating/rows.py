"""What boards have measured, as rows that the cost model is fitted to, and as the table that `manage.py calibrate --from` reads."""

from collections.abc import Iterable

from grading.bench.cost.published import COLUMNS, Row, conditions, network_of
from hardware.models import BoardCalibration, CalibrationRow

# What agents call a runtime -> as the cost model and device profiles call it.
ENGINES = {"onnx": "onnxruntime", "tflite": "tflite"}


def speaks_for(calibration: BoardCalibration) -> str:
    """Board, runtime, precision and threads: whatever version the runtime has."""
    return "/".join([calibration.board, ENGINES[calibration.runtime], calibration.precision, str(calibration.threads)])


def csv_rows(calibration: BoardCalibration, rows: Iterable[CalibrationRow]) -> list[list[object]]:
    """With the columns COLUMNS of published tables."""
    return [
        [
            calibration.board, row.network, _runtime(calibration, row), calibration.precision, calibration.threads, f"{row.p50_ms:.6g}", "",
            _source(calibration, row),
        ]
        for row in rows
    ]  # fmt: skip


HEADS = COLUMNS


def _runtime(calibration: BoardCalibration, row: CalibrationRow) -> str:
    return f"{ENGINES[calibration.runtime]}@{row.runtime_version}"


def _source(calibration: BoardCalibration, row: CalibrationRow) -> str:
    """In one cell, as published rows say theirs."""
    clock = f"; {row.clock_mhz:g} MHz" if row.clock_mhz else ""
    return (
        f"calibration of {calibration.runner.name}, {row.at:%Y-%m-%d} (stat=p50 of {row.windows} windows of {row.low_ms:.6g} to "
        f"{row.high_ms:.6g} ms; p90 {row.p90_ms:.6g}; p99 {row.p99_ms:.6g}{clock}; thermal {row.thermal or 'unknown'})"
    )


def as_published(calibration: BoardCalibration, rows: Iterable[CalibrationRow]) -> list[Row]:
    """Rows of the newest runtime among them: where it was changed in the middle, those of before are another group."""
    kept = list(rows)
    newest = kept[-1].runtime_version if kept else ""
    found = []
    for row in kept:
        family, architecture, parameters = network_of(row.network)
        if row.runtime_version != newest or not architecture:
            continue
        source = _source(calibration, row)
        found.append(
            Row(
                line=row.pk, device=calibration.board, board=calibration.board, model=row.network, family=family, architecture=architecture,
                parameters=tuple(sorted(parameters.items())), runtime=ENGINES[calibration.runtime], version=row.runtime_version.removesuffix(".0")
                if row.runtime_version.count(".") == 2 else row.runtime_version, precision=calibration.precision,
                threads=str(calibration.threads), threads_said=str(calibration.threads), latency_ms=row.p50_ms, energy_mj=None, source=source,
                **conditions(source),
            )
        )  # fmt: skip
    return found
