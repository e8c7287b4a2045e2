"""What staff give: grants, extensions, standing accommodations, excuses; and what a student asks to spend.

Every one is a row with its reason and its giver, none is changed, and each marks whom it concerns so that late days are counted again. A
change is shown before it is made: `grading/services/late_trial.py` tries it in a transaction that is rolled back.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.notices.services.notifications import notification_send
from courseplatform.teams.models import Team
from courseplatform.teams.selectors.membership import members_of
from grading.course_file.late.times import wrong_moment
from grading.late.words_of_time import unit_word
from grading.late.words_of_time import units as in_words
from grading.late_rows.facts import policy_for
from grading.models.assignments import CLOSES, Assignment, instant_of
from grading.models.late_days import Accommodation, EntryKind, Excuse, Extension, LateEntry, LateRequest
from grading.models.owners import Owner
from grading.services.late_days import late_days_mark

MOST_DAYS = 100


def check_reason(reason: str) -> str:
    """The reason on one line. Raises BadInput: `reason_missing`, `reason_too_long`."""
    said = " ".join(reason.split())
    if not said:
        raise BadInput(
            "Say why: the reason stands in the ledger for ever.", code="reason_missing", details={"field": "reason"}
        )
    if len(said) > 400:
        raise BadInput("A reason has at most 400 letters.", code="reason_too_long", details={"field": "reason"})
    return said


def owners_in(course: Course, people: Iterable[User] = (), teams: Iterable[Team] = ()) -> list[Owner]:
    """Owners of this course, each once. Raises BadInput: `nobody`, `not_in_course`."""
    wanted, groups = {person.pk: person for person in people}, {team.pk: team for team in teams}
    known = set(
        Enrolment.objects.filter(course=course, role=Role.STUDENT, person__in=wanted).values_list("person", flat=True)
    )
    strangers = [person for pk, person in wanted.items() if pk not in known]
    if strangers or any(team.course_id != course.pk for team in groups.values()):
        name = strangers[0].name if strangers else next(t.name for t in groups.values() if t.course_id != course.pk)
        raise BadInput(
            f"{name} is no student or team of this course.", code="not_in_course", details={"field": "owners"}
        )
    found = [Owner(person) for person in wanted.values()]
    members = members_of(groups.values())
    found += [Owner(members[pk][0].person if members.get(pk) else User(), team) for pk, team in groups.items()]
    if not found:
        raise BadInput("Choose at least one student or team.", code="nobody", details={"field": "owners"})
    return found


@transaction.atomic
def grant_give(
    *, visit: Visit, owners: Sequence[Owner], days: int, reason: str, since: date | None = None, bank: str = "",
    is_refund: bool = False,
) -> UUID:  # fmt: skip
    """Late days for some owners, or fewer with a negative number: a correction. Returns the batch that holds the lines together.

    is_refund: given back for a fault of ours.

    Raises:
        BadInput: `reason_missing`, `days_out_of_range`, `no_such_bank`.
        Conflict: `no_late_policy`.
    """
    reason, batch = check_reason(reason), uuid4()
    if not days or abs(days) > MOST_DAYS:
        raise BadInput(
            f"Give 1 to {MOST_DAYS} days, or take some with a minus sign.",
            code="days_out_of_range",
            details={"field": "days"},
        )
    policy = policy_for(visit.course)
    if policy is None:
        raise Conflict("This course states no late policy, so there is no bank to give to.", code="no_late_policy")
    payer = next((one for one in policy.banks if one.name == bank), None)
    if payer is None:
        raise BadInput("Choose one of the policy's banks.", code="no_such_bank", details={"field": "bank"})
    for owner in owners:
        if (owner.team is not None) is not (payer.owner == "team"):
            raise BadInput(
                f"Late days here belong to each {payer.owner}; {owner} is none.",
                code="no_such_bank",
                details={"field": "owners"},
            )
    LateEntry.objects.bulk_create(
        LateEntry(
            course=visit.course, person=None if owner.team else owner.person, team=owner.team, bank=bank, days=days,
            kind=EntryKind.REFUND if is_refund else EntryKind.GRANT, since=since, reason=reason, actor=visit.person.name[:120], batch=batch,
        )
        for owner in owners
    )  # fmt: skip
    said = f"{days:+d} {unit_word(policy, abs(days))}"
    _tell(visit, owners, f"grant-{batch}", f"{said} in {visit.course.number or visit.course.title}", reason)
    _mark(visit, owners, "late days were given")
    return batch


@transaction.atomic
def extension_give(
    *, visit: Visit, assignment: Assignment, owners: Sequence[Owner], reason: str, until: str = "", units: int = 0,
    keeps_penalty: bool = False,
) -> UUID:  # fmt: skip
    """More time for some owners: until a wall time of the course's zone (`2023-10-06 23:59`), or by a number of late units.

    Raises BadInput: `reason_missing`, `until_or_units`, `no_such_time`, `until_too_early`, `days_out_of_range`; Conflict: `no_due_time`.
    """
    reason, batch = check_reason(reason), uuid4()
    if assignment.due_at is None:
        raise Conflict(f"{assignment.short} states no due time, so nothing can be later than it.", code="no_due_time")
    if bool(until) == bool(units):
        raise BadInput(
            "Give a later due time, or a number of late days; one of them.",
            code="until_or_units",
            details={"field": "until"},
        )
    if units and not 0 < units <= MOST_DAYS:
        raise BadInput(
            f"An extension covers 1 to {MOST_DAYS} late days.", code="days_out_of_range", details={"field": "units"}
        )
    until_at = _later(assignment, until) if until else None
    Extension.objects.bulk_create(
        Extension(
            assignment=assignment, person=None if owner.team else owner.person, team=owner.team, until_wall=until, until_at=until_at,
            units=units, keeps_penalty=keeps_penalty, reason=reason, made_by=visit.person.name[:120], batch=batch,
        )
        for owner in owners
    )  # fmt: skip
    said = (
        f"{assignment.short} is due {until_at.astimezone(visit.course.tz):%a %b %-d, %H:%M %Z} for you"
        if until_at
        else f"{in_words(policy_for(visit.course), units)} of {assignment.short} cost you nothing"
    )
    _tell(visit, owners, f"extension-{batch}", said, "", assignment.get_absolute_url())
    _mark(visit, owners, f"an extension of {assignment.short}")
    return batch


def _later(assignment: Assignment, until: str) -> datetime:
    if said := wrong_moment(until, assignment.course.tz):
        raise BadInput(said[0].upper() + said[1:], code="no_such_time", details={"field": "until"})
    found = instant_of(assignment.course, until, CLOSES)
    if assignment.due_at is not None and found <= assignment.due_at:
        due = assignment.due_at.astimezone(assignment.course.tz)
        raise BadInput(
            f"{assignment.short} is due {due:%b %-d, %H:%M} anyway; choose a later time.",
            code="until_too_early",
            details={"field": "until"},
        )
    return found


@transaction.atomic
def accommodation_give(
    *, visit: Visit, person: User, extra_days: int, reason: str, kinds: Sequence[str] = ()
) -> Accommodation:
    """Every due time of the course some days later for one person. The reason is for the staff alone.

    Raises BadInput: `reason_missing`, `days_out_of_range`, `not_in_course`.
    """
    owners = owners_in(visit.course, [person])
    if not 0 < extra_days <= MOST_DAYS:
        raise BadInput(
            f"An accommodation is 1 to {MOST_DAYS} days.", code="days_out_of_range", details={"field": "extra_days"}
        )
    row = Accommodation.objects.create(
        course=visit.course,
        person=person,
        extra_days=extra_days,
        kinds=list(kinds),
        reason=check_reason(reason),
        made_by=visit.person.name,
    )
    days = f"{extra_days} day{'s' if extra_days != 1 else ''}"
    _tell(visit, owners, f"accommodation-{row.pk}", f"Everything is due {days} later for you", "")
    _mark(visit, owners, "a standing accommodation")
    return row


@transaction.atomic
def excuse_give(*, visit: Visit, assignment: Assignment, person: User, reason: str) -> Excuse:
    """Raises BadInput: `reason_missing`, `not_in_course`; Conflict: `excused_already`."""
    owners, said = owners_in(visit.course, [person]), check_reason(reason)
    try:
        with transaction.atomic():
            row = Excuse.objects.create(assignment=assignment, person=person, reason=said, made_by=visit.person.name)
    except IntegrityError as error:
        raise Conflict(f"{person.name} is excused from {assignment.short} already.", code="excused_already") from error
    _tell(
        visit, owners, f"excuse-{row.pk}", f"You are excused from {assignment.short}", "", assignment.get_absolute_url()
    )
    _mark(visit, owners, f"an excuse from {assignment.short}")
    return row


@transaction.atomic
def favour_withdraw(*, visit: Visit, row: Extension | Accommodation | Excuse, people: Sequence[User]) -> None:
    """Take something back; the row stays and says so. Raises Conflict: `withdrawn_already`."""
    won = (
        type(row)
        .objects.filter(pk=row.pk, withdrawn_at=None)
        .update(withdrawn_at=timezone.now(), withdrawn_by=visit.person.name[:120])
    )
    if won != 1:
        raise Conflict("It was taken back already. Reload the page to see how things stand.", code="withdrawn_already")
    owners = [Owner(person) for person in people]
    noun = type(row)._meta.verbose_name
    _tell(visit, owners, f"withdrawn-{noun}-{row.pk}", _no_longer(row), "")
    _mark(visit, owners, f"{noun} taken back")


def _no_longer(row: Extension | Accommodation | Excuse) -> str:
    """What the person reads: which work it was, since there may be several."""
    if isinstance(row, Excuse):
        return f"You are no longer excused from {row.assignment.short}"
    if isinstance(row, Extension):
        what = str(row) if row.until_wall else in_words(policy_for(row.assignment.course), row.units)
        return f"The extension of {row.assignment.short} no longer holds: {what}"
    return f"The accommodation no longer holds: {row}"


@transaction.atomic
def late_request_make(*, owner: Owner, assignment: Assignment, units: int, request_key: UUID) -> LateRequest:
    """Ask to spend late days, where the policy spends only what is asked for. The same key twice is one request.

    Raises Conflict: `not_asked_for`; BadInput: `days_out_of_range`.
    """
    policy = policy_for(assignment.course)
    if policy is None or policy.spend != "asked":
        raise Conflict("Late days are spent by themselves here; nothing has to be asked for.", code="not_asked_for")
    if not 0 < units <= MOST_DAYS:
        raise BadInput("Ask for at least 1 late day.", code="days_out_of_range", details={"field": "units"})
    row, made = LateRequest.objects.get_or_create(
        request_key=request_key,
        defaults={"assignment": assignment, "person": owner.person, "team": owner.team, "units": units},
    )
    if made:
        cause = f"{owner.person.name} asked for {in_words(policy, units)} on {assignment.short}"
        late_days_mark(course=assignment.course, people={owner.person.pk}, cause=cause, actor=owner.person.name)
    return row


def people_of(owners: Iterable[Owner]) -> list[User]:
    """Everybody whom these owners are: members of a team now, or the person."""
    owned = list(owners)
    members = members_of(owner.team for owner in owned if owner.team)
    found = {
        person.pk: person
        for owner in owned
        for person in ([row.person for row in members.get(owner.team.pk, [])] if owner.team else [owner.person])
    }
    return list(found.values())


def _tell(visit: Visit, owners: Sequence[Owner], key: str, title: str, text: str, path: str = "") -> None:
    path = path or f"/courses/{visit.course.slug}/late-days/"
    notification_send(
        course=visit.course,
        people=people_of(owners),
        kind="late_days",
        key=key[:160],
        title=title,
        text=text,
        path=path,
    )


def _mark(visit: Visit, owners: Sequence[Owner], cause: str) -> None:
    """`cause` stands in the lines of everybody whose cost changes, team mates too, so it never holds the reason."""
    people = {person.pk for person in people_of(owners)} or {owner.person.pk for owner in owners if owner.person.pk}
    late_days_mark(course=visit.course, people=people, cause=cause, actor=visit.person.name)
