"""Who may come in, and who may stay in: asked at every sign-in and again for the session of every request."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from courseplatform.accounts.models import User


class AccountBackend(ModelBackend):
    """E-mail address and password. Demo accounts have no password, and exist only while the demo is on."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:  # type: ignore[override]
        person = super().authenticate(request, **credentials)
        return None if person is None or person.is_demo else person

    def user_can_authenticate(self, user: Any) -> bool:
        if getattr(user, "is_demo", False) and not settings.DEMO:
            return False
        return super().user_can_authenticate(user)
