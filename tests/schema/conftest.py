"""The walks over every address: the seeded site is made once."""

import pytest
from django.core.cache import cache

from tests.grading.conftest import document  # noqa: F401 what the engine says of a real model
from tests.schema.world import make_world


@pytest.fixture(scope="module")
def world(module_dir, document):  # noqa: F811
    cache.clear()
    return make_world(module_dir, document)
