"""Whose work it is: a person's own, or a team's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from courseplatform.accounts.models import User
from courseplatform.core.prepared import Kind, Prepared
from courseplatform.teams.models import Membership, Team

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Owner:
    """Whose attempt it is: the team where there is one, else the person. `person` is who acts."""

    person: User
    team: Team | None = None

    def __str__(self) -> str:
        return str(self.team or self.person)

    @property
    def key(self) -> str:
        """Who it is in the line, which is fair between owners (hardware/line.py)."""
        return f"team:{self.team.pk}" if self.team else f"person:{self.person.pk}"


def of_owner(owner: Owner) -> Q:
    """Rows with `team` and `person` that belong to one owner."""
    return Q(team=owner.team) if owner.team else Q(team=None, person=owner.person)


def of_person(person: User, moment: str) -> Q:
    """Rows that a person may see as theirs: their own, those of the team they are in now, and those of any team from while they were in
    it. `moment`: the field that says when a row came about."""
    here = Membership.objects.filter(team=OuterRef("team"), person=person)
    was_in = here.filter(since_at__lte=OuterRef(moment)).filter(Q(until_at=None) | Q(until_at__gt=OuterRef(moment)))
    return Q(team=None, person=person) | Q(Exists(was_in)) | Q(Exists(here.filter(until_at=None)))


class PreparedOfOwner(Generic[Row]):
    """A `Prepared` for rows of one owner, whose query has two shapes: build(those of the owner, **values)."""

    def __init__(self, build: Callable[..., QuerySet[Row]], **kinds: Kind) -> None:
        self._of_team = Prepared(lambda owner, **values: build(Q(team=owner), **values), owner=int, **kinds)
        self._of_person = Prepared(
            lambda owner, **values: build(Q(team=None, person=owner), **values), owner=int, **kinds
        )

    def __call__(self, owner: Owner, **values: Any) -> QuerySet[Row]:
        if owner.team:
            return self._of_team(owner=owner.team.pk, **values)
        return self._of_person(owner=owner.person.pk, **values)
