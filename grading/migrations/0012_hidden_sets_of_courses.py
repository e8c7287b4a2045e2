import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("courses", "0003_calendar_sequences"),
        ("grading", "0011_drafts"),
    ]

    operations = [
        migrations.AddField(
            model_name="hiddenset",
            name="course",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="hidden_sets",
                to="courses.course",
            ),
        ),
        migrations.AddField(
            model_name="hiddenset",
            name="facts",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="hiddenset",
            name="made_by",
            field=models.CharField(blank=True, help_text="text, because history outlives accounts", max_length=254),
        ),
    ]
