"""Default deny: every URL declares who may come.

A view carries an `Audience` (set by one of the decorators below, or by `courses.access.course_page`). The access
middleware refuses a view that carries none, and a test walks all URLs with the whole cast. Views of other packages are
decorated where their addresses are written (accounts/urls.py).
"""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, Protocol

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase


class Audience(StrEnum):
    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    COURSE_MAKERS = "course_makers"  # operators, and instructors of any course
    OPERATORS = "operators"
    MONITOR = "monitor"  # a program with METRICS_TOKEN, and no person
    RUNNERS = "runners"  # boards with a token of their own, and no person
    COURSE_PUBLIC = "course_public"  # anybody where the course is public, else its members
    COURSE_MEMBERS = "course_members"
    COURSE_STAFF = "course_staff"
    COURSE_INSTRUCTORS = "course_instructors"


class View(Protocol):
    def __call__(self, request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase: ...


def declare(view: Callable[..., Any], audience: Audience) -> Any:
    view.audience = audience  # type: ignore[attr-defined]
    return view


def known_person(request: HttpRequest) -> Any:
    """The signed-in person as far as this request has asked already, else None. Never asks the database itself."""
    found = getattr(request, "_cached_user", None)  # where AuthenticationMiddleware keeps its answer
    return found if found is not None and found.is_authenticated else None


def public(view: View) -> View:
    """Anybody, signed in or not."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    return declare(wrapper, Audience.PUBLIC)  # type: ignore[no-any-return]


def signed_in(view: View) -> View:
    """Anybody with an account; others are sent to the sign-in page."""
    return declare(login_required(view), Audience.SIGNED_IN)  # type: ignore[no-any-return]


def audience_of(view: Callable[..., Any]) -> Audience | None:
    """The declared audience of a resolved view, or None: then nobody may come."""
    found = getattr(view, "audience", None)
    return found if isinstance(found, Audience) else None
