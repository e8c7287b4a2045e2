"""A view says that its request was a hand-in that got its receipt."""

from django.http import HttpRequest


def received(request: HttpRequest, size_bytes: int) -> None:
    """For the middleware, which knows how long it took; size_bytes: of the model, 0 without one."""
    request.handed_in_bytes = size_bytes  # type: ignore[attr-defined]
