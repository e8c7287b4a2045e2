"""/metrics: who may read it, what it says, and what it says while parts are away."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from courseplatform.core import lines
from courseplatform.core.lines import LineNow
from courseplatform.core.models import Heartbeat
from courseplatform.metrics import sources
from courseplatform.metrics.models import SweepSign
from courseplatform.metrics.sources import add_source, value
from courseplatform.metrics.sweep_signs import _written, leave_sign
from hardware import metrics as hardware_metrics
from hardware.leases import job_cancel
from hardware.models import Job
from tests.people import hand_in, onnx_like

pytestmark = pytest.mark.django_db
TOKEN = "a token of sixteen"


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch):
    """No answer of another test is kept."""
    monkeypatch.setattr(hardware_metrics, "_ended_jobs", hardware_metrics.EndedJobs())
    forget()


def forget():
    for source in sources._sources.values():
        source.read_at = float("-inf")


def scrape(client, **headers):
    forget()
    answer = client.get("/metrics", **headers)
    assert answer.status_code == 200
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


# -- who may ---------------------------------------------------------------------------------------------------------


def test_without_a_token_only_programs_on_this_machine_read_and_only_in_the_embedded_world(client, settings):
    settings.METRICS_TOKEN, settings.EMBEDDED = "", True
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 404
    assert client.get("/metrics", HTTP_X_FORWARDED_FOR="192.0.2.7").status_code == 404
    settings.EMBEDDED = False
    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xe4"])
def test_with_a_token_nobody_reads_without_it(client, settings, said):
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", HTTP_AUTHORIZATION=said, HTTP_ACCEPT="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "bad_metrics_token")
    assert "milliamp_" not in answer.content.decode()


def test_the_token_opens_from_anywhere(client, settings):
    settings.METRICS_TOKEN, settings.EMBEDDED = TOKEN, False
    answer = client.get("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}", REMOTE_ADDR="192.0.2.7")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    assert answer["Cache-Control"] == "no-store"


@override_settings(SECURE_SSL_REDIRECT=True)
def test_it_is_read_past_the_proxy_without_tls(client):
    assert client.get("/metrics").status_code == 200


# -- what it says ----------------------------------------------------------------------------------------------------


def test_requests_are_told_by_kind_method_and_class_of_status(client, cast):
    client.force_login(cast.ruth)
    key = ("milliamp_request_seconds_count", ("kind", "page"), ("method", "GET"), ("status", "2xx"))
    before = scrape(client).get(key, 0)
    client.get(reverse("courses:home", args=[cast.course.slug]))
    assert scrape(client)[key] == before + 1


def test_a_hand_in_is_told_by_its_size_and_timed_from_its_last_byte(client, cast, tmp_path):
    key = ("milliamp_hand_in_seconds_count", ("size", "to_1_mib"))
    before = scrape(client).get(key, 0)
    client.force_login(cast.ruth)
    model = SimpleUploadedFile("a.onnx", onnx_like(tmp_path).path.read_bytes())
    address = reverse("grading:hand_in", args=[cast.course.slug, cast.lab.slug])
    answer = client.post(address, {"model": model, "upload_key": str(uuid4())})
    assert answer.status_code == 302
    assert answer.wsgi_request.body_ended > answer.wsgi_request.began
    assert scrape(client)[key] == before + 1
    assert client.post(address, {"upload_key": str(uuid4())}).status_code == 422  # refused: no receipt
    assert scrape(client)[key] == before + 1


def test_a_fault_of_ours_is_told_by_its_route(client, cast, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("broken on purpose")

    client.force_login(cast.ruth)
    client.raise_request_exception = False
    key = ("milliamp_server_errors_total", ("route", "courses:home"))
    before = scrape(client).get(key, 0)
    monkeypatch.setattr("courseplatform.courses.views.pages.render", broken)
    assert client.get(reverse("courses:home", args=[cast.course.slug])).status_code == 500
    assert scrape(client)[key] == before + 1


def test_a_method_that_somebody_made_up_is_one_label(client):
    for word in ("BREW", "X" * 40):
        client.generic(word, "/healthz")
    found = {dict(key[1:]).get("method") for key in scrape(client) if key[0] == "milliamp_request_seconds_count"}
    assert "other" in found and not found & {"BREW", "X" * 40}


def test_no_label_names_a_person_a_course_or_a_path(client, cast):
    client.force_login(cast.ruth)
    for address in (
        reverse("courses:home", args=[cast.course.slug]), f"/nothing/{cast.ruth.email}", f"/courses/{cast.course.slug}/{cast.ruth.name}/",
    ):  # fmt: skip
        client.get(address)
    text = str([key[1:] for key in scrape(client)])
    for secret in (cast.ruth.email, cast.ruth.name, cast.course.slug, "/courses/", cast.lab.slug):
        assert secret not in text


def test_lines_are_told_as_they_are_registered(client, monkeypatch):
    line = LineNow("live_runs", "Live runs", waiting=14, oldest_s=180.0, running=2, slow_after_s=60)
    monkeypatch.setattr(lines, "_readers", {"live_runs": lambda: line})
    found = scrape(client)
    kind = ("kind", "live_runs")
    assert found["milliamp_line_waiting", kind] == 14
    assert found["milliamp_line_oldest_seconds", kind] == 180
    assert found["milliamp_line_running", kind] == 2
    assert found["milliamp_line_slow_after_seconds", kind] == 60


def test_workers_and_sweeps_say_when_they_were_last_heard_of(client):
    seen = timezone.now() - timedelta(minutes=3)
    Heartbeat.objects.create(name="bench", at=seen)
    SweepSign.objects.create(name="notices.sweep", at=seen)
    found = scrape(client)
    assert found["milliamp_worker_seen_timestamp_seconds", ("worker", "bench")] == pytest.approx(
        seen.timestamp(), abs=1
    )
    assert found["milliamp_sweep_done_timestamp_seconds", ("sweep", "notices.sweep")] == pytest.approx(
        seen.timestamp(), abs=1
    )
    assert found["milliamp_sweep_interval_seconds", ("sweep", "notices.sweep")] == 15
    never = found["milliamp_sweep_done_timestamp_seconds", ("sweep", "lti.sweep")]
    assert timezone.now().timestamp() - never < 24 * 3600  # since this process began, not since 1970


def test_only_sweeps_that_ended_well_and_that_beat_wakes_leave_a_sign():
    _written.clear()
    for name in ("notices.sweep", "grading.run_next", "core.heartbeat"):
        leave_sign(type("Task", (), {"name": name}))
    assert list(SweepSign.objects.values_list("name", flat=True)) == ["notices.sweep"]


@pytest.mark.real_database
def test_jobs_that_ended_are_counted_from_their_history_and_never_back(cast, tmp_path, monkeypatch):
    counted = hardware_metrics.EndedJobs()
    for number, person in enumerate((cast.ruth, cast.daniel, cast.sofia), start=1):
        run = hand_in(cast, person, onnx_like(tmp_path, more=str(number).encode())).runs.get()
        job_cancel(Job.objects.get(pk=run.pk), by="a test")
        assert counted.now()["run", "cancelled"] == number
    monkeypatch.setattr(hardware_metrics, "LAG", timedelta(seconds=-1))
    assert counted.now()["run", "cancelled"] == 3
    assert counted.upto > 0
    assert counted.now()["run", "cancelled"] == 3  # what is settled counts once


# -- what it costs, and what is away ---------------------------------------------------------------------------------


def test_a_scrape_is_a_bounded_number_of_queries_and_the_next_ones_none(client, cast, django_assert_max_num_queries):
    forget()
    with django_assert_max_num_queries(24):
        client.get("/metrics")
    with django_assert_max_num_queries(1):  # whether the database answers is asked each time
        client.get("/metrics")


def test_without_the_database_it_tells_what_it_has(client, monkeypatch):
    def away(*args, **kwargs):
        raise DatabaseError("away")

    with connection.execute_wrapper(away):
        found = scrape(client)
    assert found[("milliamp_database_up",)] == 0
    assert found["milliamp_source_up", ("source", "sweeps")] == 0
    assert found["milliamp_source_up", ("source", "disk")] == 1
    assert any(key[0] == "milliamp_disk_free_bytes" for key in found)
    assert any(key[0] == "milliamp_request_seconds_count" for key in found)


def test_a_part_that_fails_does_not_take_the_others_with_it(client, monkeypatch):
    def broken():
        raise OSError("broken")

    monkeypatch.setattr(sources, "_sources", dict(sources._sources))
    add_source("broken", broken)
    add_source("after", lambda: [value("milliamp_after", "", 1)])
    found = scrape(client)
    assert found["milliamp_source_up", ("source", "broken")] == 0
    assert found[("milliamp_after",)] == 1


def test_names_carry_their_unit_and_every_family_says_what_it_is(client, cast):
    text = client.get("/metrics").content.decode()
    for family in text_string_to_metric_families(text):
        assert re.fullmatch(r"milliamp_[a-z_]+", family.name)
        assert family.documentation.endswith(".")
