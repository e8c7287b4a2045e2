"""Two accounts of one person become one: everything that points to the loser is moved to the winner, whichever app it belongs to.

What points to an account is asked of Django's models, so that no table can be forgotten. Where a uniqueness forbids to move a row, the
decision is explicit: an app registers it with `decide`, and tests/courseplatform/roster/test_merge.py refuses a model without one.
Nothing is deleted. A row that cannot move stays with the alias, and the preview says so.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from courseplatform.accounts.models import AccessToken, AccountMerge, User
from courseplatform.accounts.sessions import sessions_end
from courseplatform.core.errors import BadInput, Conflict


@dataclass
class Report:
    """What a merge does, in sentences: what was moved, and what is left where it is or decided otherwise."""

    moved: list[str] = field(default_factory=list)
    decided: list[str] = field(default_factory=list)


# Called with the old object, the new one, the rows of the old one that collide, and the report. Returns the rows that are moved after all.
Decision = Callable[[Any, Any, list[Any], Report], list[Any]]
DECISIONS: dict[str, Decision] = {}
# Called with the winner once everything has moved, in the transaction of the merge: for what is counted from rows that have moved.
AFTERWARDS: list[Callable[[User], None]] = []


def decide(reference: str, decision: Decision) -> None:
    """Say what happens to rows of `app.Model.field` that collide with one of the winner's."""
    DECISIONS[reference] = decision


def stay(why: str) -> Decision:
    """The usual decision: the winner's row holds, the other stays with the alias."""

    def decision(old: Any, new: Any, rows: list[Any], report: Report) -> list[Any]:
        report.decided.append(f"{len(rows)} {_words(type(rows[0]), len(rows))} stay with the joined account: {why}.")
        return []

    return decision


decide("accounts.AccessToken.person", stay("a token of this name is there already"))
decide("accounts.OutsideIdentity.person", stay("the remaining account has its own single sign-on"))
decide("mfa.Authenticator.user", stay("the remaining account has a second factor of its own"))


def references(model: type[models.Model]) -> Iterator[models.ForeignKey[Any, Any]]:
    """Every foreign key of any model to `model`, also those of hidden tables between two models. Proxies and parents add none twice."""
    seen = set()
    for relation in model._meta.get_fields(include_hidden=True):
        found = getattr(relation, "field", None)
        if relation.auto_created and not relation.concrete and isinstance(found, models.ForeignKey):
            key = (found.model._meta.label, found.name)
            if key not in seen:
                seen.add(key)
                yield found


def label_of(reference: "models.ForeignKey[Any, Any]") -> str:
    return f"{reference.model._meta.label}.{reference.name}"


def uniques_of(reference: "models.ForeignKey[Any, Any]") -> list[tuple[list[str], Q | None]]:
    """The uniquenesses that a move could break: the other fields of each, and its condition."""
    meta = reference.model._meta
    found: list[tuple[list[str], Q | None]] = [([], None)] if reference.unique else []
    groups: list[tuple[list[str], Q | None]] = [(list(names), None) for names in meta.unique_together]
    groups += [
        ([*one.fields, *_names_in(one.expressions)], one.condition)
        for one in meta.constraints
        if isinstance(one, models.UniqueConstraint)
    ]
    found += [
        ([n for n in names if n != reference.name], condition) for names, condition in groups if reference.name in names
    ]
    return found


def _names_in(expressions: Any) -> list[str]:
    return [str(getattr(part, "name", "")) for one in expressions for part in one.flatten() if isinstance(part, F)]


def is_link_table(reference: "models.ForeignKey[Any, Any]") -> bool:
    """The table behind a many-to-many field: a row says only that two things belong together, so a second one adds nothing."""
    return bool(reference.model._meta.auto_created)


def rows_move(old: models.Model, new: models.Model, report: Report) -> None:
    """Point everything that points to `old` to `new`, in the transaction of the caller."""
    for reference in references(type(old)):
        if label_of(reference) != "accounts.AccountMerge.loser":
            _move_one(reference, old, new, report)


def _move_one(reference: "models.ForeignKey[Any, Any]", old: models.Model, new: models.Model, report: Report) -> None:
    manager = reference.model._base_manager
    rows = list(manager.filter(**{reference.name: old}))
    if not rows:
        return
    colliding = [row for row in rows if _collides(reference, row, new)]
    free = [row for row in rows if row not in colliding]
    if colliding and not is_link_table(reference):
        decision = DECISIONS.get(label_of(reference), stay("the remaining account has one of its own"))
        free += decision(old, new, colliding, report)
    for (
        row
    ) in free:  # one by one: two rows of the old account may collide with each other only after the first has moved
        manager.filter(pk=row.pk).update(**{reference.name: new})
    if free and not is_link_table(reference):
        report.moved.append(f"{len(free)} {_words(reference.model, len(free))}")


def _collides(reference: "models.ForeignKey[Any, Any]", row: models.Model, new: models.Model) -> bool:
    manager = reference.model._base_manager
    for names, condition in uniques_of(reference):
        values = {name: getattr(row, reference.model._meta.get_field(name).attname) for name in names}  # type: ignore[union-attr]
        if any(value is None for value in values.values()):
            continue
        where = condition or Q()
        if not manager.filter(where, pk=row.pk).exists():
            continue
        if manager.filter(where, **values, **{reference.name: new}).exists():
            return True
    return False


def _words(model: type[models.Model], count: int) -> str:
    return str(model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural)


class _Undo(Exception):
    pass


def account_merge_preview(*, winner: User, loser: User) -> Report:
    """What `account_merge` would do: it is done, and taken back. Raises as `account_merge`."""
    report = Report()
    try:
        with transaction.atomic():
            report = _merge(winner, loser)
            raise _Undo
    except _Undo:
        return report


@transaction.atomic
def account_merge(*, winner: User, loser: User, by: str, why: str = "") -> AccountMerge:
    """Make one account of two. The loser stays as an inactive alias of the winner; its sessions end.

    Whether `by` may do this is asked before. Raises:
        BadInput: `same_account`. Conflict: `account_inactive`, `demo_and_real`.
    """
    report = _merge(winner, loser)
    return AccountMerge.objects.create(winner=winner, loser=loser, by=by[:120], why=why[:300], moved=report.moved + report.decided)  # fmt: skip


def _merge(winner: User, loser: User) -> Report:
    _check(*_locked(winner, loser))
    report = Report()
    _end_tokens(loser, report)
    sessions_end(person=loser)
    rows_move(loser, winner, report)
    for count_again in AFTERWARDS:
        count_again(winner)
    loser.is_active = False
    loser.set_unusable_password()
    loser.save(update_fields=["is_active", "password"])
    if loser.is_operator and not winner.is_operator:
        report.decided.append("The rights of an operator are not carried over.")
    return report


def _end_tokens(loser: User, report: Report) -> None:
    """A program that was let in to one account is not let in to the other by joining them. The rows move as history."""
    ended = AccessToken.objects.filter(person=loser, revoked_at__isnull=True).update(revoked_at=timezone.now())
    if ended:
        report.decided.append(f"{ended} access {'token' if ended == 1 else 'tokens'} of the joined account revoked.")


def _locked(winner: User, loser: User) -> tuple[User, User]:
    """Both accounts as they are now, locked in one order, so that two merges at once wait for each other."""
    found = {person.pk: person for person in User.objects.select_for_update().filter(pk__in=[winner.pk, loser.pk]).order_by("pk")}  # fmt: skip
    return found[winner.pk], found[loser.pk]


def _check(winner: User, loser: User) -> None:
    if winner.pk == loser.pk:
        raise BadInput("Both addresses are the same account: there is nothing to join.", code="same_account")
    for person in (winner, loser):
        if not person.is_active:
            raise Conflict(
                f"The account {person.email} is switched off or was joined already. Nothing was changed.",
                code="account_inactive",
            )
    if winner.is_demo != loser.is_demo:
        raise Conflict("An account of the demonstration and a real one stay apart.", code="demo_and_real")
