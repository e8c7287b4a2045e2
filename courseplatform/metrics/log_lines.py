"""One line in the log for each request and each task, with the fields that docs/operations.md lists.

django-structlog writes them and carries the id of the request to the tasks that it wakes; here is what they say. Never a query string, which
may hold a key or a name, and never an e-mail address.
"""

import time
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from django_structlog.celery import signals as task_signals
from django_structlog.signals import (
    bind_extra_request_failed_metadata,
    bind_extra_request_finished_metadata,
    bind_extra_request_metadata,
)

from courseplatform.metrics.middleware import route_of

CARRIED = ("request_id", "user_id", "parent_task_id")  # from a request or a task to the tasks that it wakes


def _begun(request: HttpRequest, **_: Any) -> None:
    request.has_line = True  # type: ignore[attr-defined]  # so that Django's own is dropped: quiet_lines.py


def _finished(request: HttpRequest, response: HttpResponse, log_kwargs: dict[str, Any], **_: Any) -> None:
    _describe(request, log_kwargs, response.status_code)


def _failed(request: HttpRequest, log_kwargs: dict[str, Any], **_: Any) -> None:
    _describe(request, log_kwargs, 500)


def _describe(request: HttpRequest, fields: dict[str, Any], status: int) -> None:
    fields.clear()
    fields |= {"method": request.method, "path": request.path, "route": route_of(request), "status": status}
    if (began := getattr(request, "began", None)) is not None:
        fields["duration_ms"] = round(1000 * (time.perf_counter() - began), 1)


def _named(task: Any, **_: Any) -> None:
    structlog.contextvars.bind_contextvars(task=task.name)


def _carried(context: dict[str, Any], **_: Any) -> None:
    for name in [name for name in context if name not in CARRIED]:
        del context[name]


def register() -> None:
    bind_extra_request_metadata.connect(_begun)
    bind_extra_request_finished_metadata.connect(_finished)
    bind_extra_request_failed_metadata.connect(_failed)
    task_signals.bind_extra_task_metadata.connect(_named)
    task_signals.modify_context_before_task_publish.connect(_carried)
