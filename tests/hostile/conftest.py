import pytest

from tests.hostile.levels import working


@pytest.fixture(params=[pytest.param("bubblewrap", marks=pytest.mark.part("bubblewrap")), "namespaces", "limits"])
def sandbox(request):
    return working(request.param)
