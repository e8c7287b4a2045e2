import pytest

from tests.hostile.levels import AlreadyStarted, working

BUBBLEWRAP = pytest.mark.part("bubblewrap")


@pytest.fixture(
    params=[
        pytest.param("bubblewrap", marks=BUBBLEWRAP),
        "namespaces",
        "limits",
        pytest.param("bubblewrap, waiting", marks=BUBBLEWRAP),
        "namespaces, waiting",
        "limits, waiting",
        pytest.param("docker", marks=pytest.mark.part("docker")),
    ]
)
def sandbox(request):
    name, _, how = request.param.partition(", ")
    found = working(name)
    return AlreadyStarted(found) if how else found
