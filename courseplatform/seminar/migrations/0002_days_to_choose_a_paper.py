"""The day by which a paper is chosen, as a distance to the session, with which it moves."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("seminar", "0001_papers_slots_matching_highlights"),
    ]

    operations = [
        migrations.AddField(
            model_name="presentationslot",
            name="choose_days",
            field=models.PositiveSmallIntegerField(
                blank=True, help_text="an open paper is chosen by so many days before the session", null=True
            ),
        ),
    ]
