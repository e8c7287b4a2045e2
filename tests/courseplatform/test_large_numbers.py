"""Numbers in addresses that no database takes: nowhere, and no fault of ours."""

import re

import pytest
from django.urls import get_resolver

from tests.courseplatform.teams.builders import make_team
from tests.hardware.inventory.builders import stockroom_of

pytestmark = pytest.mark.django_db
KNOWN = {"<slug:course>": "odml", "<slug:team>": "magpie", "<slug:assignment>": "lab1"}
ANSWERS = {200, 302, 400, 403, 404, 405, 409, 415, 422}


def routes(found, before=""):
    for one in found.url_patterns:
        route = before + str(one.pattern)
        yield from routes(one, route) if hasattr(one, "url_patterns") else [route]


def filled(route):
    for name, value in KNOWN.items():
        route = route.replace(name, value)
    route = re.sub(r"<int:\w+>", "1" + "0" * 40, route)
    route = re.sub(r"<uuid:\w+>", "00000000-0000-0000-0000-000000000000", route)
    return "/" + re.sub(r"<\w+:\w+>", "x", route)


def test_an_address_with_a_number_of_forty_digits_is_answered(cast, client):
    make_team(cast, "Magpie", cast.ruth)
    stockroom_of(cast)
    client.raise_request_exception = False
    asked = [route for route in routes(get_resolver()) if "<int:" in route and "admin" not in route]
    assert len(asked) > 30
    wrong = []
    for person in (cast.helen, cast.ruth):
        client.force_login(person)
        for address in map(filled, asked):
            statuses = [client.get(address).status_code, client.post(address).status_code]
            wrong += [(address, statuses)] if not ANSWERS.issuperset(statuses) else []
    assert not wrong
