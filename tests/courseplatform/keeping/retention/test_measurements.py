"""Raw measurements leave a result, and its numbers stay."""

from datetime import timedelta

import pytest

from grading.models.runs import Result, Run
from grading.retention import _results_found, _results_take
from tests.courseplatform.keeping.retention.builders import days, ended_course
from tests.people import make_cast

pytestmark = pytest.mark.django_db


def test_single_times_go_and_percentiles_stay(tmp_path):
    cast = make_cast()
    submission, _ = ended_course(cast, tmp_path)
    board = {"samples": [[0, 1]], "windows": [1]}
    row = Result.objects.create(
        run=Run.objects.get(submission=submission), report={}, host={"p50_ms": 2.0, "samples_ms": [1.0, 3.0]}, metrics={"accuracy": 0.9},
        quality={}, points=[], environment={"on_host": {"p50_ms": 2.0, "samples_ms": [1.0]}, "on_board": board}, earned=1, of=1,
    )  # fmt: skip
    Result.objects.update(made_at=days(0))
    before = days(0) + timedelta(hours=1)
    assert _results_found(cast.course, before)[0].count == 1
    assert _results_take(cast.course, before, 100, days(731)).count == 1
    row.refresh_from_db()
    assert row.host == {"p50_ms": 2.0} and row.metrics == {"accuracy": 0.9}
    assert row.environment == {"on_host": {"p50_ms": 2.0}, "on_board": {"windows": [1]}}
    assert _results_take(cast.course, before, 100, days(731)).count == 0
