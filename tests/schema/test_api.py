"""The whole document of the API by every role: as it says, refused at the door, and nothing told to whom it is not for.

`make test` asks a little, with the same cases each time; `make figures` asks much more, and prints the table.
"""

import os

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client, override_settings
from django.urls import reverse

from hardware.models import Runner
from hardware.runners.enrolling import token_rotate
from tests.courseplatform.uploads.builders import BODY, begin
from tests.schema.asking import ALL_SCOPES, roles_of, token_of
from tests.schema.feeding import TUS
from tests.schema.walking import Walk
from tests.schema.walking import document as document_of_api

pytestmark = pytest.mark.django_db
ONLY = os.environ.get("SCHEMA_ONLY", "")  # a part of the name of an operation, while one is mended
EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "1"))


@pytest.fixture(scope="module")
def roles(world):
    """The board of the cast has a token that lives."""
    return roles_of(world, token_rotate(runner=Runner.objects.first()))


@pytest.fixture
def _one_connection():
    """The test's transaction outlives a request, as with Django's own client of tests."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


# Whether a board may be asked for rests on a runner that waits: tests/grading/api/test_board_asks.py has one.
NEVER_WELL = {"POST /api/v1/runs/{run}/board", "DELETE /api/v1/runs/{run}/board"}


@pytest.mark.usefixtures("_one_connection")
def test_every_operation_by_every_role(world, roles):
    walk = Walk(world, roles, EXAMPLES)
    with override_settings(API_PER_MINUTE=1_000_000):
        for found in document_of_api().get_all_operations():
            if not ONLY or ONLY in found.ok().label:
                walk.operation(found.ok())
    print(f"\n{walk.table()}")
    assert not walk.wrong, "\n".join(f"{label}: {words}" for (label, _), words in walk.wrong.items())
    assert walk.never_well() - NEVER_WELL == set()


@pytest.mark.usefixtures("_one_connection")
def test_what_was_discarded_is_gone_for_its_sender_and_was_never_there_for_others(world):
    """And its bytes come back to nobody, whatever is asked of it."""
    mine, others = (Client(headers=token_of(world.people[name], "after", ALL_SCOPES)) for name in ("ruth", "daniel"))
    address = reverse("api:upload", args=[begin(world.cast).pk])
    assert mine.get(address).json()["status"] == "receiving"
    assert mine.delete(address, headers=TUS).status_code == 204
    part = {"data": b"x", "content_type": BODY, "headers": TUS | {"Upload-Offset": "0"}}
    for method, sent in (("head", {"headers": TUS}), ("patch", part), ("delete", {"headers": TUS})):
        assert getattr(mine, method)(address, **sent).status_code == 410, method
        assert getattr(others, method)(address, **sent).status_code == 404, method
    assert mine.get(address).json()["status"] == "discarded" and others.get(address).status_code == 404
