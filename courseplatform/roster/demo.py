"""The demo's people as a registrar knows them: sections, a TA who came as a student, somebody who left and came back, and a file that waits."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from courseplatform.accounts.models import User
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course, Enrolment, Role
from courseplatform.roster.models import CourseSection, RosterChange, RosterEntry, RosterImport
from courseplatform.roster.services.imports import roster_import_create

What = RosterChange.What
SECTIONS = {"Lecture": "lecture", "A": "lab", "B": "lab"}
FILE = "11767-roster-week-10.csv"


def load(*, course: Course, people: Mapping[str, User], now: datetime) -> None:
    """Called once on a fresh course, inside the transaction that makes it."""
    sections = {name: CourseSection.objects.create(course=course, name=name, kind=kind) for name, kind in SECTIONS.items()}  # fmt: skip
    enrolments = list(Enrolment.objects.filter(course=course).select_related("person").order_by("pk"))
    began = now - timedelta(weeks=10)
    for number, enrolment in enumerate(enrolments):
        Enrolment.objects.filter(pk=enrolment.pk).update(made_at=began)
        if enrolment.role == Role.STUDENT:
            _entry(enrolment, number, sections)
        was = Role.STUDENT.label if enrolment.role == Role.TA else enrolment.get_role_display()
        _history(enrolment, What.ENROLLED, "", was, "registrar's list of the first day", began)
    _story({enrolment.person.email.split("@")[0]: enrolment for enrolment in enrolments}, now)
    _preview(course, [found for found in enrolments if found.role == Role.STUDENT], people, now)


def _entry(enrolment: Enrolment, number: int, sections: Mapping[str, CourseSection]) -> None:
    person = enrolment.person
    first, last = person.name.split(" ", 1)
    entry = RosterEntry.objects.create(
        enrolment=enrolment, course=enrolment.course, sis_id=f"009{4200 + 37 * number:05}", login=person.email.split("@")[0],
        email=person.email, registrar_name=f"{last}, {first}",
    )  # fmt: skip
    entry.sections.set([sections["Lecture"], sections["AB"[number % 2]]])


def _history(enrolment: Enrolment, what: str, old: str, new: str, why: str, at: datetime) -> None:
    by = "helen.castell@example.edu"
    row = RosterChange.objects.create(enrolment=enrolment, what=what, changed_from=old, changed_to=new, by=by, why=why)
    RosterChange._base_manager.filter(pk=row.pk).update(at=at)


def _story(by_name: Mapping[str, Enrolment], now: datetime) -> None:
    if leila := by_name.get("leila.haddad"):
        section = leila.roster_entry.sections.exclude(name="Lecture").get().name
        old = "B; Lecture" if section == "A" else "A; Lecture"
        _history(
            leila, What.SECTIONS, old, f"{section}; Lecture", "another class at that hour", now - timedelta(weeks=7)
        )
    if tomas := by_name.get("tomas.novak"):
        _history(
            tomas, What.DROPPED, "", "", "not in the registrar's list of week 2", now - timedelta(weeks=8, hours=3)
        )
        _history(tomas, What.RETURNED, "", "Student", "the registrar's mistake", now - timedelta(weeks=8))
    if amit := by_name.get("amit.rosen"):
        _history(amit, What.ROLE, "Student", "TA", "teaches the labs this term", now - timedelta(weeks=9, days=5))


def _preview(course: Course, students: list[Enrolment], people: Mapping[str, User], now: datetime) -> None:
    """A file that waits to be applied: somebody who would be new, another section, and a damaged row, whose person is then missing."""
    helen = people.get("helen.castell@example.edu")
    if helen is None or len(students) < 4:
        return
    lines = ["Last Name,First Name,Student ID,Andrew ID,Email,Section,Citizenship,QPA"]
    for place, found in enumerate(students):
        entry, last_one = found.roster_entry, found is students[-1]
        last, first = entry.registrar_name.split(", ")
        section = "A" if place == 1 else entry.sections.exclude(name="Lecture").get().name
        email = "leila.haddad@example" if last_one else found.person.email
        sis_id = "9.4533E+06" if last_one else entry.sis_id
        lines.append(f"{last},{first},{sis_id},{entry.login},{email},Lecture;{section},,")
    lines.append("Bakare,Olu,00951203,olu.bakare,olu.bakare@example.edu,Lecture;B,,")
    visit = Visit(person=helen, course=course, role=Role.INSTRUCTOR)
    made = roster_import_create(visit=visit, data="\n".join(lines).encode(), file_name=FILE)
    RosterImport.objects.filter(pk=made.pk).update(made_at=now - timedelta(hours=2))
