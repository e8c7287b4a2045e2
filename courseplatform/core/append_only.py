"""Rows that are only ever added: ledgers, histories, what was said of a grade. A correction is another row."""

from typing import Any, ClassVar, NoReturn

from django.db import models

from courseplatform.core.errors import Conflict


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Joining two accounts, and a demo that dates its rows, write through the base manager; so does the database's own cascade."""

    def update(self, **changes: Any) -> NoReturn:
        raise self.model.refusal("changed")

    def delete(self) -> NoReturn:
        raise self.model.refusal("deleted")


class AppendOnly(models.Model):
    """`kept` names a row at the beginning of the sentence with which a change is refused (Conflict, `append_only`)."""

    kept: ClassVar[str] = "What was recorded"

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise self.refusal("changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise self.refusal("deleted")

    @classmethod
    def refusal(cls, what: str) -> Conflict:
        return Conflict(f"{cls.kept} is never {what}; write another line.", code="append_only")
