"""Telling a person what happened to the account."""

from django.urls import reverse

from courseplatform.accounts.models import AccessToken, SecurityEvent, SecurityKind
from courseplatform.core.markdown import escaped
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


def security_event_tell(event: SecurityEvent) -> None:
    """By mail at once, always: whoever did not do it must hear of it."""
    parts = [escaped(event.says)]
    if event.browser:
        parts.append(f"It was done in {escaped(event.browser)}.")
    if event.by:
        parts.append(f"It was done by {escaped(event.by)}, who gave this reason: {escaped(event.why) or 'none'}.")
    parts.append(
        "If that was not you and nobody has told you of it, sign out everywhere on the page below and choose a new password."
    )
    notification_send(
        course=None, people=[event.person], kind="account", key=f"security-{event.pk}", title=SecurityKind(event.kind).label,
        text=" ".join(part for part in parts if part), path=reverse("accounts:sessions"),
    )  # fmt: skip
