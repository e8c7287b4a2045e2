"""What the registrar knows of somebody in a course, and the history of what they were in it."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Lower

from courseplatform.core.append_only import AppendOnly
from courseplatform.courses.models import Course, Enrolment


class CourseSection(models.Model):
    """A part of the class that meets by itself: `A`, `Lecture 1`. A person may be in several."""

    class Kind(models.TextChoices):
        LECTURE = "lecture", "Lecture"
        LAB = "lab", "Lab or recitation"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="course_sections")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.LAB)

    class Meta:
        ordering = ("-kind", "name")
        constraints: ClassVar = [models.UniqueConstraint("course", Lower("name"), name="section_name_once")]

    def __str__(self) -> str:
        return self.name


class RosterEntry(models.Model):
    """The registrar's side of an enrolment. Only what a course needs: identifiers, name, address, sections, and nothing else.

    `email` is the address in the registrar's last file; the person signs in with the account's own. Identifiers are text: leading zeros
    matter. `course` repeats the enrolment's, so that an ID can be unique in it.
    """

    enrolment = models.OneToOneField(Enrolment, on_delete=models.CASCADE, related_name="roster_entry")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="roster_entries")
    sis_id = models.CharField(max_length=64, blank=True)
    login = models.CharField(max_length=64, blank=True)
    canvas_id = models.CharField(max_length=64, blank=True)
    email = models.EmailField(blank=True)
    registrar_name = models.CharField(max_length=200, blank=True)
    sections = models.ManyToManyField(CourseSection, blank=True, related_name="entries")

    class Meta:
        verbose_name_plural = "roster entries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "sis_id"], condition=~models.Q(sis_id=""), name="sis_id_once_in_course")
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.registrar_name or self.sis_id or str(self.enrolment_id)


class RosterChange(AppendOnly):
    """One row a change of somebody in a course. History outlives accounts, so `by` is text."""

    class What(models.TextChoices):
        ENROLLED = "enrolled", "Enrolled"
        ROLE = "role", "Role"
        SECTIONS = "sections", "Sections"
        DROPPED = "dropped", "Dropped"
        RETURNED = "returned", "Enrolled again"
        EMAIL = "email", "E-mail address"
        REGISTRAR_EMAIL = "registrar_email", "Address in the registrar's list"
        SIS_ID = "sis_id", "Student ID"
        LOGIN = "login", "Login"
        CANVAS_ID = "canvas_id", "Canvas ID"
        NAME = "registrar_name", "Name in the registrar's list"
        MERGED = "merged", "Accounts joined"

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="roster_changes")
    what = models.CharField(max_length=16, choices=What.choices)
    changed_from = models.CharField(max_length=254, blank=True)
    changed_to = models.CharField(max_length=254, blank=True)
    by = models.CharField(max_length=120)
    why = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.get_what_display()}: {self.changed_from} to {self.changed_to}"
