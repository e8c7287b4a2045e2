"""A client of the API for each person, with a token of its own."""

import json

import pytest
from django.core.cache import cache
from django.test import Client

from tests.courseplatform.accounts.builders import BOTH, headers_of


class ApiClient:
    """Asks with a token, and reads the document."""

    def __init__(self, person, scopes=BOTH):
        self.client, self.headers = Client(), headers_of(person, scopes)

    def get(self, address, data=None, **extra):
        return self.client.get(f"/api/v1/{address}", data or {}, **{**self.headers, **extra})

    def post(self, address, data=None, **extra):
        return self.client.post(f"/api/v1/{address}", data or {}, **{**self.headers, **extra})

    def read(self, address, data=None):
        answer = self.get(address, data)
        assert answer.status_code == 200, answer.content
        return json.loads(answer.content)


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet():
    cache.clear()


@pytest.fixture
def api():
    return ApiClient
