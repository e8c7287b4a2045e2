"""The pages of a meter reading: offered at the result, entered, confirmed at the list of what waits."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from grading.models import MeterReading, Run
from grading.selectors.meter_readings import meter_part
from tests.courseplatform.teams.builders import make_team
from tests.grading.meters.builders import TYPED, energy_lab, energy_line, enter, on_a_board
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(cast, tmp_path):
    energy_lab(cast)
    return on_a_board(cast, cast.ruth, tmp_path)


def at(cast, run, *more):
    return "/".join(["/courses", cast.course.slug, "runs", str(run.pk), "meter", *map(str, more), ""])


def text(answer):
    return answer.content.decode()


def test_from_the_result_over_the_form_to_the_list_of_the_staff_and_back(
    cast, client, run, django_assert_max_num_queries
):
    client.force_login(cast.ruth)
    offer = meter_part(cast.visit(cast.ruth), run)
    assert offer["may"].ok
    assert "Enter a meter reading" in render_to_string(
        "grading/_meter_offer.html", {"meter": offer, "run": run, "visit": cast.visit(cast.ruth)}
    )
    sent = TYPED | {"meter": "FNB58", "entry_key": str(uuid4())}
    assert client.post(at(cast, run), sent).status_code == 302
    page = text(client.get(at(cast, run)))
    assert "waits for the staff" in page and "It counts" not in page and "bench MODEL --load-s 60" not in page
    client.force_login(cast.amit)
    with django_assert_max_num_queries(12):
        waiting = text(client.get(f"/courses/{cast.course.slug}/meter-readings/"))
    assert at(cast, run) in waiting and "FNB58" in waiting
    assert "for your look" in text(client.get(f"/courses/{cast.course.slug}/"))
    row = MeterReading.objects.get()
    assert client.post(at(cast, run, row.pk), {"said": "counts", "reason": ""}).status_code == 302
    assert energy_line(run)["earned"] == "2.00"
    assert "Nothing waits" in text(client.get(f"/courses/{cast.course.slug}/meter-readings/"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"loaded_ma": ""}, "Say what the meter showed under load"),
        ({"loaded_w": "5"}, "Give the load in one way only"),
        ({"loaded_ma": "300"}, "W of the idle board. Are the two exchanged"),
        ({"loaded_ma": "many"}, "Write a number"),
        ({"loaded_ma": "nan"}, "Write a number"),
        ({"loaded_ma": "1e400"}, "Write a number"),
        ({"loaded_ma": "about 1040"}, "Write a number, like 5.1"),
        ({"loaded_ma": "-1040"}, "as more than 0"),
        ({"loaded_ma": "1e9"}, "as more than 0"),
        ({"load_s": "1e300"}, "10 s to a day"),
        ({"meter": "FNB\x0058"}, "Null characters are not allowed"),
        ({"meter": "m" * 500}, "at most 80 characters"),
        ({"meter": ""}, "Say which meter it was"),
        ({"entry_key": "x"}, ""),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_typed_is_lost(cast, client, run, changes, said):
    client.force_login(cast.ruth)
    answer = client.post(at(cast, run), TYPED | {"meter": "FNB58", "entry_key": str(uuid4())} | changes)
    assert answer.status_code == 422 and said in text(answer).replace("\xa0", " ") and 'value="540.0"' in text(answer)
    assert not MeterReading.objects.exists()


def test_a_word_without_its_reason_and_of_nobody_is_refused_where_it_was_said(cast, client, run):
    row, _ = enter(cast, cast.ruth, run)
    client.force_login(cast.amit)
    answer = client.post(at(cast, run, row.pk), {"said": "refused", "reason": " "})
    assert answer.status_code == 422 and "Say why" in text(answer)
    assert client.post(at(cast, run, row.pk), {"said": "maybe"}).status_code == 422
    assert client.post(at(cast, run, row.pk + 1), {"said": "counts"}).status_code == 404
    client.force_login(cast.ruth)
    assert client.post(at(cast, run, row.pk), {"said": "counts"}).status_code == 403
    client.force_login(cast.daniel)
    assert client.get(at(cast, run)).status_code == 404


@pytest.mark.parametrize("number", [10**18, 10**40])
def test_a_number_that_no_reading_has_is_nowhere(cast, client, run, number):
    client.force_login(cast.amit)
    assert client.post(at(cast, run, number), {"said": "counts"}).status_code == 404


def test_who_left_the_team_and_who_is_of_another_course_enters_and_settles_nothing(cast, client, tmp_path):
    since = timezone.now() - timedelta(days=9)
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel, since=since)
    energy_lab(cast, is_individual=False)
    run = on_a_board(cast, cast.ruth, tmp_path)
    team.memberships.filter(person=cast.daniel).update(until_at=timezone.now())
    row, _ = enter(cast, cast.ruth, run)
    client.force_login(cast.daniel)
    sent = TYPED | {"meter": "FNB58", "entry_key": str(uuid4())}
    assert client.post(at(cast, run), sent).status_code == 422
    assert client.post(at(cast, run, row.pk), {"said": "taken_back", "reason": "mine"}).status_code == 409
    for person in (cast.sofia, cast.oscar, cast.lena):
        client.force_login(person)
        assert client.post(at(cast, run), sent).status_code == 404
        assert client.post(at(cast, run, row.pk), {"said": "taken_back", "reason": "mine"}).status_code == 404
    assert MeterReading.objects.count() == 1 and not row.words.exists()


def test_where_the_hand_in_learns_there_the_board_repeats_steps(cast, client, run, monkeypatch):
    monkeypatch.setattr("grading.selectors.meter_readings.one_of", lambda run: "training step")
    enter(cast, cast.ruth, run)
    client.force_login(cast.ruth)
    page = text(client.get(at(cast, run)))
    assert (
        "a training step above idle" in page
        and "1000 training steps" in page
        and "inference" not in page.split("<h1>")[1]
    )


def test_a_run_without_a_result_has_no_page_of_readings(cast, client, run, tmp_path):
    hand_in(cast, cast.sofia, onnx_like(tmp_path, more=b"another"), lab=cast.lab)
    waiting = Run.objects.exclude(pk=run.pk).get()
    client.force_login(cast.amit)
    answer = client.get(at(cast, waiting))
    assert answer.status_code == 409 and "not_for_readings" in text(answer)
    assert client.post(at(cast, waiting, 1), {"said": "counts"}).status_code == 404
