import pytest

from tests.hostile.levels import AlreadyStarted, working

BUBBLEWRAP = pytest.mark.part("bubblewrap")
# Waiting changes when a process is confined, not by what: tests/grading/bench/test_prepared.py shows it, `make figures` each attack.


@pytest.fixture(
    params=[
        pytest.param("bubblewrap", marks=BUBBLEWRAP),
        "namespaces",
        "limits",
        pytest.param("bubblewrap, waiting", marks=[BUBBLEWRAP, pytest.mark.whole]),
        pytest.param("namespaces, waiting", marks=pytest.mark.whole),
        pytest.param("limits, waiting", marks=pytest.mark.whole),
        pytest.param("docker", marks=pytest.mark.part("docker")),
    ]
)
def sandbox(request):
    name, _, how = request.param.partition(", ")
    found = working(name)
    return AlreadyStarted(found) if how else found
