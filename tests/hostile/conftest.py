import os

import pytest

from tests.hostile.levels import AlreadyStarted, working

BUBBLEWRAP = pytest.mark.part("bubblewrap")
# Waiting changes when a process is confined, not by what: one isolation shows it here, `make figures` all of them.
ONLY_IN_FIGURES = pytest.mark.skipif("EVERY_LEVEL" not in os.environ, reason="this level is tried in make figures")


@pytest.fixture(
    params=[
        pytest.param("bubblewrap", marks=BUBBLEWRAP),
        "namespaces",
        "limits",
        pytest.param("bubblewrap, waiting", marks=BUBBLEWRAP),
        pytest.param("namespaces, waiting", marks=ONLY_IN_FIGURES),
        pytest.param("limits, waiting", marks=ONLY_IN_FIGURES),
        pytest.param("docker", marks=pytest.mark.part("docker")),
    ]
)
def sandbox(request):
    name, _, how = request.param.partition(", ")
    found = working(name)
    return AlreadyStarted(found) if how else found
