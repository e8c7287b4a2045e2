"""Connecting a course of the LMS with one of ours, and what each launch tells of its services."""

from django.db import IntegrityError, transaction

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict, NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.lti.models import CourseLink, Launch, ResourceLink
from courseplatform.lti.services.entering import check_may_link


def courses_to_link(person: User) -> list[Course]:
    """Courses that this person teaches and that no LMS has yet."""
    mine = Enrolment.objects.of(person).filter(role=Role.INSTRUCTOR, course__lti_link=None)
    return [row.course for row in mine.select_related("course").order_by("-course__starts_on", "course__slug")]


@transaction.atomic
def link_create(*, launch: Launch, person: User, slug: str) -> CourseLink:
    """Once for each course of the LMS and each of ours. Raises NotHere, or Conflict (`context_not_linked`, `linked_already`)."""
    check_may_link(launch)
    course = next((course for course in courses_to_link(person) if course.slug == slug), None)
    if course is None:
        raise NotHere("There is no such course, or you are not its instructor, or it is connected already.")
    if not launch.context_id:
        raise Conflict("The LMS does not say which course this is.", code="no_context")
    try:
        with transaction.atomic():
            link = CourseLink.objects.create(
                deployment=launch.deployment, context_id=launch.context_id, context_title=launch.context_title, course=course,
                linked_by=person.email[:120],
            )  # fmt: skip
    except IntegrityError as error:
        raise Conflict(
            "This course was connected meanwhile. Open it from the LMS again.", code="linked_already"
        ) from error
    services_note(link=link, launch=launch)
    return link


@transaction.atomic
def link_remove(*, visit: Visit) -> None:
    """Nothing is sent to the LMS any more and nobody comes in from there anew. What was sent stays there. Raises Conflict (`not_linked`)."""
    if not CourseLink.objects.filter(course=visit.course).delete()[0]:
        raise Conflict("This course is connected with no LMS.", code="not_linked")


def services_note(*, link: CourseLink, launch: Launch) -> None:
    """Keep the newest addresses of the LMS's services, and which column belongs to what was opened."""
    told = {
        name: launch.services.get(name) for name in ("nrps_url", "lineitems_url", "scopes") if launch.services.get(name)
    }
    if launch.context_title:
        told["context_title"] = launch.context_title
    changed = {name: value for name, value in told.items() if getattr(link, name) != value}
    if changed:
        CourseLink.objects.filter(pk=link.pk).update(**changed)
        for name, value in changed.items():
            setattr(link, name, value)
    if launch.resource_link_id and not launch.deep_link:
        facts = {"key": launch.key, "lineitem_url": launch.services.get("lineitem_url", "")}
        ResourceLink.objects.update_or_create(link=link, resource_link_id=launch.resource_link_id, defaults=facts)
