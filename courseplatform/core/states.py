"""One way to change a status: a conditional update on the old status; the row count says who won.

Each machine is data: a `TextChoices` with its legal moves. Each move leaves a row in the machine's move table,
written in the same transaction as the change, so history pages and audits read rows and not logs.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models, transaction

from courseplatform.core.append_only import AppendOnly
from courseplatform.core.errors import IllegalMove

RowT = TypeVar("RowT", bound=models.Model)
Moves = Mapping[str, frozenset[str]]


class MoveRow(AppendOnly):
    """Base of the history of one machine: who moved it, from what, to what, why and when.

    A subclass adds the foreign key `subject`. `by` is a short text ("worker bench@host", an e-mail address, "sweep"):
    history must outlive the account or the worker that made it.
    """

    moved_from = models.CharField(max_length=24)
    moved_to = models.CharField(max_length=24)
    by = models.CharField(max_length=120)
    why = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ("at", "pk")


def move(
    row: RowT,
    *,
    moves: Moves,
    to: str,
    by: str,
    why: str = "",
    history: type[MoveRow] | None = None,
    guard: Mapping[str, Any] | None = None,
    **changes: Any,
) -> RowT:
    """Move `row.status` to `to`, together with `changes`, if the row in the database still has the status (and guard) we saw.

    Args:
        row: an instance with a `status` field; refreshed in place when the move wins.
        moves: legal moves, old status -> new statuses.
        guard: further columns that must still hold these values, for example the attempt number that fences a lease.

    Raises:
        IllegalMove: code `illegal_move` when the table forbids it, `lost_race` when another process moved the row
        first.
    """
    old = str(row.status)  # type: ignore[attr-defined]
    if to not in moves.get(old, frozenset()):
        raise IllegalMove(_not_from_here(row, to), details={"from": old, "to": to})
    # Of a row that inherits its status, the table that has it: asked of the child's, Django first reads which rows hold the old status and
    # then changes those by their keys, and two that do it at once both win.
    model = row._meta.get_field("status").model
    with transaction.atomic():
        won = model._default_manager.filter(pk=row.pk, status=old, **(guard or {})).update(status=to, **changes)
        if won != 1:
            said = f"Somebody else was faster with this {row._meta.verbose_name}. Load the page again."
            raise IllegalMove(said, code="lost_race")
        if history is not None:
            row_of_move: dict[str, Any] = {"subject_id": row.pk, "moved_from": old, "moved_to": to}
            history._default_manager.create(**row_of_move, by=by[:120], why=why[:300])
    for name, value in {"status": to, **changes}.items():
        setattr(row, name, value)
    return row


def _not_from_here(row: models.Model, to: str) -> str:
    """The refusal in the words of pages: mostly somebody pressed a button of a page that is older than the status."""
    field: Any = row._meta.get_field("status")
    words = dict(field.flatchoices)
    is_now, wanted = (str(words.get(one, one)).lower() for one in (row.status, to))  # type: ignore[attr-defined]
    return f"This {row._meta.verbose_name} is {is_now} now, so it cannot become {wanted}. Load the page again to see what is possible."
