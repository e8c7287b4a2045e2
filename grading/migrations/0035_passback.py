"""Scores for the LMS: which assignments are sent, what waits for whom, and each try."""

import datetime

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("grading", "0034_book_exports"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Passback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_on", models.BooleanField(default=True)),
                ("column_url", models.CharField(blank=True, max_length=1000)),
                ("started_by", models.CharField(max_length=120)),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("seen", models.CharField(blank=True, max_length=200)),
                (
                    "collected_at",
                    models.DateTimeField(default=datetime.datetime(2000, 1, 1, 0, 0, tzinfo=datetime.UTC)),
                ),
                ("compared_at", models.DateTimeField(blank=True, null=True)),
                ("busy_until", models.DateTimeField(default=datetime.datetime(2000, 1, 1, 0, 0, tzinfo=datetime.UTC))),
                ("resume_at", models.DateTimeField(default=datetime.datetime(2000, 1, 1, 0, 0, tzinfo=datetime.UTC))),
                ("problem", models.CharField(blank=True, max_length=40)),
                ("problem_says", models.CharField(blank=True, max_length=300)),
                (
                    "assignment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="passback", to="grading.assignment"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PassbackScore",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("points", models.DecimalField(decimal_places=2, max_digits=7)),
                ("of", models.DecimalField(decimal_places=2, max_digits=7)),
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("stamp", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Waiting"), ("sent", "Sent"), ("failed", "Not sent")],
                        default="pending",
                        max_length=8,
                    ),
                ),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("shown", models.DecimalField(blank=True, decimal_places=4, max_digits=9, null=True)),
                ("problem", models.CharField(blank=True, max_length=40)),
                ("problem_says", models.CharField(blank=True, max_length=300)),
                (
                    "passback",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="scores", to="grading.passback"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="passback_scores",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("pk",),
            },
        ),
        migrations.CreateModel(
            name="PassbackTry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("points", models.DecimalField(decimal_places=2, max_digits=7)),
                ("of", models.DecimalField(decimal_places=2, max_digits=7)),
                ("outcome", models.CharField(max_length=12)),
                ("status", models.PositiveSmallIntegerField(default=0)),
                ("says", models.CharField(blank=True, max_length=300)),
                ("by", models.CharField(max_length=120)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "score",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="log", to="grading.passbackscore"
                    ),
                ),
            ],
            options={
                "ordering": ("-pk",),
            },
        ),
        migrations.AddIndex(
            model_name="passbackscore",
            index=models.Index(condition=models.Q(("state", "pending")), fields=["next_at"], name="scores_due"),
        ),
        migrations.AddConstraint(
            model_name="passbackscore",
            constraint=models.UniqueConstraint(fields=("passback", "person"), name="one_score_per_person"),
        ),
    ]
