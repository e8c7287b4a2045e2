"""While planned maintenance closes the site, everybody but the operators reads a page that says until when."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from courseplatform.core.middleware import Middleware
from courseplatform.status.banner import closing

OPEN_APPS = {"status", "metrics", "runner_protocol"}
# And every way in up to its last step: an operator with a second factor, or whom the university signs in, must get through as well.
OPEN_ROUTES = {"core:healthz"} | {
    f"accounts:{name}" for name in ("demo", "sso", "sso_back", "saml", "saml_take", "saml_finish", "factor_prove")
}
OF_SIGNING_IN = (
    "account_",
    "mfa_authenticate",
    "mfa_login_",
    "mfa_reauthenticate",
)  # names of allauth's, which have no app


class Maintenance(Middleware):
    """Boards go on: what they measure is theirs to bring back. What a person sends is refused before anything of it is kept, with 503."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        banner = closing()
        if banner is None:
            return None
        match = request.resolver_match
        if match is not None and (OPEN_APPS & {match.app_name, *match.namespaces} or match.view_name in OPEN_ROUTES):
            return None
        if match is not None and (match.view_name or "").startswith(OF_SIGNING_IN):
            return None
        if getattr(request.user, "is_operator", False):
            return None
        response = render(request, "status/maintenance.html", {"banner": banner}, status=503)
        response["Retry-After"] = str(max(int((banner.ends_at - timezone.now()).total_seconds()), 1))
        return response
