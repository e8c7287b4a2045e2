"""The addresses of boards alone, for their own OpenAPI document.

Write it anew: manage.py spectacular --validate --urlconf hardware.runners.document --custom-settings hardware.runners.document.SETTINGS
--file docs/runner-api.yaml
"""

from django.urls import include, path

from hardware.runners.api import protocol

FILE = "docs/runner-api.yaml"
urlpatterns = [path("api/runner/v1/", include((protocol, "runner_protocol")))]
SETTINGS = {
    "TITLE": "Milliamp runner protocol", "DESCRIPTION": "What the agent on a board says to the site: docs/runner-protocol.md.", "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/runner/v1",
}  # fmt: skip
