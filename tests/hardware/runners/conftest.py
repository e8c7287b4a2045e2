"""A kind of work for boards that belongs to nobody."""

import pytest

from hardware import leases
from hardware.leases import JobKind


@pytest.fixture(autouse=True)
def ends(monkeypatch):
    """Work of a kind that remembers what its end was told."""
    seen = []
    probe = JobKind(
        "board_probe",
        lambda job, outcome, result: seen.append((job.pk, outcome, result)),
        lambda: None,
        ttl_s=60,
        start_within_s=120,
    )
    monkeypatch.setitem(leases._kinds, "board_probe", probe)
    monkeypatch.setattr("hardware.line.BOARD_KINDS", ("board_run", "board_health", "board_calibration", "board_probe"))
    return seen
