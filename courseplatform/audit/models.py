"""Who saw, changed and exported what; and the views of staff as a student."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from courseplatform.core.append_only import AppendOnly
from courseplatform.courses.models import Course


class Act(models.TextChoices):
    SAW = "saw", "Saw"
    CHANGED = "changed", "Changed"
    EXPORTED = "exported", "Exported"
    RELEASED = "released", "Released"
    VIEWED_AS = "viewed_as", "Viewed as student"
    SIGNED_IN = "signed_in", "Signed in"


class AuditRow(AppendOnly):
    """One thing that somebody did. Rows are only added; the sweep alone takes away what is older than AUDIT_DAYS.

    course: None where it belongs to no course (a sign-in). actor: the address, which outlives the account; actor_person: the account as
    long as it is there. what: the object in words; path: where it stands. about: whose data it was. network: the front part of the
    network address (here.py). look: which look at what, empty where each is a row of its own; span: of which ten minutes, so that two
    requests at once leave one row.
    """

    kept = "A line of the audit"

    at = models.DateTimeField(default=timezone.now)
    course = models.ForeignKey(Course, null=True, on_delete=models.CASCADE, related_name="audit_rows")
    actor = models.CharField(max_length=254)
    actor_person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    act = models.CharField(max_length=10, choices=Act.choices)
    what = models.CharField(max_length=200)
    path = models.CharField(max_length=300, blank=True)
    about = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    network = models.CharField(max_length=43, blank=True)
    request_id = models.CharField(max_length=40, blank=True)
    look = models.CharField(max_length=32, blank=True)
    span = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-at", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["look", "span"], condition=~Q(look=""), name="one_audit_row_of_a_look")
        ]
        indexes: ClassVar = [
            models.Index(fields=["course", "-at"], name="audit_of_course"),
            models.Index(fields=["at"], name="audit_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.act} {self.what}"


class StudentView(models.Model):
    """A time in which somebody of the staff sees a course as a student sees it, in one browser, without writing anything.

    student: None for what all students see. session: the SHA-256 of the session's key, so that the row opens nothing in another browser.
    """

    class Why(models.TextChoices):
        STOPPED = "stopped", "stopped"
        TIME = "time", "its time was over"
        SIGNED_OUT = "signed_out", "signed out"
        REFUSED = "refused", "no longer allowed"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="student_views")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="student_views")
    student = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="seen_as")
    session = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=10, choices=Why.choices, blank=True)

    class Meta:
        ordering = ("-started_at", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["session"], condition=Q(ended_at=None), name="one_student_view_in_a_session"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["ends_at"], condition=Q(ended_at=None), name="open_student_views")]

    def __str__(self) -> str:
        return f"{self.by_id} as {self.student_id or 'any student'}"


class ViewRules(models.Model):
    """What a course allows its TAs. Not part of the course file: the course of the next term begins with the careful choice."""

    course = models.OneToOneField(Course, on_delete=models.CASCADE, related_name="view_rules")
    tas_may_view = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.course_id}: TAs {'may' if self.tas_may_view else 'may not'} view as a student"
