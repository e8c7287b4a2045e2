"""Which LMS is believed: decided by operators, never by a course."""

from typing import Any

import structlog
from django.db import IntegrityError, transaction

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.lti.models import Deployment, Platform

log = structlog.get_logger(__name__)


@transaction.atomic
def platform_save(*, person: User, facts: dict[str, Any], platform: Platform | None = None) -> Platform:
    """Add a platform, or change what is known of one. Raises Conflict (`platform_known`)."""
    row = platform or Platform(made_by=person.email[:120])
    for name, value in facts.items():
        setattr(row, name, value)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise Conflict("A platform with this issuer and client id is here already.", code="platform_known") from error
    log.info("lti_platform_saved", platform=row.pk, by=person.pk)
    return row


def platform_switch(*, person: User, platform: Platform, on: bool) -> None:
    """Off: nobody comes in from there and nothing is sent there, until it is on again."""
    Platform.objects.filter(pk=platform.pk).update(is_active=on)
    log.info("lti_platform_switched", platform=platform.pk, on=on, by=person.pk)


def deployment_add(*, platform: Platform, deployment_id: str) -> Deployment:
    """Raises BadInput (`deployment_missing`) or Conflict (`deployment_known`)."""
    found = " ".join(deployment_id.replace("\x00", "").split())
    if not found or len(found) > 255:
        raise BadInput(
            "Paste the deployment id as the LMS shows it.",
            code="deployment_missing",
            details={"field": "deployment_id"},
        )
    row, is_new = Deployment.objects.get_or_create(platform=platform, deployment_id=found)
    if not is_new and row.is_active:
        raise Conflict("This deployment is here already.", code="deployment_known")
    Deployment.objects.filter(pk=row.pk).update(is_active=True)
    return row


def deployment_switch(*, platform: Platform, pk: int, on: bool) -> None:
    Deployment.objects.filter(platform=platform, pk=pk).update(is_active=on)
