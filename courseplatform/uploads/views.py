"""The tus protocol at /uploads/, for the browser's session. Answers to refusals are JSON: programs read them first."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.response import HttpResponseBase

from courseplatform.accounts.models import User
from courseplatform.core.audience import Audience, declare
from courseplatform.core.error_pages import wants_json
from courseplatform.core.errors import AppError
from courseplatform.uploads import answers
from courseplatform.uploads.answers import Asked
from courseplatform.uploads.errors import SignedOut

Answer = Callable[..., HttpResponse]


def tus(methods: dict[str, Answer]) -> Any:
    """A view of the signed-in person whose answers are those of the protocol, whatever is wrong."""

    def view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated and "Tus-Resumable" not in request.headers and not wants_json(request):
            return redirect_to_login(request.get_full_path())
        try:
            response = _answer(request, methods, **kwargs)
        except AppError as error:
            response = JsonResponse(error.to_json(), status=error.http_status)
        answers.framed(response)
        response["Cache-Control"] = "no-store"
        return response

    return declare(view, Audience.SIGNED_IN)


def _answer(request: HttpRequest, methods: dict[str, Answer], **kwargs: Any) -> HttpResponse:
    if not isinstance(request.user, User):
        raise SignedOut("You are signed out. Sign in again in another tab, then go on here: what has arrived is kept.")
    method = answers.effective_method(request)
    if method not in methods:
        return HttpResponseNotAllowed(sorted(methods))
    return methods[method](Asked(request, request.user, "uploads:resource"), **kwargs)


collection = tus({"OPTIONS": answers.options, "POST": answers.create, "GET": answers.listed})
resource = tus({"OPTIONS": answers.options, "HEAD": answers.head, "PATCH": answers.append, "DELETE": answers.terminate})
