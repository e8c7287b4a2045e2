"""Power readings as the API tells and takes them."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from grading.models import PowerReading
from grading.services.power_readings import power_reading_take_back
from tests.courseplatform.teams.builders import make_team
from tests.grading.energy.builders import reading_of, with_stages

pytestmark = pytest.mark.django_db
ADDRESS = "courses/odml/teams/magpie/power-readings"


@pytest.fixture
def magpie(cast):
    with_stages(cast.course)
    return make_team(cast, "Magpie", cast.ruth, cast.daniel, since=timezone.now() - timedelta(days=40))


def body(**more):
    at = (timezone.now() - timedelta(hours=2)).isoformat()
    return {"at": at, "label": "bias only", "used_mah": "420", **more}


def sent(api, person, said, scopes=("read", "hand_in")):
    answer = api(person, list(scopes)).post(ADDRESS, json.dumps(said), content_type="application/json")
    return answer.status_code, json.loads(answer.content)


def test_a_reading_comes_back_as_it_was_added_and_the_same_key_is_one(cast, api, magpie):
    said = body(entry_key=str(uuid4()), meter="UM-11")
    status, made = sent(api, cast.ruth, said)
    assert (status, made["stage"], made["used_mah"], made["known_by"], made["meter"], made["by"], made["taken_back"]) == (
        201, "updates", "420.000", "meter", "UM-11", "Ruth", None,
    )  # fmt: skip
    assert sent(api, cast.ruth, said)[0] == 200
    assert PowerReading.objects.count() == 1


def test_a_mean_current_with_minutes_is_a_charge(cast, api, magpie):
    said = body(mean_ma="608", minutes=75)
    del said["used_mah"]
    status, made = sent(api, cast.ruth, said)
    assert (status, made["used_mah"], made["known_by"]) == (201, "760.000", "current")


def test_the_list_holds_what_was_taken_back_and_no_address(cast, api, magpie, django_assert_max_num_queries):
    row = reading_of(cast, cast.ruth, magpie, label="tracking on")
    power_reading_take_back(visit=cast.visit(cast.daniel), reading=row, reason="the camera was off", now=timezone.now())
    for n in range(20):
        reading_of(cast, cast.ruth, magpie, days_ago=2 + n / 10)
    client = api(cast.helen)
    with django_assert_max_num_queries(12):
        found = client.read(ADDRESS)["results"]
    assert len(found) == 21
    assert (found[0]["label"], found[0]["taken_back"]["by"], found[0]["taken_back"]["reason"]) == (
        "tracking on", "Daniel", "the camera was off",
    )  # fmt: skip
    assert "@" not in json.dumps(found)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"at": "2026-11-20T10:00:00"}, "bad_input"),
        ({"at": "soon"}, "bad_input"),
        ({"used_mah": "NaN"}, "bad_input"),
        ({"used_mah": "1e400"}, "bad_input"),
        ({"used_mah": None}, "bad_input"),
        ({"label": ""}, "bad_input"),
        ({"label": 7 * "x" + "\n"}, None),
        ({"used_mah": "-3"}, "not_positive"),
        ({"used_mah": "5000"}, "more_than_a_charge"),
        ({"mean_ma": "600", "minutes": "1"}, "two_amounts"),
        ({"at": "2020-01-01T00:00:00Z"}, "no_stage"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_code(cast, api, magpie, more, code):
    status, answer = sent(api, cast.ruth, body(**more))
    assert (status, answer.get("error", {}).get("code")) == ((422, code) if code else (201, None))


def test_a_list_or_text_in_place_of_an_object_is_refused(cast, api, magpie):
    for said in ([], "x", 3, None):
        assert sent(api, cast.ruth, said)[0] == 422


def test_only_the_team_and_the_staff_read_and_add(cast, api, magpie):
    make_team(cast, "Heron", cast.sofia)
    for person in (cast.sofia, cast.lena, cast.oscar):
        assert sent(api, person, body())[0] == 404
        assert api(person).get(ADDRESS).status_code == 404
    assert sent(api, cast.ruth, body(), scopes=("read",))[0] == 403
    assert sent(api, cast.amit, body())[0] == 201
    assert PowerReading.objects.get().by == cast.amit.email
