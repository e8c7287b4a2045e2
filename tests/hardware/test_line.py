"""The line: who is next, who never waits for whom, what a cancel and a taken-over place do to it."""

import random
from collections import Counter
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from courseplatform.core.errors import Conflict
from hardware import leases, line
from hardware.leases import JobKind
from hardware.models import Job, Outcome, Priority, Status

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
LIVE = Priority.LIVE


@pytest.fixture(autouse=True)
def ends(monkeypatch):
    seen = []
    kind = JobKind("probe", lambda job, outcome, result: seen.append((job.pk, outcome, result)), lambda: None)
    monkeypatch.setitem(leases._kinds, "probe", kind)
    return seen


def put(owner, priority=LIVE):
    return leases.job_enqueue(Job, kind="probe", owner_key=owner, priority=priority)


def take():
    return leases.lease_next(worker="w", kinds=("probe",))


def finish(lease):
    leases.lease_start(lease)
    leases.lease_finish(lease, outcome=Outcome.MEASURED, result={})


def owners_in_order(count=1000):
    """Whom one worker serves, one after the other, until nothing waits."""
    found = []
    while (lease := take()) and len(found) < count:
        finish(lease)
        found.append(Job.objects.get(pk=lease.job_id).owner_key)
    return found


def test_fifty_files_of_one_are_measured_after_the_first_of_ten_others():
    for _ in range(50):
        put("a")
    for other in range(10):
        put(f"b{other}")
    order = owners_in_order()
    assert order[:11] == ["a", *(f"b{other}" for other in range(10))]
    assert Counter(order)["a"] == 50


def test_who_comes_while_the_fifty_are_measured_is_next():
    for _ in range(50):
        put("a")
    owners_in_order(7)
    put("b")
    assert owners_in_order(2)[0] == "b"


def test_what_was_measured_a_moment_ago_counts_as_earlier_than_anothers_first():
    """The rule that it replaces counted what was open only, so one person's second came before another's first."""
    put("a"), put("a")
    finish(take())
    put("b")
    assert owners_in_order() == ["b", "a"]


def test_two_who_send_many_take_turns():
    for _ in range(4):
        put("a")
    for _ in range(4):
        put("b")
    assert owners_in_order() == ["a", "b"] * 4


def test_an_empty_line_begins_a_new_round_in_which_nobody_has_had_a_turn():
    put("a")
    owners_in_order()
    put("a"), put("b")
    assert owners_in_order() == ["a", "b"]


def test_nobody_saves_turns_by_staying_away():
    for _ in range(20):
        put("a"), put("b")
        owners_in_order()
    for owner in "aaabbbccc":
        put(owner)
    assert owners_in_order() == list("abcabcabc")


def test_classes_come_in_their_order_and_leave_each_others_turns_alone():
    for priority in reversed(Priority):
        put(f"{priority.name}", priority)
    for _ in range(5):
        put("LIVE", Priority.RERUN)
    put("later")
    assert owners_in_order() == ["NEXT", "LIVE", "later", "AGAIN", "BESIDE", "RERUN", "LIVE", "LIVE", "LIVE", "LIVE", "LIVE", "IDLE"]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_in_any_order_of_events_no_other_owner_is_served_more_often_before_a_job_than_its_turn_says(seed):
    chance = random.Random(seed)
    passed: dict[object, Counter] = {}
    for _ in range(150):
        if chance.random() < 0.55:
            passed[put(chance.choice("abcdef")).pk] = Counter()
        elif lease := take():
            finish(lease)
            passed.pop(lease.job_id)
            served = Job.objects.get(pk=lease.job_id).owner_key
            for pk, count in passed.items():
                waiting = Job.objects.get(pk=pk)
                if waiting.owner_key != served:
                    count[served] += 1
                    assert count[served] <= waiting.turn - waiting.reached + 1


def test_a_cancelled_file_costs_its_owner_no_turn():
    first, _, _ = put("a"), put("a"), put("a")
    put("b"), put("b"), put("b")
    leases.job_cancel(first, by="a")
    assert sorted(Job.objects.filter(owner_key="a", status=Status.QUEUED).values_list("turn", flat=True)) == [0, 1]
    for job in list(Job.objects.filter(owner_key="a", status=Status.QUEUED)):
        leases.job_cancel(job, by="a")
    put("a")
    assert owners_in_order() == ["b", "a", "b", "b"]


def test_a_place_that_was_put_back_stays():
    first = put("a")
    put("b")
    lease = take()
    leases.lease_release(lease, why="stopping", fault=False)
    assert line.place_in_line(Job.objects.get(pk=first.pk)) == 1
    assert take().job_id == first.pk


def test_what_was_put_back_for_a_while_stands_before_nobody():
    put("a")
    second = put("b")
    leases.lease_release(take(), why="no board", fault=False, pause=timedelta(minutes=5))
    assert line.place_in_line(second) == 1
    assert line.place_in_line(second, timezone.now() + timedelta(minutes=6)) == 2


# -- taking over a place ----------------------------------------------------------------------------------------------


def test_a_newer_one_takes_over_the_place_and_the_older_ends_uncounted(ends):
    old = put("a")
    put("b")
    middle, new, last = put("a"), put("a"), put("a")
    turns = [middle.turn, new.turn, last.turn]
    leases.job_take_over(old, new, by="a", why="Attempt 3 took its place.")
    for job in (old, middle, new, last):
        job.refresh_from_db()
    assert (old.outcome, old.error_code, old.error_message) == ("cancelled", "superseded", "Attempt 3 took its place.")
    assert [pk for pk, *_ in ends] == [old.pk]
    assert (new.turn, new.queued_at) == (old.turn, old.queued_at)
    assert [middle.turn, last.turn] == turns[:2]  # the last one moved into the place that the new one left
    assert take().job_id == new.pk


@pytest.mark.parametrize(
    ("spoil", "code"),
    [("old_taken", "being_measured"), ("old_ended", "already_finished"), ("new_ended", "not_waiting"), ("strangers", "not_behind"), ("turned", "not_behind")],
)  # fmt: skip
def test_a_place_that_is_not_there_is_not_taken_over(spoil, code):
    old, new = put("a"), put("b" if spoil == "strangers" else "a")
    if spoil == "old_taken":
        take()
    if spoil == "old_ended":
        leases.job_cancel(old, by="a")
    if spoil == "new_ended":
        leases.job_cancel(new, by="a")
    if spoil == "turned":
        old, new = new, old
    before = list(Job.objects.order_by("pk").values("status", "outcome", "turn", "queued_at"))
    with pytest.raises(Conflict) as refused:
        leases.job_take_over(old, new, by="a", why="")
    assert refused.value.code == code
    assert list(Job.objects.order_by("pk").values("status", "outcome", "turn", "queued_at")) == before


# -- put first --------------------------------------------------------------------------------------------------------


def test_who_is_put_first_is_next_and_the_owners_others_move_up():
    for owner in "aab":
        put(owner)
    chosen = put("c")
    later = put("c")
    leases.job_put_first(chosen)
    later.refresh_from_db()
    assert later.turn == 0
    leases.job_put_first(chosen)  # twice is once
    assert owners_in_order() == ["c", "a", "b", "c", "a"]
    with pytest.raises(Conflict) as refused:
        leases.job_put_first(chosen)
    assert refused.value.code == "not_waiting"


# -- long lines -------------------------------------------------------------------------------------------------------


def test_a_line_of_two_thousand_costs_no_more_queries_than_one_of_two_and_is_read_by_an_index():
    now = timezone.now()
    rows = [
        Job(kind="probe", owner_key=f"o{n % 100}", turn=n // 100, queued_at=now + timedelta(microseconds=n))
        for n in range(2000)
    ]
    Job.objects.bulk_create(rows)
    with CaptureQueriesContext(connection) as asked:
        made = put("o7")
    assert made.turn == 20 and len(asked) == 4 + (connection.vendor == "postgresql")  # which says what time it is
    with CaptureQueriesContext(connection) as asked:
        assert line.place_in_line(made) == 2001
    assert len(asked) == 1 + (connection.vendor == "postgresql")
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            taking = line.ready_in_line().filter(kind__in=["probe"])[:5]
            sql, parameters = taking.query.sql_with_params()
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
            plan = " ".join(row[-1] for row in cursor.fetchall())
        assert "job_line" in plan and "TEMP B-TREE FOR ORDER BY" not in plan.replace("LAST TERM OF ORDER BY", "")


def test_jobs_that_waited_before_places_were_stored_get_their_class_and_their_turn():
    step = import_module("hardware.migrations.0005_turns_of_waiting_jobs")
    now = timezone.now()
    for n, (kind, owner) in enumerate([("run", "a"), ("run", "a"), ("run", "b"), ("count", "c"), ("variant", "a")]):
        Job.objects.create(kind=kind, owner_key=owner, queued_at=now + timedelta(seconds=n))
    step.give_places(apps, None)
    found = Job.objects.order_by("queued_at").values_list("priority", "turn")
    assert list(found) == [(10, 0), (10, 1), (10, 0), (50, 0), (30, 0)]
