"""How the tables are emptied after a test that commits."""

from django.core.management.commands import flush
from django.db.backends.postgresql.operations import DatabaseOperations

whole = DatabaseOperations.sql_flush


def sql_flush(self, style, tables, *, reset_sequences=False, allow_cascade=False):
    """Deletes the rows where there are any: to truncate 150 tables makes 700 files anew, seconds for a test of 0.2 s.

    Neither foreign keys nor the triggers of tables that are only added to are asked, as with TRUNCATE.
    """
    with self.connection.cursor() as cursor:
        cursor.execute("SHOW is_superuser")  # nobody else may leave the triggers out
        is_superuser = cursor.fetchone() == ("on",)
    if reset_sequences or not tables or not is_superuser:
        return whole(self, style, tables, reset_sequences=reset_sequences, allow_cascade=allow_cascade)
    named = [(table, self.quote_name(table)) for table in tables]
    asked = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quoted})" for table, quoted in named)
    with self.connection.cursor() as cursor:
        cursor.execute(asked)
        filled = {row[0] for row in cursor.fetchall()}
    deletes = [f"DELETE FROM {quoted};" for table, quoted in named if table in filled]
    return ["SET LOCAL session_replication_role = replica;", *deletes] if deletes else []


def install():
    """Nothing of ours reads Django's permissions and content types, and to make them all again took ten times as long as to empty the tables."""
    flush.emit_post_migrate_signal = lambda *_, **__: None
    DatabaseOperations.sql_flush = sql_flush
