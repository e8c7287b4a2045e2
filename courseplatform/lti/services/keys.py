"""The key pair of this site: made here, kept sealed, turned over without an outage."""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from courseplatform.core.errors import Unavailable
from courseplatform.lti.models import ToolKey

STAYS = timedelta(days=30)  # a retired key in the key set: platforms keep what they read for hours, some for days
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class OpenKey:
    """A pair that can sign. Never logged: repr shows no key."""

    kid: str
    public: str
    private: str

    def __repr__(self) -> str:
        return f"OpenKey({self.kid})"


def _seal() -> Fernet:
    """Follows from SECRET_KEY: a copy of the table alone opens nothing. Whoever changes the secret makes new keys."""
    return Fernet(base64.urlsafe_b64encode(sha256(b"milliamp lti keys\x00" + settings.SECRET_KEY.encode()).digest()))


def key_make(*, now: datetime | None = None) -> ToolKey:
    """A new pair, with which we sign from now on."""
    from courseplatform.lti.wire.keys import pair

    private, public, kid = pair()
    sealed = _seal().encrypt(private.encode()).decode()
    return ToolKey.objects.create(kid=kid, public=public, private=sealed, made_at=now or timezone.now())


@transaction.atomic
def key_rotate(*, by: str, now: datetime | None = None) -> ToolKey:
    """A new pair in the place of all that are there; those stay in the key set for STAYS."""
    at = now or timezone.now()
    made = key_make(now=at)
    ToolKey.objects.filter(retired_at=None).exclude(pk=made.pk).update(retired_at=at)
    ToolKey.objects.filter(retired_at__lt=at - STAYS).delete()
    log.info("lti_key_rotated", kid=made.kid, by=by)
    return made


def signing_key() -> OpenKey:
    """Raises Unavailable (`lti_key_sealed`): it was sealed with another SECRET_KEY."""
    row = ToolKey.objects.filter(retired_at=None).first() or key_make()
    try:
        return OpenKey(row.kid, row.public, _seal().decrypt(row.private.encode()).decode())
    except InvalidToken as error:
        said = "The key of this site cannot be opened, because SECRET_KEY was changed. An operator makes a new one on the page LMS."
        raise Unavailable(said, code="lti_key_sealed") from error


def key_set() -> dict[str, Any]:
    """The public halves, as platforms fetch them."""
    from courseplatform.lti.wire.keys import public_jwk

    if not ToolKey.objects.filter(retired_at=None).exists():
        key_make()
    rows = [row for row in ToolKey.objects.all() if row.retired_at is None or row.retired_at > timezone.now() - STAYS]
    return {"keys": [public_jwk(row.public) for row in rows]}
