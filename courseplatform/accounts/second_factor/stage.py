"""The step after the password, or after the university's sign-in."""

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.stages import AuthenticateStage
from django.http import HttpRequest


class FactorStage(AuthenticateStage):  # type: ignore[misc]
    """A provider that has asked for a second factor itself (`amr` or `acr`) is believed: people are not asked twice."""

    def _should_handle(self, request: HttpRequest) -> bool:
        last = (get_authentication_records(request, self.login.user) or [{}])[-1]
        if last.get("method") == "socialaccount" and last.get("strong"):
            return False
        return bool(super()._should_handle(request))
