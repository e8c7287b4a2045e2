import pytest

from tests.hostile.levels import working


@pytest.fixture(params=["bubblewrap", "namespaces", "limits"])
def sandbox(request):
    return working(request.param)
