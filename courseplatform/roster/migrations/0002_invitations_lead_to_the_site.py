"""The link of an invitation leads to SITE_URL, as every other mail does; the host that an inviter asked for is kept no longer."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("roster", "0001_people"),
    ]

    operations = [
        # The default is for the way back, where rows need a value.
        migrations.AlterField(
            model_name="invitation",
            name="origin",
            field=models.CharField(
                default="", help_text="the site as the inviter saw it: https://host", max_length=200
            ),
        ),
        migrations.RemoveField(
            model_name="invitation",
            name="origin",
        ),
    ]
