"""What the staff read in the morning: what is due, overdue, to be handed over and to be answered. Nothing where there is nothing."""

from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from courseplatform.core.markdown import escaped
from courseplatform.courses.models import Course
from courseplatform.notices.models.notifications import Notification
from courseplatform.notices.services.notifications import notification_send
from hardware.inventory.due.notices import KIND
from hardware.inventory.lending.borrowers import staff_of
from hardware.inventory.lending.loan_words import things
from hardware.inventory.services.due import open_loans
from hardware.models import CASE_OPEN, DamageCase, Loan, Reservation, ReservationStatus

FROM, UNTIL = time(7), time(12)  # a sweep that was away comes later; a digest in the evening helps nobody
MOST_NAMED = 12


def digests_send(*, now: datetime | None = None) -> int:
    """To the staff of every course that lends, once a morning of the course. Returns how many courses had something.

    Two queries outside the morning.
    """
    now = now or timezone.now()
    lending = Course.objects.filter(stockroom_link__isnull=False)
    morning = [course for course in lending if FROM <= now.astimezone(course.tz).time() < UNTIL]
    keys = {_key(course, now): course for course in morning}
    told = set(Notification.objects.filter(key__in=keys).values_list("key", flat=True)) if keys else set()
    return sum(_send(course, key, now) for key, course in keys.items() if key not in told)


def _key(course: Course, now: datetime) -> str:
    return f"hardware-digest-{course.pk}-{now.astimezone(course.tz):%Y%m%d}"


@transaction.atomic
def _send(course: Course, key: str, now: datetime) -> int:
    lines = digest_lines(course, now)
    if not lines:
        return 0
    notification_send(
        course=course, people=staff_of(course), kind=KIND, key=key, title=f"Hardware today: {'; '.join(lines)}",
        text="\n\n".join(f"**{head[0].upper()}{head[1:]}**\n\n{body}" if body else head for head, body in lines.items()),
        path=f"/courses/{course.slug}/hardware/",
    )  # fmt: skip
    return 1


def digest_lines(course: Course, now: datetime) -> dict[str, str]:
    """In a few words -> the rows of it, as Markdown. Six queries, whatever the size."""
    day_ends = (now.astimezone(course.tz) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    due = list(open_loans().filter(course=course, due_at__lt=day_ends).order_by("due_at"))
    over = [loan for loan in due if loan.due_at and loan.due_at < now]
    today = [loan for loan in due if loan not in over]
    wanted = Reservation.objects.filter(course=course)
    pick_up = wanted.filter(status=ReservationStatus.APPROVED, from_at__lt=day_ends).count()
    asked = wanted.filter(status=ReservationStatus.ASKED).count()
    waiting = wanted.filter(status=ReservationStatus.WAITING).count()
    cases = DamageCase.objects.filter(item__stockroom__courses__course=course, status__in=CASE_OPEN).count()
    found = {
        f"{len(today)} due back": "\n".join(_row(loan) for loan in today[:MOST_NAMED]),
        f"{len(over)} overdue": "\n".join(_row(loan) for loan in over[:MOST_NAMED]),
        f"{pick_up} to hand over": "", f"{asked} to answer": "", f"{waiting} on the waiting list": "",
        f"{cases} open damage case{'' if cases == 1 else 's'}": "",
    }  # fmt: skip
    return {head: body for head, body in found.items() if not head.startswith("0 ")}


def _row(loan: Loan) -> str:
    whose = f"team {loan.team}" if loan.team else str(loan.person)
    return f"- {escaped(whose)}: {escaped(things(loan.still_out))}"  # type: ignore[attr-defined]
