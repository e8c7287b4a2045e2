"""Who asks, as long as the session may last; and the list of signed-in browsers beside Django's sessions."""

from typing import Any

import structlog
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.middleware import AuthenticationMiddleware, get_user
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from courseplatform.accounts.known_browsers import cookie_set
from courseplatform.accounts.session_facts import ENDED, facts_seen, why_over
from courseplatform.accounts.sessions import session_follow, session_seen
from courseplatform.core.busy import is_busy
from courseplatform.core.middleware import Middleware

log = structlog.get_logger(__name__)


class Authentication(AuthenticationMiddleware):
    """Django's own, and a session that is too old or was left too long is nobody's. Asked only where somebody asks who it is."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: self._person(request))  # type: ignore[assignment]

    @staticmethod
    def _person(request: HttpRequest) -> Any:
        if not hasattr(request, "_cached_user") and (why := why_over(request.session)):
            request.session.flush()
            request.session[ENDED] = why  # for the sign-in page, once
        return get_user(request)


class SignedInBrowsers(Middleware):
    """After each page: when this browser was seen, and its new key where Django gave one. What looks at no session costs nothing."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        before = request.session.session_key
        response = self.get_response(request)
        after = request.session.session_key
        if before and after and request.session.accessed and SESSION_KEY in request.session:
            try:
                if before != after:
                    session_follow(old=before, new=after)
                if session_seen(request=request):
                    facts_seen(request.session)
            except (
                OperationalError,
                InterfaceError,
            ) as error:  # busy, or away: the page is made, and the next one writes it
                log.warning("browser_not_noted", why="writes_busy" if is_busy(error) else "database_away")
        cookie_set(request, response)
        return response
