"""Dynamic registration: an LMS asks for our facts and tells its own, so that nobody copies addresses. Begun by a link of an operator's.

Without that link the address would make this server fetch whatever a stranger names. What was registered waits, switched off, until an
operator has looked at it.
"""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import structlog
from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import Conflict
from courseplatform.lti.addresses import is_safe
from courseplatform.lti.errors import LaunchRefused, LinkOver
from courseplatform.lti.models import Platform, RegistrationInvite
from courseplatform.lti.services.tool_facts import address

INVITE_FOR = timedelta(hours=2)
log = structlog.get_logger(__name__)


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def invite_make(*, by: str, now: datetime | None = None) -> str:
    """The address that an administrator of an LMS pastes there. It works once, and for two hours; only its hash is kept."""
    token, at = secrets.token_urlsafe(24), now or timezone.now()
    RegistrationInvite.objects.create(digest=_digest(token), made_by=by[:120], expires_at=at + INVITE_FOR)
    return f"{address('index')}register/{token}/"


def invites_open(now: datetime | None = None) -> int:
    return RegistrationInvite.objects.filter(used_at=None, expires_at__gt=now or timezone.now()).count()


def platform_register(*, token: str, configuration_url: str, registration_token: str) -> Platform:
    """Ask the LMS for its facts, give it ours, and keep it, switched off.

    Raises LinkOver, LaunchRefused (`no_configuration`), PlatformProblem, Conflict (`platform_known`).
    """
    from courseplatform.lti.wire.registration import registered

    now = timezone.now()
    invite = RegistrationInvite.objects.filter(digest=_digest(token), used_at=None, expires_at__gt=now).first()
    if invite is None:
        raise LinkOver(
            "A link for a registration works once and for two hours. An operator makes another on the page LMS."
        )
    if not is_safe(configuration_url):
        raise LaunchRefused("The LMS did not say where its configuration is.", code="no_configuration")
    if RegistrationInvite.objects.filter(pk=invite.pk, used_at=None).update(used_at=now) != 1:
        raise LinkOver("This link was used a moment ago.")
    host = urlsplit(configuration_url).netloc
    facts = registered(configuration_url, registration_token)
    with transaction.atomic():
        if Platform.objects.filter(issuer=facts.issuer, client_id=facts.client_id).exists():
            raise Conflict("This LMS is registered here already.", code="platform_known")
        found = Platform.objects.create(
            name=facts.name[:80] or host[:80], issuer=facts.issuer, client_id=facts.client_id, site_url=f"https://{host}" if
            configuration_url.startswith("https") else f"http://{host}", auth_login_url=facts.auth_login_url,
            auth_token_url=facts.auth_token_url, key_set_url=facts.key_set_url, auth_audience=facts.auth_audience,
            is_active=False, made_by=f"registration, link of {invite.made_by}"[:120],
        )  # fmt: skip
        if facts.deployment_id:
            found.deployments.create(deployment_id=facts.deployment_id)
    log.info("lti_platform_registered", platform=found.pk)
    return found
