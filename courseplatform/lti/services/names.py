"""The list of names of the LMS's course: read into the preview of the roster, which shows and applies the difference."""

import csv
import io
from typing import Any

from django.db import transaction

from courseplatform.core.errors import BadInput, Conflict
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from courseplatform.lti.claims import can_keep, role_of
from courseplatform.lti.models import CourseLink, ListedMember
from courseplatform.roster.models import RosterImport
from courseplatform.roster.services.imports import roster_import_create

HEADS = ["E-mail", "Student ID", "Last name", "First name", "Name", "Enrollment status"]
MOST_PEOPLE = 5000


def link_get(visit: Visit) -> CourseLink:
    """Raises Conflict (`not_linked`)."""
    found = CourseLink.objects.filter(course=visit.course).select_related("deployment__platform", "course").first()
    if found is None:
        raise Conflict("This course is connected with no LMS.", code="not_linked")
    return found


def names_import(*, visit: Visit) -> RosterImport:
    """Ask the LMS who is in the course, and make a preview of it. Nothing is applied yet.

    Kept are address, student ID, name and status, as of any list, and the LMS's own id of each, which scores are sent to.

    Raises:
        Conflict: `not_linked`, `no_names_service`. BadInput: `no_people`, `no_addresses`. PlatformProblem.
    """
    link = link_get(visit)
    if not link.nrps_url:
        said = (
            "The LMS has not told where its list of names is. Its administrator allows the tool the names and roles service; "
            "then open Milliamp from the course there once."
        )
        raise Conflict(said, code="no_names_service")
    students = _students(link)
    if not students:
        raise BadInput("The LMS lists no student in this course.", code="no_people")
    if not any(member["email"] for member in students):
        said = "The LMS names no e-mail addresses, so nobody can be enrolled. Its administrator sets the privacy of the tool to public."
        raise BadInput(said, code="no_addresses")
    _members_keep(link, students)
    name = f"{link.platform.name}: {link.context_title or link.context_id}"
    return roster_import_create(visit=visit, data=_table(students), file_name=name)


def _students(link: CourseLink) -> list[dict[str, str]]:
    from courseplatform.lti.wire.services import members_of

    found: list[dict[str, str]] = []
    for member in members_of(link):
        if len(found) >= MOST_PEOPLE:
            raise BadInput(f"The LMS lists more than {MOST_PEOPLE} people.", code="too_many_people")
        if role_of(member.get("roles")) == Role.STUDENT:
            found.append(_student(member))
    return [member for member in found if member["sub"]]


def _student(member: dict[str, Any]) -> dict[str, str]:
    def text(name: str, most: int = 200) -> str:
        value = member.get(name)
        if not isinstance(value, str):
            return ""
        return " ".join("".join(sign for sign in value if can_keep(sign)).split())[:most]

    left = text("status").lower() in ("inactive", "deleted")
    return {
        "sub": text("user_id", 255), "email": text("email", 254).lower(), "sis_id": text("lis_person_sourcedid", 64),
        "last": text("family_name"), "first": text("given_name"), "name": text("name"), "status": "dropped" if left else "enrolled",
    }  # fmt: skip


def _table(students: list[dict[str, str]]) -> bytes:
    """As a file of a registrar would say it, so that all that the roster refuses and notes holds here too."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADS)
    for one in students:
        writer.writerow([one["email"], one["sis_id"], one["last"], one["first"], one["name"], one["status"]])
    return out.getvalue().encode()


@transaction.atomic
def _members_keep(link: CourseLink, students: list[dict[str, str]]) -> None:
    """Whom a score is for. Who has left the LMS's course is forgotten."""
    subs = {one["sub"]: one["email"] for one in students}
    known = {row.sub: row for row in ListedMember.objects.select_for_update().filter(link=link)}
    ListedMember.objects.filter(pk__in=[row.pk for sub, row in known.items() if sub not in subs]).delete()
    ListedMember.objects.bulk_create(
        [ListedMember(link=link, sub=sub, email=email) for sub, email in subs.items() if sub not in known],
        ignore_conflicts=True,
    )
    for sub, row in known.items():
        if sub in subs and row.email != subs[sub]:
            ListedMember.objects.filter(pk=row.pk).update(email=subs[sub])
