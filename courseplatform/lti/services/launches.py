"""A launch: the login begins, the signed message comes back once, and is kept until its person has arrived."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from courseplatform.lti.claims import can_keep, launch_from
from courseplatform.lti.errors import LaunchRefused, LinkOver, LoginRefused
from courseplatform.lti.models import GOOD_FOR, Deployment, Launch, LoginAttempt
from courseplatform.lti.scopes import LTI

KEPT, ATTEMPTS_KEPT = timedelta(days=1), timedelta(hours=1)
REPEATED = ("iss", "client_id", "login_hint", "lti_message_hint", "lti_deployment_id", "target_link_uri")
MOST = 4000
log = structlog.get_logger(__name__)


class CookieMissing(LaunchRefused):
    """The browser keeps our cookie back in a frame of another site. It works in a window of its own."""

    default_code = "cookie_missing"

    def __init__(self, attempt: LoginAttempt) -> None:
        super().__init__("The browser keeps our cookie back inside the LMS. Open Milliamp in a window of its own.")
        self.attempt = attempt


def cookie_of(state: str) -> str:
    """The name of the cookie that ties a sign-in to its browser."""
    return f"lti-{state}"


def launch_url() -> str:
    return settings.SITE_URL + reverse("lti:launch")


def login_begin(*, params: Mapping[str, str], now: datetime | None = None) -> tuple[str, str]:
    """The address of the LMS that the browser goes to, and the state it comes back with. Raises LaunchRefused."""
    from courseplatform.lti.wire.messages import login_of

    begun = login_of({name: params.get(name, "")[:MOST] for name in REPEATED}, launch_url())
    asked = {name: params[name][:MOST] for name in REPEATED if params.get(name)}
    if not all(can_keep(text) for text in asked.values()):
        raise LoginRefused("The LMS began a sign-in with signs that cannot be kept.", code="login_incomplete")
    LoginAttempt.objects.create(
        platform=begun.platform, state=begun.state, nonce=begun.nonce, asked=asked, made_at=now or timezone.now()
    )
    return begun.url, begun.state


def launch_take(*, params: Mapping[str, str], cookies: Mapping[str, str], now: datetime | None = None) -> Launch:
    """Check the message that comes back, and use up its state and nonce: of two that bring the same, one wins.

    Raises:
        LaunchRefused: `state_unknown`, `launch_used`, `cookie_missing` (CookieMissing), `state_mismatch`, `nonce_mismatch`, `launch_invalid`,
        `platform_refused`, `unknown_deployment`. PlatformProblem: its keys cannot be fetched.
    """
    from courseplatform.lti.wire.messages import launch_of

    at = now or timezone.now()
    attempt = _attempt_of(params, at)
    if params.get("error"):
        raise LaunchRefused("The LMS did not sign you in. Sign in there, and open it again.", code="platform_refused")
    if cookies.get(cookie_of(attempt.state)) != attempt.state:
        raise CookieMissing(attempt)
    claims = launch_of(params, {attempt.state: attempt.state}, attempt)
    deployment_id = claims.get(f"{LTI}deployment_id")
    known = Deployment.objects.select_related("platform")
    deployment = known.get(platform=attempt.platform, deployment_id=deployment_id)
    with transaction.atomic():
        if LoginAttempt.objects.filter(pk=attempt.pk, used_at=None).update(used_at=at) != 1:
            raise _used()
        launch = launch_from(claims, deployment, attempt.state)
        launch.save()
    log.info("lti_launch", platform=attempt.platform_id, role=launch.role, is_deep_link=bool(launch.deep_link))
    return launch


def _used() -> LaunchRefused:
    return LaunchRefused("This sign-in was used already. Open Milliamp from the LMS again.", code="launch_used")


def _attempt_of(params: Mapping[str, str], now: datetime) -> LoginAttempt:
    state = params.get("state", "")
    found = LoginAttempt.objects.filter(state=state).select_related("platform").first() if state else None
    if found is None:
        said = "This message of an LMS answers no sign-in that was begun here. Open Milliamp from the LMS again."
        raise LaunchRefused(said, code="state_unknown")
    if found.used_at is not None:
        raise _used()
    if not found.is_open(now) or not found.platform.is_active:
        raise LaunchRefused("This sign-in took too long. Open Milliamp from the LMS again.", code="launch_too_old")
    return found


def launch_get(pk: UUID, *, now: datetime | None = None, is_entered: bool = False) -> Launch:
    """A launch that still waits for its person, or one that has arrived and whose end is open. Raises LinkOver."""
    found = Launch.objects.select_related("deployment__platform", "person").filter(pk=pk, finished_at=None)
    found = found.filter(made_at__gt=(now or timezone.now()) - (KEPT if is_entered else GOOD_FOR))
    launch = found.filter(entered_at__isnull=not is_entered).first()
    if launch is None or not launch.platform.is_active or not launch.deployment.is_active:
        raise LinkOver("It works once and for ten minutes. Open Milliamp from the LMS again.")
    return launch


def launch_use(launch: Launch, field: str) -> None:
    """Set `entered_at` or `finished_at`, once. Raises LinkOver to whoever comes second."""
    now = timezone.now()
    if Launch.objects.filter(pk=launch.pk, **{field: None}).update(**{field: now}) != 1:
        raise LinkOver("It works once and for ten minutes. Open Milliamp from the LMS again.")
    setattr(launch, field, now)


def launches_sweep(*, now: datetime | None = None) -> int:
    """Delete launches that are a day old, with what they told of people. Returns how many. Sign-ins that nobody ended go after an hour:
    whoever knows an issuer can begin any number."""
    at = now or timezone.now()
    LoginAttempt.objects.filter(made_at__lt=at - ATTEMPTS_KEPT).delete()
    return Launch.objects.filter(made_at__lt=at - KEPT).delete()[0]
