"""The page of a run in each of its states: the head, the ways out, what it cost, and how often the browser asks."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.utils import timezone

from courseplatform.courses.access import visit_of
from grading.demo.ends import INFRASTRUCTURE, WORDS, run_begin, run_end
from grading.measuring.phase_clock import PhaseClock
from grading.models import HiddenSet
from grading.queue.forecast import Forecast, Range
from grading.selectors.line_now import Place
from grading.selectors.run_live import poll_s
from hardware import leases
from hardware.models import Outcome
from tests.grading.queue.line_builders import waiting, workers_live
from tests.grading.ranks.classroom import document

pytestmark = pytest.mark.django_db


def text_of(client, person, run, below=""):
    client.force_login(person)
    page = unescape(client.get(f"{run.get_absolute_url()}{below}").content.decode())
    return re.sub(r"\s+", " ", page.partition("<main")[2] or page)


def ended(cast, tmp_path, word):
    run = waiting(cast, tmp_path, cast.ruth)
    run_end(run, word, visit=visit_of(cast.ruth, cast.course.slug), at=timezone.now() + timedelta(seconds=1))
    return run


@pytest.mark.parametrize("word", sorted(WORDS - {"takes_over"}))
def test_every_end_says_what_to_do_what_it_cost_and_what_comes_next(client, cast, tmp_path, word):
    page = text_of(client, cast.ruth, ended(cast, tmp_path, word))
    assert "What to do" in page and "What it cost you" in page and "Hand in attempt 2" in page
    is_free = word in {"refused", "cancelled", INFRASTRUCTURE}
    assert ("Nothing." in page) == is_free
    allowed = cast.lab.attempts_allowed
    assert f"{allowed - (not is_free)} of {allowed} attempts are left" in page


def test_an_attempt_that_took_too_long_failed_at_the_step_in_which_it_was(client, cast, tmp_path):
    page = text_of(client, cast.ruth, ended(cast, tmp_path, "timed_out"))
    assert re.search(r'class="good">.{0,200}It runs<', page)
    assert re.search(r'class="bad">.{0,200}Accuracy on hidden inputs<', page)
    hidden = HiddenSet.objects.get(pk=cast.lab.hidden_set_id)
    assert f"{hidden.count} hidden inputs one after the other" in page


def test_where_no_attempt_is_left_the_button_promises_none(client, cast, tmp_path):
    cast.lab.attempts_allowed = 1
    cast.lab.save()
    page = text_of(client, cast.ruth, ended(cast, tmp_path, "crashed"))
    assert "Open Lab 1" in page and "Hand in attempt" not in page


def test_while_it_waits_its_badge_says_whether_it_came_in_time(client, cast, tmp_path):
    page = text_of(client, cast.ruth, waiting(cast, tmp_path, cast.ruth))
    assert "on time" in page and "another attempt counts" not in page


def test_the_sentence_while_it_is_measured_counts(client, cast, tmp_path):
    workers_live(1)
    run = waiting(cast, tmp_path, cast.ruth)
    run_begin(run, at=timezone.now(), phase="accuracy", done=120, total=360)
    page = text_of(client, cast.ruth, run, "live/")
    assert "Measuring: accuracy" in page and "120 of 360 hidden inputs." in page


def test_what_is_usual_of_each_step_comes_from_runs_of_this_lab(client, cast, tmp_path):
    workers_live(1)
    run = waiting(cast, tmp_path, cast.ruth)
    assert "usually" not in text_of(client, cast.ruth, run, "live/")
    for n in range(3):
        result = document()
        result["environment"]["phase_s"] = {"check": 0.5, "timing": 22 + n, "accuracy": 70 + 50 * n, "points": 0.1}
        lease = run_begin(waiting(cast, tmp_path, cast.daniel), at=timezone.now() + timedelta(seconds=n + 1))
        leases.lease_finish(lease, outcome=Outcome.MEASURED, result=result)
    page = text_of(client, cast.ruth, run, "live/").replace("\u00a0", " ")
    assert "usually under 1 s" in page and "usually 20 to 25 s" in page and "usually 1 to 2 min" in page


def test_the_clock_of_phases_gives_each_its_time_and_passes_everything_on():
    told, at = [], [0.0]
    clock = PhaseClock(lambda *call: told.append(call), now=lambda: at[0])
    for moment, phase in ((1.0, "check"), (3.0, "timing"), (4.0, "timing"), (7.5, "points")):
        at[0] = moment
        clock(phase, 1, 2)
    at[0] = 8.0
    assert clock.seconds() == {"check": 2.0, "timing": 4.5, "points": 0.5}
    assert told == [("check", 1, 2), ("timing", 1, 2), ("timing", 1, 2), ("points", 1, 2)]


def starts_in(low_s):
    return Forecast(Range(low_s, low_s + 10), Range(low_s + 5, low_s + 30))


@pytest.mark.parametrize(
    ("place", "found", "seconds"),
    [(None, None, 1), (Place({}, 0), starts_in(0), 1), (Place({("run", 1, "onnx"): 9}, 0), starts_in(20), 4),
     (Place({("run", 1, "onnx"): 200}, 0), starts_in(900), 10), (Place({("run", 1, "onnx"): 3}, 0), None, 3)],
)  # fmt: skip
def test_the_page_asks_less_often_the_farther_back_it_stands(place, found, seconds):
    assert poll_s(place, found, is_held_up=False) == seconds


def test_while_nothing_moves_the_page_asks_seldom():
    assert poll_s(Place({}, 0), None, is_held_up=True) == 10


def test_each_answer_says_when_the_next_is_worth_asking_for(client, cast, tmp_path):
    workers_live(1)
    for _ in range(4):
        waiting(cast, tmp_path, cast.daniel)
    run = waiting(cast, tmp_path, cast.sofia)
    assert 'hx-trigger="every 1s"' in text_of(client, cast.sofia, run, "live/")  # first of hers: one before it
    last = waiting(cast, tmp_path, cast.daniel)
    assert 'hx-trigger="every 5s"' in text_of(client, cast.daniel, last, "live/")


def test_an_attempt_that_brought_nothing_is_not_called_active(client, cast, tmp_path):
    assert "active attempt" not in text_of(client, cast.ruth, ended(cast, tmp_path, "crashed"))
