"""What the uploads tell Prometheus."""

from collections.abc import Iterable

from django.db.models import Count, Sum

from courseplatform.metrics.sources import Family, by_label
from courseplatform.uploads.models import Status, Upload


def open_uploads() -> Iterable[Family]:
    """One query over what is on its way or waits for its form; the index begins with the status."""
    states = (Status.RECEIVING.value, Status.COMPLETE.value)
    numbers, sizes = dict.fromkeys(states, 0.0), dict.fromkeys(states, 0.0)
    rows = Upload.objects.open().order_by().values_list("status").annotate(number=Count("pk"), size=Sum("offset_bytes"))
    for status, number, size in rows:
        numbers[status], sizes[status] = float(number), float(size)
    yield by_label(
        "milliamp_uploads_open", "Uploads that are on their way, or here and not used yet.", "status", numbers
    )
    yield by_label("milliamp_uploads_open_bytes", "Bytes of them that are here.", "status", sizes)
