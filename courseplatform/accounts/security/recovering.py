"""What operators do for somebody who cannot get in: each with a reason, kept, and told to the person."""

import structlog
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext

from courseplatform.accounts.models import OutsideIdentity, SecurityKind, User
from courseplatform.accounts.security.events import security_event
from courseplatform.accounts.sessions import sessions_end
from courseplatform.core.errors import BadInput, Conflict, Forbidden, NotHere
from courseplatform.core.mails import letter

log = structlog.get_logger(__name__)


def account_of(email: str) -> User:
    """Raises NotHere (`no_such_account`)."""
    found = User.objects.filter(email=email.strip().lower()[:254].replace("\x00", "")).first()
    if found is None:
        raise NotHere(f"No account has the address {email.strip()[:80] or '(empty)'}.", code="no_such_account")
    return found


def _check(person: User, by: str, why: str) -> str:
    """The reason. Raises BadInput (`no_reason`), Forbidden (`demo_account`, `own_account`)."""
    if person.is_demo:
        raise Forbidden("Accounts of the demonstration are as they are.", code="demo_account")
    if person.email == by:
        raise Forbidden(
            "This is your own account. Another operator does that, or the command on the server.", code="own_account"
        )
    if not why.strip():
        raise BadInput("Write why: it stays in the record, and the person reads it.", code="no_reason")
    return why.strip()[:300]


@transaction.atomic
def factors_reset(*, person: User, by: str, why: str) -> int:
    """Remove every second factor of a person, and sign them out everywhere. Returns how many there were.

    Raises as `_check`; Conflict (`no_factor`).
    """
    why = _check(person, by, why)
    count: int = Authenticator.objects.filter(user=person).delete()[0]
    if not count:
        raise Conflict(f"{person.email} has no second factor.", code="no_factor")
    sessions_end(person=person)
    security_event(person=person, kind=SecurityKind.FACTOR_RESET, by=by, why=why)
    log.warning("factors_reset", person=person.pk, by=by)
    return count


@transaction.atomic
def address_change(*, person: User, email: str, by: str, why: str) -> User:
    """Another address for an account. Both addresses get a mail; links for a new password to the old one open nothing any more.

    Raises as `_check`; BadInput (`bad_address`); Conflict (`address_taken`).
    """
    why, old, new = _check(person, by, why), person.email, email.strip().lower()
    try:
        validate_email(new)
    except ValidationError as error:
        raise BadInput(f"{new[:80] or '(empty)'} is no e-mail address.", code="bad_address") from error
    try:
        with transaction.atomic():
            User.objects.filter(pk=person.pk).update(email=new)
    except IntegrityError as error:
        raise Conflict(
            f"{new} is the address of another account. Join the two accounts instead.", code="address_taken"
        ) from error
    person.refresh_from_db()
    sessions_end(person=person)
    security_event(person=person, kind=SecurityKind.ADDRESS, says=f"From {old} to {new}.", by=by, why=why)
    transaction.on_commit(lambda: _tell_old_address(old, new))
    log.warning("address_changed", person=person.pk, by=by)
    return person


def _tell_old_address(old: str, new: str) -> None:
    """The new one hears by its notification. A mail server that is away loses this copy; the event itself stands."""
    subject = gettext("Milliamp: the address of your account was changed")
    try:
        letter("accounts/email/old_address", {"new": new}, subject=subject, to=old).send()
    except OSError as error:
        log.exception("old_address_not_told", why=type(error).__name__)


@transaction.atomic
def identity_release(*, person: User, identity: int, by: str, why: str) -> OutsideIdentity:
    """Single sign-on opens this account no more, until it finds it by the address again. Raises as `_check`; NotHere."""
    why = _check(person, by, why)
    found = OutsideIdentity.objects.filter(person=person, pk=identity).first()
    if found is None:
        raise NotHere("This single sign-on is disconnected already.")
    OutsideIdentity.objects.filter(pk=found.pk).delete()
    sessions_end(person=person)
    security_event(
        person=person,
        kind=SecurityKind.SSO_RELEASED,
        says=f"{found.issuer} opens this account no more.",
        by=by,
        why=why,
    )
    return found


@transaction.atomic
def operator_switch(*, person: User, on: bool, by: str, why: str) -> None:
    """Make somebody an operator, or end that; signs them out everywhere. Raises as `_check`."""
    why = _check(person, by, why)
    User.objects.filter(pk=person.pk).update(is_operator=on)
    person.refresh_from_db()
    sessions_end(person=person)
    security_event(
        person=person,
        kind=SecurityKind.OPERATOR,
        says="You are one now." if on else "You are none any more.",
        by=by,
        why=why,
    )
