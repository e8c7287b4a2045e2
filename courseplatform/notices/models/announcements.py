"""What the staff write to the course, and when it goes out."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from courseplatform.core.states import MoveRow
from courseplatform.courses.access import Reader, Visit
from courseplatform.courses.models import Course


class AnnouncementStatus(models.TextChoices):
    SCHEDULED = "scheduled", "scheduled"
    PUBLISHED = "published", "published"
    WITHDRAWN = "withdrawn", "withdrawn"


ANNOUNCEMENT_MOVES: Mapping[str, frozenset[str]] = {
    AnnouncementStatus.SCHEDULED: frozenset({AnnouncementStatus.PUBLISHED, AnnouncementStatus.WITHDRAWN}),
    AnnouncementStatus.PUBLISHED: frozenset({AnnouncementStatus.WITHDRAWN}),
    AnnouncementStatus.WITHDRAWN: frozenset(),
}


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    def published(self) -> "AnnouncementQuerySet":
        return self.filter(status=AnnouncementStatus.PUBLISHED)

    def scheduled(self) -> "AnnouncementQuerySet":
        return self.filter(status=AnnouncementStatus.SCHEDULED)

    def visible_to(self, reader: Visit | Reader) -> "AnnouncementQuerySet":
        """Staff see all of them, students what is published for them, visitors only what is marked public."""
        mine = self.filter(course=reader.course)
        if reader.is_staff:
            return mine
        if reader.role is None:
            return mine.published().filter(is_public=True, audience=Announcement.Audience.EVERYBODY)
        return mine.published().exclude(audience=Announcement.Audience.STAFF)


class Announcement(models.Model):
    """One text to the course. `goes_out_on` and `goes_out_at` are wall times of the course's zone; none: it went out when it was made.

    `revision` counts the edits: a page that was opened before the last one may not overwrite it. `made_with` is the key of the form, so
    that a double click makes one.
    """

    class Audience(models.TextChoices):
        EVERYBODY = "everybody", "everybody in the course"
        STUDENTS = "students", "students"
        STAFF = "staff", "staff only"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="announcements")
    title = models.CharField(max_length=160)
    text = models.TextField(help_text="Markdown")
    audience = models.CharField(max_length=12, choices=Audience.choices, default=Audience.EVERYBODY)
    is_public = models.BooleanField(default=False, help_text="visitors of a public course read it too")
    is_urgent = models.BooleanField(default=False, help_text="mailed at once, whatever a person has chosen")
    is_pinned = models.BooleanField(default=False)
    status = models.CharField(
        max_length=12, choices=AnnouncementStatus.choices, default=AnnouncementStatus.SCHEDULED, editable=False
    )
    goes_out_on = models.DateField(null=True, blank=True)
    goes_out_at = models.TimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=0)
    made_with = models.UUIDField(unique=True, editable=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    author_name = models.CharField(max_length=120, help_text="outlives the account")
    made_at = models.DateTimeField(auto_now_add=True)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        ordering = ("-published_at", "-pk")
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(goes_out_on__isnull=True, goes_out_at__isnull=True)
                | Q(goes_out_on__isnull=False, goes_out_at__isnull=False),
                name="announcement_day_with_hour",
            ),
            models.CheckConstraint(
                condition=Q(is_public=False) | Q(audience="everybody"), name="announcement_public_is_for_everybody"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["course", "status", "-published_at"], name="announcement_of_course")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("notices:announcement", kwargs={"course": self.course.slug, "announcement": self.pk})

    @property
    def goes_out(self) -> datetime | None:
        """The instant at which a scheduled one goes out; None: it was not scheduled."""
        if self.goes_out_on is None or self.goes_out_at is None:
            return None
        return self.course.wall(self.goes_out_on, self.goes_out_at)

    @property
    def key(self) -> str:
        """Names the event of telling people about it."""
        return f"announcement-{self.pk}"


class AnnouncementMove(MoveRow):
    subject = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="moves")

    def __str__(self) -> str:
        return f"{self.moved_from} to {self.moved_to}"
