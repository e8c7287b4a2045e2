"""What the staff are told of a board: that it is not well, that it is in quarantine, that nothing was heard of it. Once for each time."""

from datetime import datetime, timedelta

from django.urls import reverse

from courseplatform.core.markdown import quoted
from courseplatform.notices.services.notifications import notification_send
from hardware.inventory.lending.borrowers import staff_of
from hardware.models import Duty, Runner

KIND = "hardware"
AWAY_A_DAY = timedelta(hours=24)
WORDS = {
    "bad": ("{name} is not well", "It is given no work until somebody has looked at it and has it checked again."),
    "quarantined": ("{name} is in quarantine", "Two machines showed its token. Enrol the right one with a new code."),
    "away": (
        "Nothing was heard of {name} for a day",
        "What it held went back into the line. Is it switched on, and does it reach this site?",
    ),
}


def tell(runner: Runner, what: str, *, key: str, said: str = "") -> None:
    """key: of this time; the same again tells nobody twice. said: words of the check, quoted."""
    title, text = WORDS[what]
    notification_send(
        course=runner.course, people=staff_of(runner.course), kind=KIND, key=f"runner-{runner.pk}-{what}-{key}", title=title.format(name=runner.name),
        text="\n\n".join(part for part in (text, quoted(said)) if part),
        path=reverse("runners:show", kwargs={"course": runner.course.slug, "runner": runner.pk}),
    )  # fmt: skip


def sweep(now: datetime) -> int:
    """Boards that were on duty and are silent for a day. Returns how many; may run twice and at once."""
    gone = Runner.objects.filter(status=Duty.ACTIVE, last_seen_at__lt=now - AWAY_A_DAY).select_related("course")
    silent = list(gone[:200])
    for runner in silent:
        tell(runner, "away", key=f"{runner.last_seen_at:%Y%m%d%H%M%S}")
    return len(silent)
