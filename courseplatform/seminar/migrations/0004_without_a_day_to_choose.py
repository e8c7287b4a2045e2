"""What stands twice goes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("seminar", "0003_count_the_days_to_choose"),
    ]

    operations = [migrations.RemoveField(model_name="presentationslot", name="choose_by")]
