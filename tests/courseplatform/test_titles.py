"""A tab, a bookmark and a screen reader tell pages by their title: two addresses never share one."""

import re
from collections import defaultdict

import pytest

from tests.courseplatform.seminar.builders import make_session, make_slot
from tests.courseplatform.teams.builders import make_team
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db
LINK = re.compile(r'<a [^>]*href="(/courses/[^"#?]*/)"')


def titles(client, start):
    """Title -> the addresses that have it, of all pages that are reached by links from `start`."""
    found, waiting, seen = defaultdict(list), [start], {start}
    while waiting:
        answer = client.get(address := waiting.pop())
        if answer.status_code == 200 and "html" in answer["Content-Type"]:
            text = answer.content.decode()
            found[re.search("<title>(.*)</title>", text)[1]].append(address)
            waiting += (new := set(LINK.findall(text)) - seen)
            seen |= new
    return found


@pytest.mark.parametrize("who", ["helen", "ruth"])
def test_two_pages_never_share_a_title(client, cast, tmp_path, who):
    cast.course.is_public = True
    cast.course.save()
    for person in (cast.ruth, cast.daniel):
        hand_in(cast, person, onnx_like(tmp_path, more=person.name.encode()))
    for name, person in (("Magpie", cast.ruth), ("Heron", cast.daniel)):
        make_team(cast, name, person)
    make_slot(cast.course)
    for days in (3, 5):
        make_session(cast.course, days, title="Fall break")
    client.force_login(getattr(cast, who))
    found = titles(client, cast.course.get_absolute_url())
    assert len(found) > (30 if who == "helen" else 15)
    assert {title: addresses for title, addresses in found.items() if len(addresses) > 1} == {}
