"""Where no board of a course, here or away, has what a run asks for, its staff hear of it at once: to wait alone helps nobody."""

import hashlib
from datetime import datetime

from django.urls import reverse

from courseplatform.core.markdown import quoted
from courseplatform.notices.services.notifications import notification_send
from hardware.inventory.lending.borrowers import staff_of
from hardware.models import BoardJob
from hardware.runners.waiting import asked_words, waits

KIND = "hardware"
HELP = (
    "Give a board the tag, add one, or change what the lab asks for. Until then such runs wait as long as the lab says."
)


def tell_unmet(job: BoardJob, now: datetime) -> bool:
    """Tell the staff where nobody can take this job; the same need again on the same day tells nobody twice. Returns whether it is so."""
    found = waits(job, now)
    if not found.nobody_can:
        return False
    asked = asked_words(job)
    need = hashlib.sha256(f"{job.device} {job.runtime} {job.needs}".encode()).hexdigest()[:12]
    notification_send(
        course=job.course, people=staff_of(job.course), kind=KIND, key=f"board-unmet-{need}-{now:%Y%m%d}",
        title=f"No board here can take what a lab asks for: {asked}"[:200], text="\n\n".join((quoted(found.sentence), HELP)),
        path=reverse("runners:index", kwargs={"course": job.course.slug}),
    )  # fmt: skip
    return True
