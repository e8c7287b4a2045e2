"""Every page that is opened with GET, by everybody, with objects of theirs and of others: nothing is said to whom it is not for."""

import os
import re

import pytest
from django.test import Client

from courseplatform.core.audience import audience_of
from tests.courseplatform.test_access import PATTERNS
from tests.schema.asking import text_of
from tests.schema.canaries import leaks, named

BY_A_KEY = ("/notifications/stop/",)  # a link of a mail, signed for its person: whoever has it is meant
pytestmark = pytest.mark.django_db
PLACE = re.compile(r"<\w+:\w+>")


# tests/courseplatform/test_access.py sends everybody everywhere in each run; here the others come with `make figures`.
WHO, OTHERS = ["ruth", "amit"], 1
if "SCHEMA_EXAMPLES" in os.environ:
    OTHERS = 10
    WHO += ["", "helen", "daniel", "tariq", "nadia", "mina", "olu", "lena", "oscar"]


def addresses(world):
    """Each address with what is Ruth's, and once for each object of somebody else in the place of hers."""
    found = {}
    for route, view in PATTERNS:
        if "logout" in route or ("accounts/" in route and "<" in route) or route.startswith("api/"):
            continue
        usual = {place: world.values[place] for place in PLACE.findall(route)}
        places = usual if set(usual) == {"<slug:course>"} else usual.keys() - {"<slug:course>"}  # the door is the same
        rows = [usual] + [usual | {place: one} for place in places for one in world.others.get(place, ())[:OTHERS]]
        for row in rows:
            found[f"/{PLACE.sub(lambda each, row=row: row[each[0]], route)}"] = audience_of(view)
    return found


@pytest.mark.parametrize("who", WHO)
def test_no_page_says_what_is_not_for_this_person(world, who):
    client, wrong, count = Client(raise_request_exception=False), [], 0
    if who:
        client.force_login(world.people[who])
    asked = sorted(addresses(world).items(), key=lambda pair: "/audit" in pair[0])  # last: they tell what was looked at
    for address, _audience in asked:
        answer = client.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        count += 1
        if answer.status_code >= 500 and address != "/healthz":
            wrong.append(f"{address}: {answer.status_code}")
        if address.startswith(BY_A_KEY):
            continue
        said = text_of(answer.headers, body)
        wrong += [f"{address}: {one}" for one in leaks(world.canaries, who, "pages", said, address)]
        wrong += [f"{address}: {one}" for one in named(world.links, who, said, address)]
    print(f"{who or 'nobody'}: {count} addresses, {len(wrong)} wrong")
    assert not wrong, "\n".join(wrong)
