"""An S3-compatible stand-in for tests: moto's server on port 7070, with the health address that compose.yml asks."""

from collections.abc import Callable, Iterable
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

store = DomainDispatcherApplication(create_backend_app)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/health":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"ok"]
    return store(environ, start_response)


run_simple("0.0.0.0", 7070, application, threaded=True)  # noqa: S104 within the networks of the compose file
