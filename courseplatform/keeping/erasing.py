"""Deleting a person: the account stays as a former student without a name, so that grades of a team and histories keep their sense."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from courseplatform.accounts.erasing import erasers, goes_whole
from courseplatform.accounts.merging import label_of, references
from courseplatform.accounts.models import User
from courseplatform.accounts.sessions import sessions_end
from courseplatform.audit.models import Act, AuditRow
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.models import STAFF, Enrolment
from courseplatform.keeping.models import DeletionRequest
from courseplatform.keeping.sets.manifest import Manifest

NOWHERE = "deleted.invalid"  # a domain that no mail reaches, RFC 2606
LEDGER = "erased.txt"  # SHA-256 of the addresses, a line each: a restore deletes these people once more
log = structlog.get_logger(__name__)


@dataclass
class Erased:
    name: str
    said: list[str] = field(default_factory=list)


class _Undo(Exception):
    pass


def person_erase_preview(*, person: User) -> Erased:
    """What `person_erase` would do: it is done, and taken back. Raises as it does."""
    found = Erased("")
    try:
        with transaction.atomic():
            found = _erase(person)
            raise _Undo
    except _Undo:
        return found


@transaction.atomic
def person_erase(*, person: User, by: str, why: str) -> Erased:
    """Delete what is the person's alone, and put a name that says nothing in the place of theirs. There is no way back but a backup.

    Whether `by` may do this is asked before. Raises:
        Conflict: `erased_already`, `still_staff`: staff are taken out of their courses first. BadInput: `no_reason`.
    """
    if not why.strip():
        raise BadInput("Write why: it stays in the record.", code="no_reason")
    address = person.email
    found = _erase(person)
    AuditRow.objects.create(
        actor=by, act=Act.CHANGED, what=f"Deleted an account, now {found.name}: {why.strip()}"[:200], about=person
    )
    transaction.on_commit(lambda: _write_down(address))
    log.warning("person_erased", person=person.pk, by=by)
    return found


def _erase(person: User) -> Erased:
    person = User.objects.select_for_update().get(pk=person.pk)
    _check(person)
    name = f"Former student {hashlib.sha256(f'{settings.SECRET_KEY} {person.pk}'.encode()).hexdigest()[:8]}"
    found, address = Erased(name), person.email
    for eraser in erasers():
        found.said += eraser(person, name)
    sessions_end(person=person)
    found.said += _rows_go(person)
    new = f"{name.lower().replace(' ', '-')}@{NOWHERE}"
    found.said += _address_goes(address, new)
    DeletionRequest.objects.filter(person=person, ended_at=None).update(ended_at=timezone.now())
    person.set_unusable_password()
    User.objects.filter(pk=person.pk).update(
        email=new, name=name, zone="", is_active=False, is_operator=False, password=person.password, last_login=None, tours_seen=[],
    )  # fmt: skip
    Enrolment.objects.filter(person=person, is_active=True).update(is_active=False, left_at=timezone.now())
    found.said.append(f"The account is closed and called {name}. Grades and work of teams stay under that name.")
    return found


def _check(person: User) -> None:
    if person.email.endswith(f"@{NOWHERE}"):
        raise Conflict("This account was deleted already.", code="erased_already")
    if person.is_operator or Enrolment.objects.filter(person=person, role__in=STAFF, is_active=True).exists():
        said = "This account belongs to the staff of a course or to an operator. Take it out of that first: what staff did must have a name."
        raise Conflict(said, code="still_staff")


def _rows_go(person: User) -> list[str]:
    said = []
    for reference in references(User):
        if goes_whole(label_of(reference)):
            count = reference.model._base_manager.filter(**{reference.name: person}).delete()[0]
            names = reference.model._meta
            if count:
                said.append(
                    f"{count} {names.verbose_name_plural} are deleted."
                    if count > 1
                    else f"1 {names.verbose_name} is deleted."
                )
    return said


def _address_goes(old: str, new: str) -> list[str]:
    """Histories name people by their address, in a column of text: any that holds exactly this one."""
    count = 0
    for model in apps.get_models():
        if model is User or model._meta.proxy or not model._meta.managed:
            continue
        for one in model._meta.local_concrete_fields:
            if isinstance(one, models.CharField) and not one.choices and (one.max_length or 0) >= len(old):
                count += model._base_manager.filter(**{one.name: old}).update(**{one.name: new[: one.max_length]})
    return [f"The address is replaced in {count} lines of histories."] if count else []


def _ledger() -> Path:
    return Path(settings.DATA_DIR) / LEDGER


def _mark(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()


def _write_down(address: str) -> None:
    with _ledger().open("a", encoding="ascii") as file:
        file.write(f"{_mark(address)}\n")


def erased_again(manifest: Manifest) -> str:
    """After a restore: whoever was deleted since that set was made is deleted once more."""
    if not _ledger().exists():
        return ""
    marks, count = set(_ledger().read_text(encoding="ascii").split()), 0
    for person in User.objects.exclude(email__endswith=f"@{NOWHERE}").order_by("pk"):
        if _mark(person.email) in marks:
            try:
                with transaction.atomic():
                    _erase(person)
            except Conflict as error:
                log.warning("not_erased_again", person=person.pk, why=error.code)
                continue
            count += 1
    return f"{count} people who were deleted after this set are deleted once more." if count else ""
