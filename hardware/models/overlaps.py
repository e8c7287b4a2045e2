"""Ranges of time that must not overlap, as a constraint of PostgreSQL. Other databases have none: there a lock alone keeps it so."""

from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Deferrable, Func, Q


class Range(Func):
    """[from, until) of two columns; no end is open."""

    function = "tstzrange"
    output_field = DateTimeRangeField()


class NoOverlap(ExclusionConstraint):
    """Rows with the same `same` never overlap in [from_at, until_at). Deferred, so that one transaction may swap."""

    def __init__(self, *, name: str, same: str, condition: Q) -> None:
        self.same = same
        super().__init__(
            name=name, expressions=[(same, RangeOperators.EQUAL), (Range("from_at", "until_at"), RangeOperators.OVERLAPS)],
            condition=condition, deferrable=Deferrable.DEFERRED,
        )  # fmt: skip

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        path, args, _ = super().deconstruct()
        return path, args, {"name": self.name, "same": self.same, "condition": self.condition}

    def constraint_sql(self, model: Any, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        if not _can(schema_editor):
            return ""
        _with_equality(schema_editor)
        return super().constraint_sql(model, schema_editor)

    def create_sql(self, model: Any, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        if not _can(schema_editor):
            return ""
        _with_equality(schema_editor)
        return super().create_sql(model, schema_editor)

    def remove_sql(self, model: Any, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        return super().remove_sql(model, schema_editor) if _can(schema_editor) else ""

    def check(self, model: Any, connection: Any) -> list[Any]:
        return []

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Services plan and the database refuses; a form of a single row has nothing to say about others."""


def _can(schema_editor: BaseDatabaseSchemaEditor | None) -> bool:
    return schema_editor is not None and schema_editor.connection.vendor == "postgresql"


def _with_equality(schema_editor: BaseDatabaseSchemaEditor | None) -> None:
    """GiST compares keys for equality through this extension. It is trusted since PostgreSQL 13: the owner of the database may create it."""
    if schema_editor is not None:
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
