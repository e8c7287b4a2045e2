from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("grading", "0010_drop_statements"),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="is_draft",
            field=models.BooleanField(default=False, help_text="seen by the staff alone until it is published"),
        ),
    ]
