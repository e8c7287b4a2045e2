"""Jobs that wait while the site is updated get their class by what they are, and a turn by how many of their owner stand before them."""

from collections import Counter
from typing import Any

from django.db import migrations

BESIDE, IDLE = 30, 50
CLASS_OF = {"variant": BESIDE, "count": IDLE}


def give_places(apps: Any, schema_editor: Any) -> None:
    jobs = apps.get_model("hardware", "Job").objects
    for kind, priority in CLASS_OF.items():
        jobs.filter(kind=kind).update(priority=priority)
    taken: Counter[tuple[int, str]] = Counter()
    for job in jobs.filter(status="queued").order_by("queued_at", "pk").only("pk", "priority", "owner_key"):
        key = (job.priority, job.owner_key)
        jobs.filter(pk=job.pk).update(turn=taken[key])
        taken[key] += 1


class Migration(migrations.Migration):
    dependencies = [("hardware", "0004_places_in_line")]
    operations = [migrations.RunPython(give_places, migrations.RunPython.noop)]
