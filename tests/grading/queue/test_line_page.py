"""What the page of a run says of the line: its place, an honest range, and why it waits."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.teams.models import Membership
from grading.models import Run
from grading.queue.forecast import Range
from grading.selectors.line_now import line_read, range_words
from hardware.models import Job
from tests.courseplatform.teams.builders import make_team
from tests.grading.queue.line_builders import measured_before, taken, waiting, workers_live
from tests.people import make_lab

pytestmark = pytest.mark.django_db


def live(client, person, run):
    client.force_login(person)
    text = client.get(f"{run.get_absolute_url()}live/").content.decode()
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0, 4.2, "under 5 s"), (3.2, 7.1, "3 to 8 s"), (22, 41, "20 to 45 s"), (61, 170, "1 to 3 min"), (245, 415, "4 to 7 min"),
     (50, 200, "30 s to 3 min 30 s"), (2000, 8000, "30 min to 2 h 15 min"), (4.2, 4.4, "4 to 5 s"), (300, 300, "about 5 min")],
)  # fmt: skip
def test_a_range_is_rounded_outwards_and_no_finer_than_anybody_knows_it(low, high, words):
    assert range_words(Range(low, high)).replace("\u00a0", " ") == words


def test_who_waits_reads_place_range_and_what_is_before(client, cast, tmp_path):
    workers_live(1)
    measured_before(cast, [10, 11, 12, 10, 11, 12, 10, 11])
    waiting(cast, tmp_path, cast.daniel)
    waiting(cast, tmp_path, cast.sofia)
    run = waiting(cast, tmp_path, cast.ruth)
    taken(begun_s=4)
    page = live(client, cast.ruth, run)
    assert "Second in line" in page
    assert "1 before it, 1 being measured" in page
    # What runs has some 7 s left and one waits for 11 s; how wide the range is hangs on the moment at which it is asked.
    low, high = map(int, re.search(r"Starts in (\d+) to (\d+) s; the result is here in", page).groups())
    assert 5 <= low <= 18 <= high <= 40
    assert "Last 8 runs of Lab 1 with this format (onnx)" in page


def test_ones_own_earlier_files_are_named_as_such(client, cast, tmp_path):
    workers_live(1)
    for _ in range(2):
        waiting(cast, tmp_path, cast.ruth)
    waiting(cast, tmp_path, cast.daniel)
    run = waiting(cast, tmp_path, cast.ruth)
    page = live(client, cast.ruth, run)
    assert "Fourth in line" in page and "3 before it, 2 of them yours" in page


def test_a_lab_without_runs_promises_nothing_though_others_have_many(client, cast, tmp_path):
    workers_live(1)
    other = make_lab(cast.course, "lab2", short="Lab 2")
    measured_before(cast, [10, 11, 12, 13], lab=other)
    page = live(client, cast.ruth, waiting(cast, tmp_path, cast.ruth))
    assert "There is no range before 3 runs" in page and "The result is here in" not in page


def test_a_format_of_which_little_is_known_takes_the_times_of_the_lab(cast):
    measured_before(cast, [10, 11, 12, 13], model_format="onnx")
    measured_before(cast, [50, 51], model_format="tflite")
    line = line_read(timezone.now(), [cast.lab.pk])
    assert line.took("run", cast.lab.pk, "onnx") == (10, 11, 12, 13)
    assert line.took("run", cast.lab.pk, "tflite") == (10, 11, 12, 13, 50, 51)
    assert line.took("run", 0, "onnx") == (10, 11, 12, 13, 50, 51)


def test_the_pace_is_that_of_the_last_minutes_and_not_of_the_last_days(cast):
    measured_before(cast, [20] * 12)
    assert line_read(timezone.now(), [cast.lab.pk]).pace.log == 0
    measured_before(cast, [10] * 8, person=cast.ruth)
    ended = timezone.now() - timedelta(minutes=1)
    Run.objects.filter(submission__person=cast.ruth).update(leased_at=ended - timedelta(seconds=10), finished_at=ended)
    pace = line_read(timezone.now(), [cast.lab.pk]).pace
    assert -0.7 < pace.log < -0.5 and pace.watched_s > 2 * 86400


def test_what_runs_longer_than_all_before_is_called_so(client, cast, tmp_path):
    workers_live(1)
    measured_before(cast, [3, 4, 5, 4])
    run = waiting(cast, tmp_path, cast.ruth)
    taken(begun_s=60)
    assert "It takes longer than any of the last runs did" in live(client, cast.ruth, run)


def test_a_team_has_one_turn_whoever_sends(cast, tmp_path):
    team = make_team(cast, "Magpie", cast.ruth, cast.daniel)
    Membership.objects.update(since_at=timezone.now() - timedelta(days=9))
    lab = make_lab(cast.course, "project", short="Project", is_individual=False)
    runs = [waiting(cast, tmp_path, person, lab=lab) for person in (cast.ruth, cast.daniel, cast.sofia)]
    assert [run.owner_key for run in runs] == [f"team:{team.pk}", f"team:{team.pk}", f"person:{cast.sofia.pk}"]
    assert [run.turn for run in Run.objects.order_by("queued_at")] == [0, 1, 0]


def test_one_person_in_many_labs_has_one_turn(cast, tmp_path):
    labs = [make_lab(cast.course, f"l{n}", short=f"L {n}") for n in range(3)]
    assert [waiting(cast, tmp_path, cast.ruth, lab=lab).turn for lab in labs] == [0, 1, 2]
    assert waiting(cast, tmp_path, cast.daniel).turn == 0


def test_the_page_asks_as_often_in_a_long_line_as_in_a_short_one(client, cast, tmp_path, django_assert_max_num_queries):
    workers_live(3)
    measured_before(cast, [10, 11, 12, 13])
    run, asked = waiting(cast, tmp_path, cast.ruth), []
    client.force_login(cast.ruth)
    for _ in range(2):
        with django_assert_max_num_queries(16) as queries:
            assert client.get(f"{run.get_absolute_url()}live/").status_code == 200
        asked.append(len(queries))
        for n in range(6):
            Job.objects.create(
                kind="run", owner_key=f"person:9{n}", turn=0, queued_at=timezone.now() - timedelta(hours=1)
            )
    assert asked[1] <= asked[0]  # what ended runs say is read once
