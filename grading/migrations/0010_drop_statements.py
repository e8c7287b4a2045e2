from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("grading", "0009_statements_become_pieces")]
    operations = [migrations.DeleteModel(name="Statement")]
