"""Grades that are released to some, with their spread or without; to whom, and who was told. Taking back has a reason."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("grading", "0035_passback"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="statistics_shown",
            field=models.BooleanField(
                default=False,
                help_text="students see how the released grades are spread, where a release says nothing else",
            ),
        ),
        migrations.AddField(
            model_name="graderelease",
            name="is_mailed",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="graderelease",
            name="is_partial",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="graderelease",
            name="made_with",
            field=models.UUIDField(blank=True, editable=False, null=True, unique=True),
        ),
        migrations.AddField(
            model_name="graderelease",
            name="reason",
            field=models.CharField(blank=True, max_length=4000),
        ),
        migrations.AddField(
            model_name="graderelease",
            name="statistics_shown",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="graderelease",
            name="words",
            field=models.TextField(blank=True, help_text="Markdown"),
        ),
        migrations.AddField(
            model_name="graderelease",
            name="works",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="ReleasedTo",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since_at", models.DateTimeField()),
                ("is_due", models.BooleanField(default=True)),
                ("told_at", models.DateTimeField(blank=True, null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "release",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="people", to="grading.graderelease"
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_due", True)), fields=["release", "id"], name="released_and_not_told"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("release", "person"), name="released_once_to_a_person")
                ],
            },
        ),
    ]
