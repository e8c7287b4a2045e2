"""Who may come in, and who may stay in: asked at every sign-in and again for the session of every request."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from courseplatform.accounts.models import AccountMerge, User
from courseplatform.core.prepared import Prepared

BY_KEY = Prepared(lambda key: User.objects.filter(pk=key), key=int)


class AccountBackend(ModelBackend):
    """E-mail address and password. Demo accounts have no password, and exist only while the demo is on."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:  # type: ignore[override]
        person = super().authenticate(request, **self._of_winner(credentials))
        if person is None or person.is_demo:
            return None
        return person if person.is_operator or not settings.SSO_ONLY else None

    def get_user(self, user_id: int) -> User | None:
        """Asked by every page."""
        person = next(iter(BY_KEY(key=int(user_id))), None)
        return person if person is not None and self.user_can_authenticate(person) else None

    def _of_winner(self, credentials: dict[str, Any]) -> dict[str, Any]:
        """The address of a joined account is an alias of the account that it became, with that one's password."""
        name = next((name for name in ("email", "username") if credentials.get(name)), None)
        if name is None:
            return credentials
        typed = str(credentials[name]).strip().lower()
        merge = AccountMerge.objects.select_related("winner").filter(loser__email=typed).first()
        return {**credentials, name: merge.winner.email} if merge else credentials

    def user_can_authenticate(self, user: Any) -> bool:
        if getattr(user, "is_demo", False) and not settings.DEMO:
            return False
        return super().user_can_authenticate(user)
