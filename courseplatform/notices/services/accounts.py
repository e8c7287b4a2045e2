"""Telling a person what happened to the account."""

from django.urls import reverse

from courseplatform.accounts.models import AccessToken
from courseplatform.notices.services.notifications import notification_send


def token_made_tell(token: AccessToken) -> None:
    """Whoever did not make it learns so, and what to do."""
    scopes = " and ".join(token.scope_words).lower()
    notification_send(
        course=None, people=[token.person], kind="account", key=f"token-{token.pk}-made", title="An access token was made",
        text=f"It begins with `{token.prefix}`, may {scopes} in your name, and works until {token.expires_at:%b %-d, %Y}. If you did not make it, "
        "revoke it on the page below and change your password.",
        path=reverse("accounts:tokens"),
    )  # fmt: skip
