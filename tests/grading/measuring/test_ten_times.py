"""The same file gets the same grade, on a busy machine too. The full ten are in tests/load/ten_times.py."""

import pytest

from grading.bench.sandbox import detect
from tests.load.ten_times import FILES, grade_of, ten


@pytest.mark.parametrize("name", FILES)
def test_three_on_an_idle_and_two_on_a_busy_machine_are_five_identical_grades(name, tmp_path):
    documents = ten(name, detect("auto"), tmp_path, idle=3, busy=2)
    assert len({grade_of(document) for document in documents}) == 1
    first = documents[0]
    assert len(documents) == 5 and first["suspicions"] == []
    assert [line["key"] for line in first["points"]] == ["opens", "accuracy", "macs", "time"]
    assert first["metrics"]["latency_ms"] > 0 and float(first["earned"]) > 3
    times = {document["host"]["p50_ms"] for document in documents}
    assert len(times) > 1, "the clock does move; only no grade rests on it"
