"""What the web served, minute by minute: counted in memory, written by a thread, merged when read."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from courseplatform.metrics import minutes as module
from courseplatform.metrics.durations import BOUNDS_MS, bucket_of, percentile_ms
from courseplatform.metrics.minutes import Minutes, here
from courseplatform.metrics.models import RequestMinute
from courseplatform.metrics.selectors import request_minutes
from courseplatform.metrics.sweep import KEPT, minutes_forget

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


class Clock:
    def __init__(self, at=NOON):
        self.at = at

    def __call__(self):
        return self.at.timestamp()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def fresh(monkeypatch):
    """Counts of this test's own, where the middleware counts."""
    monkeypatch.setattr(module._Here, "minutes", Minutes())
    monkeypatch.setattr(module._Here, "pid", module.os.getpid())
    return here()


def test_a_percentile_is_within_a_fifth_of_the_truth():
    durations_ms = [1.5 * 1.01**step for step in range(900)]  # 1.5 ms to 11 s
    counts = {}
    for duration in durations_ms:
        counts[bucket_of(duration)] = counts.get(bucket_of(duration), 0) + 1
    for share in (0.05, 0.5, 0.95, 0.99):
        truth = durations_ms[int(share * len(durations_ms)) - 1]
        assert percentile_ms(counts, share) == pytest.approx(truth, rel=0.2)


def test_percentiles_of_nothing_and_of_what_is_slower_than_all_buckets():
    assert percentile_ms({}, 0.95) == 0.0
    assert percentile_ms({bucket_of(10**9): 3}, 0.5) == BOUNDS_MS[-1]


@pytest.mark.django_db
@pytest.mark.real_database
def test_minutes_of_two_processes_are_merged(clock):
    one, other = Minutes(clock), Minutes(clock)
    for duration_ms in (10, 10, 10):
        one.count("page", duration_ms, failed=False)
    for duration_ms in (800, 900, 1000):
        other.count("page", duration_ms, failed=True)
    clock.at += timedelta(minutes=1)
    assert (one.write(), other.write()) == (1, 1)
    [minute] = request_minutes(since=NOON)
    assert (minute.at, minute.kind, minute.requests, minute.errors) == (NOON, "page", 6, 3)
    assert minute.p50_ms == pytest.approx(10, rel=0.2)
    assert minute.p95_ms == pytest.approx(1000, rel=0.2)


@pytest.mark.django_db
def test_only_minutes_that_are_over_are_written_until_the_process_ends(clock):
    counts = Minutes(clock)
    counts.count("page", 10, failed=False)
    assert counts.write() == 0
    assert counts.write(all_of_them=True) == 1
    assert counts.write(all_of_them=True) == 0


@pytest.mark.django_db
@pytest.mark.real_database
def test_a_minute_that_is_written_twice_counts_once(clock):
    counts = Minutes(clock)
    counts.count("page", 10, failed=False)
    counts.write(all_of_them=True)
    counts.count("page", 10, failed=False)  # as if the answer of the database had been lost
    counts.write(all_of_them=True)
    assert [minute.requests for minute in request_minutes(since=NOON)] == [1]


@pytest.mark.django_db
def test_what_the_database_does_not_take_is_kept_for_the_next_minute(fresh, monkeypatch):
    def broken(*args, **kwargs):
        raise DatabaseError("away")

    fresh.count("api", 10, failed=False)
    with monkeypatch.context() as patch:
        patch.setattr(RequestMinute.objects, "bulk_create", broken)
        patch.setattr(module, "connection", type("Quiet", (), {"close": staticmethod(lambda: None)}))
        module._write_once(all_of_them=True)
    assert not RequestMinute.objects.exists()
    assert fresh.write(all_of_them=True) == 1


def test_a_long_time_without_a_database_does_not_fill_the_memory(clock):
    counts = Minutes(clock)
    for _ in range(module.MOST_WAITING + 10):
        counts.count("page", 10, failed=False)
        clock.at += timedelta(minutes=1)
    counts.give_up_oldest()
    assert len(counts._open) == module.MOST_WAITING
    assert min(counts._open)[0] * 60 > NOON.timestamp()


@pytest.mark.django_db
def test_minutes_are_forgotten_after_a_month():
    now = timezone.now()
    for age in (KEPT - timedelta(hours=1), KEPT + timedelta(minutes=1)):
        RequestMinute.objects.create(at=now - age, process="a", kind="page", requests=1, errors=0, durations={"3": 1})
    assert minutes_forget(now) == 1
    assert RequestMinute.objects.count() == 1


@pytest.mark.django_db
def test_reading_is_one_query_however_long_the_time(django_assert_num_queries):
    RequestMinute.objects.bulk_create(
        RequestMinute(
            at=NOON + timedelta(minutes=n), process="a", kind="page", requests=1, errors=0, durations={"3": 1}
        )
        for n in range(200)
    )
    with django_assert_num_queries(1):
        assert len(request_minutes(since=NOON)) == 200


def test_requests_are_counted_by_the_kind_of_their_route(fresh, cast, client):
    client.force_login(cast.ruth)
    course = cast.course.slug
    for address in (
        reverse("courses:home", args=[course]), reverse("api:me"), reverse("feeds:person", args=["x" * 30]), "/static/none.css", "/healthz",
    ):  # fmt: skip
        client.get(address)
    client.post(reverse("grading:hand_in", args=[course, cast.lab.slug]))
    client.get(reverse("grading:hand_in", args=[course, cast.lab.slug]))
    client.get(reverse("grading:submissions_csv", args=[course]))
    counted = {kind: tally.requests for (_, kind), tally in fresh._open.items()}
    assert counted == {"page": 3, "api": 1, "hand_in": 1, "file": 1}
