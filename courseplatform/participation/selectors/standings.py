"""How much everybody's participation is worth: the scheme of the course file over the credits that count."""

from decimal import Decimal

from django.db.models import Count, FilteredRelation, Q

from courseplatform.accounts.models import User
from courseplatform.core.kept import kept
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.participation.scheme import Facts, Scheme, Standing, scheme_of, standings

NO_SCHEME = "The course file names no participation scheme."


def course_scheme(course: Course) -> Scheme | None:
    return scheme_of(course.fact("participation", default={}))


def course_facts(course: Course) -> dict[int, Facts]:
    """What counts for each student of the course, by the person's key: one query, whatever the size.

    Who has left the course takes no place among the contributors.
    """
    valid = Q(person__credits__course=course, person__credits__withdrawn_at=None)
    students = Enrolment.objects.filter(course=course, role=Role.STUDENT, is_active=True).order_by()
    rows = students.annotate(given=FilteredRelation("person__credits", condition=valid))
    counts: dict[int, dict[tuple[str, str], int]] = {}
    for person, kind, channel, count in rows.values_list("person", "given__kind", "given__channel").annotate(
        Count("given")
    ):
        counts.setdefault(person, {})
        if count:
            counts[person][kind, channel] = count
    return {person: Facts(found) for person, found in counts.items()}


def participation_percents(course: Course) -> dict[int, Standing]:
    """The standing of every student by the person's key; empty where the course has no scheme. Every student's home asks for it."""
    return participation_of(course)[0]


def participation_of(course: Course) -> tuple[dict[int, Standing], bool]:
    """The same, and whether any credit was given to anybody yet."""
    scheme = course_scheme(course)
    if scheme is None:
        return {}, False

    def read() -> tuple[dict[int, Standing], bool]:
        facts = course_facts(course)
        return standings(scheme, facts), any(own.credits for own in facts.values())

    return kept("participation", course.pk, read)


def participation_percent(course: Course, person: User) -> tuple[Decimal, str]:
    """Percent of the grade that participation gives this person, and the sum in words. (0, why) where there is none."""
    found = participation_percents(course).get(person.pk)
    return (found.percent, found.sentence) if found else (Decimal(0), NO_SCHEME)
