"""What every response carries, and what /healthz believes."""

import gzip
from datetime import timedelta

import pytest
from django.utils import timezone

from courseplatform.core import health
from courseplatform.core.models import Heartbeat

pytestmark = pytest.mark.django_db


def test_every_response_has_the_strict_headers(client):
    answer = client.get("/healthz")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy and "'unsafe-eval'" not in policy and "http" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Permissions-Policy"]
    assert answer["X-Request-Id"]


def test_server_timing_counts_queries_in_demo_mode_only(client, settings):
    assert 'queries"' in client.get("/healthz")["Server-Timing"]
    settings.DEMO = settings.DEBUG = False
    assert "Server-Timing" not in client.get("/healthz")


def test_health_is_503_until_a_task_of_this_boot_has_gone_round(client, settings, data_dir):
    settings.BOOT = "boot-2"
    for name in health.WORKERS:
        Heartbeat.objects.create(name=name, boot="boot-1", at=timezone.now())
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "failing"
    assert set(answer.json()["checks"]) == {"database", "broker", "worker", "storage", "restore"}
    for name in health.WORKERS:
        health.beat(name)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (
        200, {"status": "ok", "checks": dict.fromkeys(("database", "broker", "worker", "storage", "restore"), "ok")}
    )  # fmt: skip


def test_a_silent_worker_is_noticed(settings, data_dir):
    settings.BOOT = ""
    for name in health.WORKERS:
        Heartbeat.objects.create(name=name, at=timezone.now())
    for name in health.WORKERS:
        Heartbeat.objects.filter(name=name).update(at=timezone.now() - timedelta(minutes=1))
        assert health.check()["checks"]["worker"] == f"worker {name} is silent"
        Heartbeat.objects.filter(name=name).update(at=timezone.now())


def test_storage_that_cannot_be_written_is_noticed(settings, tmp_path):
    (tmp_path / "file").write_text("")
    settings.MEDIA_ROOT = tmp_path / "file" / "media"
    assert health.check()["checks"]["storage"] == "failing: storage_failed"


def test_the_folder_of_unfinished_uploads_is_tried_too(settings, data_dir):
    assert health.check()["checks"]["storage"] == "ok"
    assert list(settings.UPLOADS_DIR.iterdir()) == []
    (data_dir / "file").write_text("")
    settings.UPLOADS_DIR = data_dir / "file" / "uploads"
    assert health.check()["checks"]["storage"] == "failing: storage_failed"


def test_every_process_speaks_to_the_configured_broker(settings):
    from celery import current_app

    assert current_app.main == "milliamp"
    assert current_app.conf.broker_url == settings.CELERY_BROKER_URL


def test_pages_of_somebody_who_is_signed_in_are_kept_nowhere(client, cast):
    assert "Cache-Control" not in client.get("/")
    client.force_login(cast.helen)
    for page in ("", "submissions/", "submissions.csv", "assignments/none/"):
        answer = client.get(f"/courses/{cast.course.slug}/{page}")
        assert answer["Cache-Control"] == "private, no-store", page


def test_pages_and_tables_go_out_compressed_and_files_do_not(client, cast):
    client.force_login(cast.helen)
    asked = {"headers": {"Accept-Encoding": "gzip"}}
    page = client.get(f"/courses/{cast.course.slug}/people/", **asked)
    assert page["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in page["Vary"]
    assert b"</html>" in gzip.decompress(page.content)
    assert "Content-Encoding" not in client.get(f"/courses/{cast.course.slug}/calendar.ics", **asked)
    assert "Content-Encoding" not in client.get(f"/courses/{cast.course.slug}/people/")
