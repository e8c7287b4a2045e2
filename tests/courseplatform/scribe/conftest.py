"""A duty of Ruth and Daniel, and browsers in which Ruth and Amit are signed in."""

import pytest

from tests.courseplatform.scribe.builders import duty_of


@pytest.fixture
def duty(cast):
    return duty_of(cast, cast.ruth, cast.daniel)


@pytest.fixture
def ruth(cast, client):
    client.force_login(cast.ruth)
    return client


@pytest.fixture
def amit(cast, client):
    client.force_login(cast.amit)
    return client
