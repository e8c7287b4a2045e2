"""Who somebody of a provider is here. Known by the provider's own id; the first time by an address that the provider stands for."""

from dataclasses import dataclass

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.accounts.models import AccountMerge, OutsideIdentity, SecurityKind, User
from courseplatform.accounts.names import clean_name
from courseplatform.accounts.security.events import security_event
from courseplatform.accounts.single_sign_on.errors import NotEnrolled, SignInRefused

MOST_CHARACTERS = 255
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Asserted:
    """What a provider says, after it was believed.

    Attributes:
        issuer, subject: who says it, and its own id of the person, which never changes and is never given to somebody else.
        email, is_proven: the address, and whether the provider stands for it.
        is_strong: whether the provider has asked for a second factor. label: what people call the provider.
    """

    issuer: str
    subject: str
    email: str
    is_proven: bool
    name: str
    is_strong: bool
    label: str


@transaction.atomic
def person_arrive(*, said: Asserted) -> User:
    """The account of this person; binds it the first time.

    Raises:
        SignInRefused: `bad_subject`, `no_address`, `address_not_proven`, `account_inactive`, `demo_account`, `other_identity`.
        NotEnrolled.
    """
    if not 0 < len(said.subject) <= MOST_CHARACTERS or len(said.issuer) > MOST_CHARACTERS:
        raise SignInRefused(
            f"The id that {said.label} gives for you cannot be used. Tell its help desk.", code="bad_subject"
        )
    known = OutsideIdentity.objects.filter(issuer=said.issuer, subject=said.subject).select_related("person").first()
    if known is not None:
        person = _remaining(known.person)
        _check_open(person)
        OutsideIdentity.objects.filter(pk=known.pk).update(used_at=timezone.now())
        return person
    return _identity_bind(_owner_of_address(said), said)


def _remaining(person: User) -> User:
    """A joined account is an alias of what it became."""
    merge = AccountMerge.objects.select_related("winner").filter(loser=person).first()
    return merge.winner if merge else person


def _check_open(person: User) -> None:
    if person.is_demo:
        raise SignInRefused("Accounts of the demonstration are opened by one click only.", code="demo_account")
    if not person.is_active:
        raise SignInRefused("Your account here is switched off. Ask an operator of this site.", code="account_inactive")


def _owner_of_address(said: Asserted) -> User:
    if not said.email:
        message = f"{said.label} does not tell us your e-mail address, and by it the staff enrol people. Its administrator lets the address be sent."
        raise SignInRefused(message, code="no_address")
    if not said.is_proven:
        message = f"{said.label} says that your address is {said.email}, and does not stand for it. Ask an operator of this site."
        raise SignInRefused(message, code="address_not_proven")
    owner = User.objects.filter(email=said.email.lower()).first()
    if owner is not None:
        owner = _remaining(owner)
        _check_open(owner)
        return owner
    if not settings.SSO_SIGN_UP:
        message = (
            f"{said.label} has told us that you are {said.email}. Nobody has enrolled this address yet, so there is nothing to show you. "
            "Ask the staff of your course to add it; then sign in again."
        )
        raise NotEnrolled(message, details={"email": said.email})
    return _account_make(said)


def _account_make(said: Asserted) -> User:
    try:
        name = clean_name(said.name)[:120]
    except ValidationError:
        name = said.email.partition("@")[0][:120]
    try:
        with transaction.atomic():
            return User.objects.create_user(email=said.email, name=name)
    except (ValidationError, IntegrityError) as error:
        found = User.objects.filter(email=said.email.lower()).first()  # two tabs at once: the other has made it
        if found is None:
            raise SignInRefused("No account can be made from what was told about you.", code="bad_person") from error
        return found


def _identity_bind(person: User, said: Asserted) -> User:
    """From now on this id opens this account. An account that has another id of the same provider stays with that one.

    That happens where a university gives an address anew: the second owner must not find the work of the first.
    """
    try:
        with transaction.atomic():
            OutsideIdentity.objects.create(
                person=person, issuer=said.issuer, subject=said.subject, email=said.email.lower()
            )
    except IntegrityError as error:
        if OutsideIdentity.objects.filter(issuer=said.issuer, subject=said.subject, person=person).exists():
            return person  # two tabs at once
        message = (
            f"The account {said.email} belongs to somebody else at {said.label}: addresses are sometimes given anew. "
            "Ask an operator of this site."
        )
        raise SignInRefused(message, code="other_identity") from error
    security_event(person=person, kind=SecurityKind.SSO_BOUND, says=f"{said.label} opens this account from now on.")
    log.info("identity_bound", person=person.pk, issuer=said.issuer)
    return person
