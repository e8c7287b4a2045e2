"""Telling instructors what leaves: thirty days before and seven days before, once each. Where a mail was late, the day is, too."""

from datetime import date, datetime

from django.db import transaction

from courseplatform.accounts.models import User
from courseplatform.core import numbers
from courseplatform.core.markdown import escaped
from courseplatform.courses.models import Course, Role
from courseplatform.courses.retention_kinds import KINDS
from courseplatform.keeping.models import Leaving, RetentionPolicy
from courseplatform.keeping.retention.days import FIRST_MAIL, LAST_MAIL, leaves_at_the_earliest, policy_day, today_in
from courseplatform.keeping.retention.plan import found_of, line_of, policy_of
from courseplatform.notices.services.notifications import notification_send


def announce(course: Course, now: datetime) -> None:
    """Write down what leaves when, and tell it. Kinds of which nothing is here are left out."""
    today, policy = today_in(course, now), policy_of(course)
    if not _due(course, policy, today):
        return
    with transaction.atomic():
        course = Course.objects.select_for_update().get(pk=course.pk)  # two sweeps at once wait for each other
        policy = policy_of(course)
        if policy.is_held:
            return
        first, last = list[Leaving](), list[Leaving]()
        for key, row in _due(course, policy, today):
            if row is not None and row.last_told_on is None and _day(course, policy, key) <= row.leaves_on:
                row.last_told_on, row.leaves_on = today, max(row.leaves_on, today + LAST_MAIL)
                row.save(update_fields=["last_told_on", "leaves_on"])
                last.append(row)
                continue
            if row is not None:  # it may stay longer than what was told: told anew when that comes near
                row.delete()
            if _is_near(course, policy, key, today):
                day = leaves_at_the_earliest(_day(course, policy, key), today)
                first.append(Leaving.objects.create(course=course, kind=key, leaves_on=day, first_told_on=today))
        for rows, which in ((first, "first"), (last, "last")):
            for leaves_on in sorted({row.leaves_on for row in rows}):
                _tell(course, policy, [row for row in rows if row.leaves_on == leaves_on], leaves_on, which, now)


def _due(course: Course, policy: RetentionPolicy, today: date) -> list[tuple[str, Leaving | None]]:
    """Kinds of which something is to be told or told anew."""
    rows = {row.kind: row for row in Leaving.objects.filter(course=course)}
    found = list[tuple[str, Leaving | None]]()
    for key, kind in KINDS.items():
        row = rows.get(key)
        if row is None:
            if _is_near(course, policy, key, today) and found_of(course, kind, None):
                found.append((key, None))
        elif _day(course, policy, key) > row.leaves_on or (
            row.last_told_on is None and row.leaves_on - LAST_MAIL <= today
        ):
            found.append((key, row))
    return found


def _day(course: Course, policy: RetentionPolicy, key: str) -> date:
    return policy_day(course, policy.days_of(key)) or date.max


def _is_near(course: Course, policy: RetentionPolicy, key: str, today: date) -> bool:
    return _day(course, policy, key) <= today + FIRST_MAIL


def _tell(
    course: Course, policy: RetentionPolicy, rows: list[Leaving], leaves_on: date, which: str, now: datetime
) -> None:
    said = []
    for row in rows:
        kind = KINDS[row.kind]
        total = line_of(course, kind, policy, row, now).total
        size = f", {numbers.disk(total.bytes)}" if total.bytes else ""
        said.append(f"- {kind.title}: {kind.counted(total.count)}{size}")
    day = f"{leaves_on.day} {leaves_on:%B %Y}"
    kinds = "-".join(sorted(row.kind for row in rows))
    text = (
        f"On {day} this is deleted from {escaped(course.name)}, as its retention policy says:\n\n" + "\n".join(said)
        + "\n\nResults, grades and their explanations stay. To keep it longer, change the days or hold it all on the page Retention of the course."
    )  # fmt: skip
    people = User.objects.filter(
        enrolments__course=course, enrolments__role=Role.INSTRUCTOR, enrolments__is_active=True
    )
    left = "Last notice" if which == "last" else "Notice"
    notification_send(
        course=course, people=people, kind="keeping", key=f"retention-{course.pk}-{which}-{leaves_on}-{kinds}"[:160],
        title=f"{left}: data of {course.number or course.title} is deleted on {day}", text=text, path=f"{course.get_absolute_url()}retention/",
    )  # fmt: skip
