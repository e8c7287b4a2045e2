"""Keeps the list of signed-in browsers beside Django's sessions."""

import structlog
from django.contrib.auth import SESSION_KEY
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse

from courseplatform.accounts.sessions import session_follow, session_seen
from courseplatform.core.busy import is_busy
from courseplatform.core.middleware import Middleware

log = structlog.get_logger(__name__)


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
                session_seen(request=request)
            except OperationalError as error:
                if not is_busy(error):
                    raise
                log.warning("browser_not_noted", why="writes_busy")  # the next page writes it
        return response
