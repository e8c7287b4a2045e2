"""A deployment measures in containers, or says aloud that it does not."""

import pytest

from courseplatform.checks import deployment
from grading.bench.errors import BenchError
from grading.measuring import bench_ready


def ids(settings):
    return {message.id for message in deployment(None)}


@pytest.mark.parametrize(
    ("isolation", "allowed", "found"), [("docker", False, False), ("auto", True, False), ("auto", False, True)]
)
def test_the_deploy_check_names_processes_as_isolation(settings, isolation, allowed, found):
    settings.BENCH_ISOLATION, settings.BENCH_ALLOW_PROCESS = isolation, allowed
    assert ("milliamp.E004" in ids(settings)) is found


def test_a_worker_of_a_deployment_refuses_processes(settings, monkeypatch):
    monkeypatch.setattr(bench_ready._Held, "isolation", None)
    settings.EMBEDDED, settings.DEBUG, settings.BENCH_ISOLATION, settings.BENCH_ALLOW_PROCESS = (
        False,
        False,
        "limits",
        False,
    )
    with pytest.raises(BenchError, match="measures in containers") as caught:
        bench_ready.sandbox()
    assert caught.value.outcome == "infrastructure"


def test_the_embedded_world_measures_in_processes(settings):
    settings.EMBEDDED, settings.BENCH_ISOLATION, settings.BENCH_ALLOW_PROCESS = True, "auto", False
    assert not bench_ready._is_refused()
