"""The look every 15 s, with rows and real readers."""

from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.core import health
from courseplatform.core.models import Heartbeat
from courseplatform.status.hooks import registry
from courseplatform.status.models import Incident, Sample, Standing
from courseplatform.status.rules import Rule
from courseplatform.status.services.watching import rule_judge, samples_thin, watch
from hardware.models import WorkerSign
from hardware.workers import sign_on

pytestmark = [pytest.mark.django_db, pytest.mark.real_database]
RULE = Rule("made up", "made_up", "It broke", 10, 5, now="It breaks", says=lambda worst: f"At worst {worst:g}.")


def judged(values, start=None):
    start = start or timezone.now()
    for n, value in enumerate(values):
        rule_judge(rule=RULE, now=start + timedelta(seconds=15 * n), value=value)


def test_an_incident_opens_and_closes_by_itself_with_its_words():
    judged([12, 12, 12])
    row = Incident.objects.get()
    assert (row.title, row.says, row.closed_at) == ("It breaks", "At worst 12.", None)
    judged([4] * 6, start=timezone.now() + timedelta(seconds=60))
    row.refresh_from_db()
    assert row.title == "It broke"
    assert row.status == "closed"
    assert row.moves.get().by == "the rule"


def test_what_a_killed_worker_knew_stands_in_rows():
    """Each judgement reads the row of the one before: nothing is in memory."""
    judged([12, 12])
    assert Standing.objects.get(rule="made up").above_since is not None
    judged([12], start=timezone.now() + timedelta(seconds=30))
    assert Incident.objects.count() == 1


def test_a_look_keeps_one_sample_a_minute(cast):
    now = timezone.now().replace(second=2)
    watch(now=now)
    watch(now=now + timedelta(seconds=15))
    assert Sample.objects.filter(name="watched").count() == 1
    assert Sample.objects.filter(name="oldest_s.live_runs").count() == 1


def test_a_probe_that_fails_hinders_nothing_else(cast, monkeypatch):
    def broken(now):
        raise OSError("the disk is gone")

    monkeypatch.setitem(registry.probes, "broken", broken)
    watch(now=timezone.now())
    assert Sample.objects.filter(name="watched").exists()
    assert not Sample.objects.filter(name="broken").exists()


def test_a_gap_between_two_looks_is_told_afterwards_and_once(cast):
    Heartbeat.objects.create(name="watch", at=timezone.now() - timedelta(minutes=9), boot="")
    now = timezone.now()
    watch(now=now)
    watch(now=now + timedelta(seconds=15))
    assert Incident.objects.filter(title="Work in the background stood still").count() == 1


def test_a_site_that_was_stopped_and_started_has_not_failed(cast, settings):
    Heartbeat.objects.create(name="watch", at=timezone.now() - timedelta(hours=9), boot="before")
    settings.BOOT = "now"
    watch(now=timezone.now())
    assert not Incident.objects.exists()


def test_a_worker_that_was_killed_and_replaced_is_told_once_with_its_number(cast):
    health.beat("bench")
    now = timezone.now()
    sign_on("bench@a:1", now=now - timedelta(minutes=10))
    sign_on("bench@a:2", now=now - timedelta(minutes=5))
    sign_on("bench@a:2", now=now)
    row = WorkerSign.objects.get()
    assert (row.number, row.name) == (1, "bench@a:2")
    watch(now=now)
    watch(now=now + timedelta(seconds=15))
    found = Incident.objects.get(title="Worker bench-1 stopped")
    assert "No run was begun again" in found.says
    assert (found.closed_at - found.opened_at) == timedelta(minutes=5)


def test_a_silent_worker_opens_an_incident_that_ends_when_its_place_is_taken(cast):
    health.beat("bench")
    now = timezone.now()
    sign_on("bench@a:1", now=now - timedelta(seconds=50))
    watch(now=now)
    assert Incident.objects.get(rule="worker_missing").closed_at is None
    sign_on("bench@a:9", now=now + timedelta(seconds=10))
    watch(now=now + timedelta(seconds=15))
    assert Incident.objects.get(rule="worker_missing").closed_at is not None


def test_old_samples_are_thinned_to_every_fifth_minute_and_then_forgotten():
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    for minutes in range(10):
        Sample.objects.create(name="x", at=now - timedelta(days=7, minutes=60 - minutes), value=1)
    Sample.objects.create(name="x", at=now - timedelta(days=121), value=1)
    samples_thin(now=now)
    assert sorted(row.at.minute for row in Sample.objects.all()) == [0, 5]
