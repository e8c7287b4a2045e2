"""An empty database gets its tables at once: the same tables, constraints and rows as by every step of the way."""

import json
import os
import subprocess
import sys
from contextlib import closing

import psycopg2
import pytest
from django.apps import apps
from django.db.migrations.loader import MigrationLoader

from tests import parts

WHOLE_SCHEMA = """
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
import json

found = {}
with connection.cursor() as cursor:
    for table in connection.introspection.table_names(cursor):
        described = connection.introspection.get_table_description(cursor, table)
        columns = sorted([c.name, c.type_code, c.display_size, c.internal_size, c.precision, c.null_ok, c.default] for c in described)
        held = connection.introspection.get_constraints(cursor, table)
        # An index that a UNIQUE in its column made is named otherwise than one that a later step added.
        constraints = sorted(json.dumps(rule, sort_keys=True, default=str) for rule in held.values())
        named = sorted(name for name, rule in held.items() if not rule["unique"])
        cursor.execute(f'SELECT count(*) FROM "{table}"')
        rows = cursor.fetchone()[0]
        found[table] = {"columns": columns, "constraints": constraints, "named": named, "rows": None if table == "django_migrations" else rows}
found["migrations"] = sorted(map(list, MigrationRecorder(connection).applied_migrations()))
print(json.dumps(found))
"""


def manage(url, folder, *arguments, said=""):
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=parts.ROOT, input=said, capture_output=True, text=True, check=False,
        env={key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
        | {"DATABASE_URL": url, "DATA_DIR": str(folder), "SECRET_KEY": "k" * 50, "BROKER_URL": parts.REDIS, "SITE_URL": "http://localhost"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def schema_made(folder, *options):
    """table -> what the database says of it, of an empty database that was migrated."""
    with closing(psycopg2.connect(parts.POSTGRES)) as admin:
        admin.autocommit = True
        database = f"milliamp_migrate_{os.getpid()}"
        admin.cursor().execute(f"CREATE DATABASE {database}")
        try:
            url = f"{parts.POSTGRES.rsplit('/', 1)[0]}/{database}"
            manage(url, folder, "migrate", "-v0", *options)
            manage(url, folder, "migrate", "--check")
            return json.loads(manage(url, folder, "shell", "-v0", said=WHOLE_SCHEMA).splitlines()[-1])
        finally:
            admin.cursor().execute(f"DROP DATABASE {database} WITH (FORCE)")


@pytest.mark.part("postgresql")
def test_an_empty_database_gets_all_tables_at_once_and_each_step_counts_as_taken(tmp_path):
    made = schema_made(tmp_path)
    assert made.keys() >= {one._meta.db_table for one in apps.get_models() if one._meta.managed}
    assert set(map(tuple, made["migrations"])) >= MigrationLoader(None).disk_migrations.keys()


@pytest.mark.whole
@pytest.mark.part("postgresql")
def test_both_ways_end_at_the_same_tables_and_rows(tmp_path):
    at_once, each_step = schema_made(tmp_path), schema_made(tmp_path, "--each-step")
    assert len(each_step) > 100
    assert at_once.keys() == each_step.keys()
    assert {name: (ours, each_step[name]) for name, ours in at_once.items() if ours != each_step[name]} == {}
