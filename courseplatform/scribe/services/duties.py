"""Who scribes what: assigned one by one or spread over the term."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from django.db import IntegrityError, transaction

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Session
from courseplatform.courses.schedule import day_label
from courseplatform.notices.services.notifications import notification_send
from courseplatform.scribe.models import ScribeDuty, ScribeMember, Status
from courseplatform.scribe.models.duties import OPEN, due_clock
from courseplatform.scribe.services.drafts import duty_lock

MOST_SCRIBES = 12


@transaction.atomic
def duty_assign(
    *, visit: Visit, session: Session, people: Sequence[User], due_on: date | None = None, is_example: bool = False
) -> ScribeDuty:
    """Give the notes of a session to a person or a team.

    Raises BadInput (`no_scribe`, `too_many_scribes`, `due_before_session`) or Conflict (`already_assigned`).
    """
    _check(people, session, due_on)
    try:
        with transaction.atomic():
            duty = ScribeDuty.objects.create(
                course=visit.course, session=session, due_on=due_on, due_clock=due_clock(visit.course), is_example=is_example,
                assigned_by=visit.by,
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict(
            f"Somebody has the notes of {session.heading} already. Change the people there.", code="already_assigned"
        ) from error
    _set_people(duty, people)
    return duty


@transaction.atomic
def duty_change(*, visit: Visit, duty: ScribeDuty, people: Sequence[User], due_on: date | None) -> ScribeDuty:
    """Change the people or the day. What was written stays with the duty. Raises BadInput as duty_assign does."""
    _check(people, duty.session, due_on)
    row = duty_lock(duty)
    row.due_on = due_on
    row.save(update_fields=["due_on"])
    _set_people(row, people)
    return row


@transaction.atomic
def duty_remove(*, duty: ScribeDuty) -> None:
    """Take back a duty on which nothing was written. Raises Conflict (`has_work`)."""
    row = duty_lock(duty)
    if row.status != Status.DRAFT or row.text.strip() or row.versions.exists() or row.images.exists():
        raise Conflict("Something was written here; work is never deleted. Change the people instead.", code="has_work")
    row.delete()


@transaction.atomic
def duties_spread(*, visit: Visit, plan: Mapping[Session, Sequence[User]]) -> int:
    """Assign a plan that was looked at. Sessions without people are left alone. Returns how many duties were made.

    Raises Conflict (`already_assigned`) when somebody else assigned one of them; then none is made.
    """
    made = [duty_assign(visit=visit, session=session, people=people) for session, people in plan.items() if people]
    return len(made)


@transaction.atomic
def duties_move(session: Session, before: date, by: timedelta) -> list[str]:
    """The notes of a session stay as far from it as they were, also with a day of their own. Returns what is said about it."""
    said = []
    for duty in session.scribe_duties.filter(is_example=False, status__in=OPEN).select_related("course"):
        duty.session = session
        if by and duty.due_on:
            duty.due_on += by
            duty.save(update_fields=["due_on"])
        if duty.due_day:
            said.append(f"Scribe notes are due on {day_label(duty.due_day, weekday=True)}")
    return said


def _check(people: Sequence[User], session: Session, due_on: date | None) -> None:
    if not people:
        raise BadInput("Choose at least one person.", code="no_scribe")
    if len(people) > MOST_SCRIBES:
        raise BadInput(f"A scribe team has {MOST_SCRIBES} people at most.", code="too_many_scribes")
    if due_on and session.held_on and due_on < session.held_on:
        raise BadInput("The notes cannot be due before the session is held.", code="due_before_session")


def _set_people(duty: ScribeDuty, people: Sequence[User]) -> None:
    had = set(duty.members.values_list("person_id", flat=True))
    duty.members.exclude(person__in=people).delete()
    ScribeMember.objects.bulk_create(
        [ScribeMember(duty=duty, person=person, position=n) for n, person in enumerate(people) if person.pk not in had]
    )
    due = duty.due_at
    when = f", due {due:%a %b} {due.day}, {due:%H:%M %Z}" if due else ""
    notification_send(
        course=duty.course, people=[person for person in people if person.pk not in had], kind="scribe", key=f"scribe-{duty.pk}-assigned",
        title=f"You write the scribe notes of {duty.session.heading}{when}"[:200], path=duty.page("edit"),
    )  # fmt: skip
