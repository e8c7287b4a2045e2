import pytest
from django.core.cache import cache

from tests.courseplatform.status.builders import forget


@pytest.fixture(autouse=True)
def _nothing_is_remembered():
    cache.clear()
    forget()
    yield
    cache.clear()
    forget()
