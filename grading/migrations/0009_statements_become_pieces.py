"""A collaboration statement is a part like others: its rows become pieces. Back again too."""

from hashlib import sha256

from django.db import migrations


def forwards(apps, schema_editor):
    statement, piece = apps.get_model("grading", "Statement"), apps.get_model("grading", "Piece")
    newest = {}
    for row in statement.objects.order_by("saved_at", "pk"):
        owner = (row.assignment_id, row.team_id, None if row.team_id else row.person_id)
        if owner in newest:
            piece.objects.filter(pk=newest[owner]).update(removed_at=row.saved_at)
        newest[owner] = piece.objects.create(
            assignment_id=row.assignment_id, person_id=row.person_id, team_id=row.team_id, part="statement", kind="statement",
            text=row.text, sha256=sha256(row.text.encode()).hexdigest(), saved_at=row.saved_at,
        ).pk  # fmt: skip


def backwards(apps, schema_editor):
    statement, piece = apps.get_model("grading", "Statement"), apps.get_model("grading", "Piece")
    for row in piece.objects.filter(part="statement").order_by("saved_at"):
        made = statement.objects.create(
            assignment_id=row.assignment_id, person_id=row.person_id, team_id=row.team_id, text=row.text
        )
        statement.objects.filter(pk=made.pk).update(saved_at=row.saved_at)
        row.delete()


class Migration(migrations.Migration):
    dependencies = [("grading", "0008_parts_and_pieces")]
    operations = [migrations.RunPython(forwards, backwards)]
