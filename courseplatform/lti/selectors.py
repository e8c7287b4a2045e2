"""What pages and the rooms above read about the LMS."""

from collections.abc import Collection

from courseplatform.accounts.models import AccountMerge, User
from courseplatform.courses.models import Course
from courseplatform.lti.models import CourseLink, Identity, ListedMember, Platform, ResourceLink, origin_of
from courseplatform.roster.models import RosterEntry


def link_of_course(course: Course) -> CourseLink | None:
    """The LMS's course that this course is, if it is one and its platform is still believed. One query."""
    found = CourseLink.objects.filter(course=course, deployment__is_active=True, deployment__platform__is_active=True)
    return found.select_related("deployment__platform").first()


def subs_of(link: CourseLink, people: Collection[User]) -> dict[int, str]:
    """Person -> the LMS's own id of them: of whoever came from there, else by the address in its list. Five queries, whatever their number."""
    wanted = {person.pk for person in people}
    listed = {row.email: row.sub for row in ListedMember.objects.filter(link=link).exclude(email="")}
    addresses = {person.email: person.pk for person in people}
    merged = AccountMerge.objects.filter(winner__in=wanted).values_list("loser__email", "winner")
    entries = RosterEntry.objects.filter(course=link.course_id, enrolment__person__in=wanted).exclude(email="")
    addresses = dict(entries.values_list("email", "enrolment__person")) | dict(merged) | addresses
    found = {addresses[email]: sub for email, sub in listed.items() if email in addresses}
    known = Identity.objects.filter(platform=link.platform, person__in=wanted).order_by("used_at", "pk")
    return found | {row.person_id: row.sub for row in known}


def column_of(link: CourseLink, key: str) -> str:
    """The column of the LMS's gradebook that was made with the place of `key`; "" where none is known."""
    found = ResourceLink.objects.filter(link=link, key=key).exclude(lineitem_url="").first()
    return found.lineitem_url if found else ""


def frame_origins() -> list[str]:
    """The sites that may show our pages of the LMS in a frame. One query."""
    urls = Platform.objects.filter(is_active=True).values_list("site_url", flat=True)
    return sorted({origin for url in urls if (origin := origin_of(url))})
