"""The line as staff and operators see it: why each run waits, what they may do about it, and whose names they read."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.core.models import Heartbeat
from courseplatform.courses.models import ScheduleChange
from grading.models import Run
from grading.queue.forecast import forecast_line
from grading.selectors.line_staff import site_line
from hardware import leases
from hardware.models import HELD, Job, Outcome, Priority, Status
from hardware.workers import forget_silent, living, sign_off, sign_on
from tests.grading.queue.line_builders import measured_before, taken, waiting, workers_live
from tests.people import make_lab

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, cast):
    def get(person=None, address=None):
        client.force_login(person or cast.helen)
        answer = client.get(address or f"/courses/{cast.course.slug}/line/")
        assert answer.status_code == 200
        return answer.content.decode().replace("\u00a0", " ")

    return get


def put_back(why, *, fault, pause_s, worker="bench@test:0"):
    lease = leases.lease_next(worker=worker, kinds=("run",), now=timezone.now() + timedelta(seconds=1))
    leases.lease_release(lease, why=why, fault=fault, pause=timedelta(seconds=pause_s))
    return lease


def test_each_run_says_what_it_waits_for(page, cast, tmp_path):
    workers_live(1)
    waiting(cast, tmp_path, cast.sofia)
    taken()
    board = waiting(cast, tmp_path, cast.daniel)
    put_back("This lab is measured on a board, and all of them are busy.", fault=False, pause_s=60)
    Job.objects.filter(pk=board.pk).update(started_at=None)
    waiting(cast, tmp_path, cast.ruth)
    put_back("OSError: no space left", fault=True, pause_s=90)
    waiting(cast, tmp_path, cast.ruth)
    waiting(cast, tmp_path, cast.ruth)
    again = waiting(cast, tmp_path, cast.sofia)
    Job.objects.filter(pk=again.pk).update(priority=Priority.RERUN)
    text = page()
    assert "all of them are busy. Workers that live measure: 1 in bubblewrap. Looked at again at" in text
    assert "Our worker failed at it and put it back until" in text and "no space left" in text
    assert "Next, as soon as a worker is free." in text
    assert "Behind 1, 1 of the same owner: everybody" in text
    assert "Behind 2: it is measured again for the staff, which comes after hand-ins." in text
    assert "1 of 1 worker busy" in text


def test_when_measuring_stands_still_every_row_says_so_and_none_is_promised_a_time(page, cast, tmp_path):
    measured_before(cast, [3, 4, 5, 4])
    waiting(cast, tmp_path, cast.ruth)
    Heartbeat.objects.create(name="bench", at=timezone.now() - timedelta(minutes=10))
    text = page()
    assert "Measuring stands still: no worker has given a sign of life for 10 min" in text
    assert "under 10 s" not in text and "3 to" not in text


def test_expected_times_grow_down_the_line(page, cast, tmp_path):
    workers_live(1)
    measured_before(cast, [60, 61, 62, 63, 60, 61, 62, 60])
    for person in (cast.ruth, cast.daniel, cast.sofia):
        waiting(cast, tmp_path, person)
    text, rows = page(), site_line(timezone.now())["rows"]
    said = [row["expected"].replace("\u00a0", " ") for row in rows]
    assert len(set(said)) == 3 and all(one in text for one in said)
    found = forecast_line(line=[(60, 61, 62)] * 3, workers=1)
    starts = [one.start.high_s for one in found]
    assert starts[0] == 0 and 60 < starts[1] < starts[2]


def test_runs_of_other_courses_are_counted_and_not_shown(page, cast, tmp_path):
    workers_live(1)
    other = make_lab(cast.other_course, "tiny", short="Tiny lab")
    waiting(cast, tmp_path, cast.lena, lab=other)
    waiting(cast, tmp_path, cast.ruth)
    text = page()
    assert "1 of the runs belongs to other courses." in text and "Lena" not in text and "Tiny lab" not in text


def test_operators_see_the_line_of_the_site_without_a_name(page, cast, tmp_path):
    workers_live(2)
    waiting(cast, tmp_path, cast.daniel)
    taken()
    waiting(cast, tmp_path, cast.ruth)
    text = page(cast.olu, "/line/")
    assert "bench@test:0" in text and "waits for work" in text and "hand-in</td>" in text
    assert not any(name in text for name in ("Ruth", "Daniel", "ruth@", "Lab 1"))


def test_an_instructor_puts_a_run_first_and_the_record_says_who_did_it(client, cast, tmp_path):
    waiting(cast, tmp_path, cast.daniel)
    run = waiting(cast, tmp_path, cast.ruth)
    client.force_login(cast.helen)
    said = client.post(f"{run.get_absolute_url()}next/", follow=True).content.decode()
    assert "is put first in line" in said
    change = ScheduleChange.objects.get()
    assert (change.by, change.is_told) == (cast.visit(cast.helen).by, False)
    assert run.submission.receipt in change.sentence and "Ruth" not in change.sentence
    assert taken().job_id == run.pk
    assert client.post(f"{run.get_absolute_url()}next/").status_code == 409


@pytest.mark.parametrize("who", ["amit", "ruth"])
def test_nobody_else_puts_a_run_first(client, cast, tmp_path, who):
    run = waiting(cast, tmp_path, cast.ruth)
    client.force_login(getattr(cast, who))
    assert client.post(f"{run.get_absolute_url()}next/").status_code == 403
    run.refresh_from_db()
    assert run.priority == Priority.LIVE


def test_a_ta_cancels_from_the_line_and_is_back_in_it(client, cast, tmp_path):
    run = waiting(cast, tmp_path, cast.ruth)
    client.force_login(cast.amit)
    answer = client.post(f"{run.get_absolute_url()}cancel/", {"back": "line"})
    assert (answer.status_code, answer["Location"]) == (302, f"/courses/{cast.course.slug}/line/")
    assert Run.objects.get().outcome == Outcome.CANCELLED


@pytest.mark.parametrize("state", ["waiting", "running", "parked", "finished"])
def test_a_cancel_from_two_tabs_is_one_and_says_what_is(client, cast, tmp_path, state):
    run = waiting(cast, tmp_path, cast.ruth)
    if state != "waiting":
        lease = taken()
    if state == "parked":
        evidence = [{"code": "x", "title": "X", "sentence": "X.", "facts": {}}]
        leases.lease_park(lease, result={"evidence": evidence, "document": {}}, why="x")
    if state == "finished":
        leases.lease_finish(lease, outcome=Outcome.CRASHED, result={})
    client.force_login(cast.ruth)
    first, second = (client.post(f"{run.get_absolute_url()}cancel/") for _ in range(2))
    run.refresh_from_db()
    expected = {
        "waiting": (302, 409, "already_finished", Status.FINISHED), "running": (302, 302, "", Status.RUNNING),
        "parked": (409, 409, "parked", Status.PARKED), "finished": (409, 409, "already_finished", Status.FINISHED),
    }  # fmt: skip
    assert (first.status_code, second.status_code) == expected[state][:2]
    assert expected[state][2] in second.content.decode() and run.status == expected[state][3]
    if state == "running":
        with pytest.raises(leases.CancelRequested):
            leases.lease_beat(lease)
        leases.lease_finish(lease, outcome=Outcome.CANCELLED, result={})
        run.submission.refresh_from_db()
        assert run.submission.counts is False


def test_the_page_asks_as_often_for_thirty_that_wait_as_for_three(
    client, cast, tmp_path, django_assert_max_num_queries
):
    workers_live(2)
    measured_before(cast, [3, 4, 5])
    client.force_login(cast.helen)
    asked = []
    for many in (3, 27):
        for _ in range(many):
            waiting(cast, tmp_path, cast.ruth, lab=make_lab(cast.course, f"l{Run.objects.count()}"))
        if many == 3:
            taken()
        with django_assert_max_num_queries(24) as queries:
            client.get(f"/courses/{cast.course.slug}/line/")
        asked.append(len(queries))
    assert asked[0] == asked[1]
    assert Job.objects.filter(status__in=HELD).count() == 1


def test_workers_that_say_nothing_are_not_counted_and_one_that_stops_is_gone_at_once():
    now = timezone.now()
    sign_on("b", isolation="docker")
    sign_on("b", isolation="docker")
    sign_on("a", now=now - timedelta(seconds=50))
    sign_on("c", now=now - timedelta(days=2))
    assert [(one.name, one.isolation) for one in living()] == [("b", "docker")]
    sign_off("b")
    forget_silent()
    assert living() == [] and living(now - timedelta(seconds=20))[0].name == "a"
