"""Who asks at the API: a token in the header, or the session of a browser."""

from typing import Any
from urllib.parse import unquote

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from courseplatform.accounts.models import AccessToken, User
from courseplatform.accounts.tokens import MOST_CHARACTERS, START, token_read, token_used
from courseplatform.core.api_rules import CHALLENGE
from courseplatform.core.errors import BadInput, Forbidden, NotSignedIn


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer mlp_...`. Where the header stands, it decides: a session beside it is not looked at."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        """Raises NotSignedIn (`wrong_scheme` and those of `token_read`), or BadInput, code `token_in_address`."""
        _refuse_in_address(request)
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        scheme, _, secret = header[: MOST_CHARACTERS + 8].partition(" ")
        if scheme.lower() != "bearer":
            raise NotSignedIn("The API takes `Authorization: Bearer mlp_...`, no other scheme.", code="wrong_scheme")
        now = timezone.now()
        token = token_read(secret.strip(), now)
        token_used(token, now)
        return token.person, token

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def _refuse_in_address(request: Request) -> None:
    """An address is written into logs and histories on its way. Who sends one must hear it before the habit works."""
    if START in unquote(request.META.get("QUERY_STRING", "")):
        raise BadInput(
            "An access token stands in the address, where logs keep it. Revoke that token, and send the next one in the header.",
            code="token_in_address",
        )


class BrowserSession(SessionAuthentication):
    """The session of a page, with its form token for everything that changes something."""

    def enforce_csrf(self, request: Request) -> None:
        """Raises Forbidden, code `csrf_failed`. Asked of Django's own request, whose upload handler takes the file that may come."""
        try:
            super().enforce_csrf(request._request)  # type: ignore[arg-type]
        except PermissionDenied as error:
            raise Forbidden(
                "With a session, send the form token in X-CSRFToken. Programs use an access token instead.",
                code="csrf_failed",
            ) from error


def person_of(request: Request) -> User:
    """Who asks. Raises NotSignedIn; `ApiView` has asked before."""
    if not isinstance(request.user, User):
        raise NotSignedIn("This address needs an access token.")
    return request.user


class BearerInSchema(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "courseplatform.accounts.api_authentication.BearerAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A personal access token, mlp_..."}


class BrowserInSchema(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "courseplatform.accounts.api_authentication.BrowserSession"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "Of the pages; with X-CSRFToken"}
