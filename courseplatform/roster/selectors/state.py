"""What the course has, as a plan of changes needs it: a few queries whatever its size."""

from collections.abc import Iterable
from dataclasses import dataclass

from courseplatform.accounts.models import AccountMerge, User
from courseplatform.courses.models import Course, Enrolment
from courseplatform.roster.models import RosterEntry

AT_ONCE = 400  # values in one query; SQLite takes a bounded number


@dataclass(frozen=True)
class Known:
    """Somebody of the course: the enrolment with its person, the registrar's entry and the names of the sections."""

    enrolment: Enrolment
    entry: RosterEntry
    sections: tuple[str, ...]


@dataclass(frozen=True)
class CourseState:
    """All people of a course by what a file may know them by, and the accounts of the site for the addresses of the file."""

    everybody: list[Known]
    by_email: dict[str, Known]
    by_sis_id: dict[str, Known]
    by_canvas_id: dict[str, Known]
    accounts: dict[str, User]


def course_state(course: Course, emails: Iterable[str]) -> CourseState:
    found = Enrolment.objects.filter(course=course).select_related("person", "roster_entry")
    enrolments = list(found.prefetch_related("roster_entry__sections").order_by("pk"))
    everybody = [_known(enrolment) for enrolment in enrolments]
    wanted = sorted({email for email in emails if email})
    by_person = {known.enrolment.person_id: known for known in everybody}
    accounts = _accounts(wanted)
    by_email = {known.entry.email.lower(): known for known in everybody if known.entry.email}
    by_email |= {email: by_person[person.pk] for email, person in accounts.items() if person.pk in by_person}
    by_email |= {known.enrolment.person.email: known for known in everybody}
    return CourseState(
        everybody=everybody,
        by_email=by_email,
        by_sis_id={known.entry.sis_id: known for known in everybody if known.entry.sis_id},
        by_canvas_id={known.entry.canvas_id: known for known in everybody if known.entry.canvas_id},
        accounts=accounts,
    )


def _known(enrolment: Enrolment) -> Known:
    try:
        entry = enrolment.roster_entry
    except RosterEntry.DoesNotExist:
        return Known(enrolment, RosterEntry(enrolment=enrolment, course_id=enrolment.course_id), ())
    return Known(enrolment, entry, tuple(sorted(section.name for section in entry.sections.all())))


def _accounts(emails: list[str]) -> dict[str, User]:
    """Address -> account; the address of a joined account leads to the one it became."""
    found: dict[str, User] = {}
    for start in range(0, len(emails), AT_ONCE):
        some = emails[start : start + AT_ONCE]
        found |= {person.email: person for person in User.objects.filter(email__in=some)}
        merges = AccountMerge.objects.filter(loser__email__in=some).select_related("winner", "loser")
        found |= {merge.loser.email: merge.winner for merge in merges}
    return found


def other_courses(people: Iterable[int], course: Course) -> set[int]:
    """Which of these people are, or were, in another course too: their account is not this course's alone."""
    ids, found = sorted(set(people)), set()
    for start in range(0, len(ids), AT_ONCE):
        some = Enrolment.objects.filter(person_id__in=ids[start : start + AT_ONCE]).exclude(course=course)
        found |= set(some.values_list("person_id", flat=True))
    return found
