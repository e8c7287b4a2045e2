"""An instructor looks at the names that graders do not see. The sheet keeps who looked and when."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from courseplatform.courses.access import Visit
from grading.models.desk import GradingSheet


@transaction.atomic
def sheet_look(*, visit: Visit, sheet: GradingSheet, now: datetime | None = None) -> None:
    found = GradingSheet.objects.select_for_update(of=("self",), no_key=True).get(pk=sheet.pk)
    at = timezone.localtime(now or timezone.now())
    found.looks = [
        *found.looks,
        {"person": visit.person.pk, "by": visit.person.name, "at": f"{at:%a %b %-d, %H:%M %Z}"},
    ]
    found.save(update_fields=["looks"])
