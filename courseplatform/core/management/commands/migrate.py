"""`manage.py migrate`, which makes the tables of an empty database at once: the end of all migrations, without the way there.

Django renders every model that is related to a changed one before each operation, and here all are related to a person and a course: a
first start spent most of its time on a history that had happened nowhere. What has tables is migrated step by step, as ever.
"""

from contextlib import nullcontext
from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model

from courseplatform.core.kept import nobody_told
from courseplatform.core.models import PlanChange

# What a caller may say and still mean "everything, as it is now".
NOT_ALL = ("app_label", "migration_name", "fake", "fake_initial", "plan", "check_unapplied", "run_syncdb", "prune")


class Command(Migrate):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--each-step", action="store_true", help="apply every migration, also to an empty database")

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        if not options["each_step"] and not any(options.get(name) for name in NOT_ALL):
            connection.prepare_database()
            if not connection.introspection.table_names():
                _create(connection)
        has_changes = PlanChange._meta.db_table in connection.introspection.table_names()
        # Steps older than that table write rows of quiet tables.
        with nullcontext() if has_changes else nobody_told(connection):
            super().handle(*args, **options)  # nothing may be left to apply, but what follows a migration follows


def _create(connection: BaseDatabaseWrapper) -> None:
    """All tables and the names of all migrations in one transaction: killed within, the database is empty as before."""
    loader = MigrationLoader(connection)
    recorded = MigrationRecorder(connection).Migration
    models: list[type[Model]] = [recorded, *loader.project_state().apps.get_models()]
    with connection.schema_editor() as editor:
        for model in models:
            if model._meta.can_migrate(connection) and router.allow_migrate_model(connection.alias, model):
                editor.create_model(model)
        names = [*loader.graph.nodes, *loader.replacements]
        recorded.objects.using(connection.alias).bulk_create(
            recorded(app=app, name=name) for app, name in dict.fromkeys(names)
        )
