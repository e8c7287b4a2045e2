"""One line a request and a task, with documented fields; the id of a request goes along to the tasks that it wakes."""

import json
import logging
import re
from pathlib import Path

import pytest
import structlog
from celery import shared_task
from django.conf import settings as configured
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django_structlog.celery.receivers import CeleryReceiver

from courseplatform.hook import call_hook
from courseplatform.metrics.quiet_lines import Quiet

DOCUMENTED = (Path(__file__).resolve().parents[3] / "docs" / "operations.md").read_text().split("## The log")[1]


@pytest.fixture
def lines():
    """The log as the processes write it, line by line."""
    found = []

    class Keep(logging.Handler):
        def emit(self, record):
            found.append(json.loads(self.format(record)))

    handler, root, level = Keep(), logging.getLogger(), logging.getLogger().level
    kind = dict(configured.LOGGING["formatters"]["json"])
    handler.setFormatter(kind.pop("()")(**kind))
    handler.addFilter(Quiet())
    root.addHandler(handler)
    root.setLevel("INFO")
    yield found
    root.removeHandler(handler)
    root.setLevel(level)


def test_a_request_is_one_line_with_documented_fields_and_no_name(client, cast, lines):
    client.force_login(cast.ruth)
    answer = client.get(reverse("courses:home", args=[cast.course.slug]), {"q": "somebody@example.edu"})
    [line] = lines
    assert (line["event"], line["route"], line["method"], line["status"]) == (
        "request_finished",
        "courses:home",
        "GET",
        200,
    )
    assert line["duration_ms"] > 0 and line["user_id"] == cast.ruth.pk and line["level"] == "info"
    assert line["request_id"] == answer["X-Request-Id"]
    assert {name for name in line if f"`{name}`" not in DOCUMENTED} == set()
    assert "@" not in str(line) and cast.ruth.name not in str(line)


@pytest.mark.django_db
def test_a_refused_request_is_one_line_too(client, lines):
    client.get("/docs/nowhere/")
    assert [(line["event"], line["status"], line["level"]) for line in lines] == [("request_finished", 404, "warning")]


@pytest.mark.django_db
def test_a_fault_is_one_line_with_its_traceback(client, lines, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("broken on purpose")

    client.raise_request_exception = False
    monkeypatch.setattr("courseplatform.core.views.render", broken)
    client.get("/style/")
    [line] = lines
    assert (line["event"], line["route"], line["status"], line["level"]) == (
        "request_failed",
        "core:style",
        500,
        "error",
    )
    assert "broken on purpose" in line["exception"] and line["duration_ms"] > 0


@pytest.mark.django_db
def test_a_probe_that_is_well_says_nothing(client, lines):
    client.get("/metrics")
    assert lines == []
    client.get("/healthz")  # no worker runs in this test
    assert [line["status"] for line in lines] == [503]


@shared_task(name="tests.said", ignore_result=True)
def said():
    structlog.get_logger("tests").info("at_work")


@pytest.fixture
def receiver():
    yield CeleryReceiver()
    structlog.contextvars.clear_contextvars()


def carry_out(receiver, task, headers):
    """What a worker's signals do around a task."""
    task.push_request(id="task-1", **headers)
    try:
        receiver.receiver_task_prerun("task-1", task)
        task.run()
        receiver.receiver_task_success(sender=task)
    finally:
        task.pop_request()


def test_a_task_has_the_id_of_the_request_that_woke_it(lines, receiver):
    structlog.contextvars.bind_contextvars(request_id="r-1", user_id=7, ip="192.0.2.7")
    headers = {}
    receiver.receiver_before_task_publish(headers=headers)
    assert headers["__django_structlog__"] == {"request_id": "r-1", "user_id": 7}  # the address stays with the request
    structlog.contextvars.clear_contextvars()
    carry_out(receiver, said, headers)
    assert [line["event"] for line in lines] == ["at_work", "task_succeeded"]
    for line in lines:
        assert (line["request_id"], line["task"], line["task_id"]) == ("r-1", "tests.said", "task-1")
    assert {name for line in lines for name in line if f"`{name}`" not in DOCUMENTED} == set()


def test_a_sweep_that_beat_wakes_says_only_what_it_has_to_say(lines, receiver, settings):
    settings.CELERY_BEAT_SCHEDULE = {"said": {"task": "tests.said", "schedule": 5.0}}
    carry_out(receiver, said, {"__django_structlog__": {}})
    receiver.receiver_task_revoked(
        type("Request", (), {"id": "task-2", "task": "tests.said"}), expired=True
    )  # the next one is due
    assert [line["event"] for line in lines] == ["at_work"]


# -- the hook --------------------------------------------------------------------------------------------------------

called = []


def hook(process):
    called.append(process)


def test_the_hook_is_called_with_the_kind_of_process(monkeypatch):
    called.clear()
    call_hook("web")
    monkeypatch.setenv("MILLIAMP_HOOK", f"{__name__}:hook")
    call_hook("worker")
    assert called == ["worker"]


@pytest.mark.parametrize(
    "name", ["nothing", "no_such_module:hook", f"{__name__}:nothing", ":hook", f"{__name__}:called"]
)
def test_a_hook_that_cannot_be_called_stops_the_start(monkeypatch, name):
    monkeypatch.setenv("MILLIAMP_HOOK", name)
    with pytest.raises(ImproperlyConfigured, match=re.escape(f"MILLIAMP_HOOK is {name!r}")):
        call_hook("web")
