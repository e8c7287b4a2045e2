"""Slots that teams book with staff. Day and times are wall times of the course's zone."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from courseplatform.courses.models import Course
from courseplatform.teams.models.teams import Team


class Slot(models.Model):
    """A quarter of an hour, say, with one of the staff. `capacity` counts teams.

    A team changes its booking freely until `change_until` on the wall of the day before.
    """

    class Kind(models.TextChoices):
        STATUS = "status", "Status"
        SCOPING = "scoping", "Scoping"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="team_slots")
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="team_slots")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.STATUS)
    day = models.DateField()
    starts = models.TimeField()
    ends = models.TimeField()
    place = models.CharField(max_length=80, blank=True, help_text="a room, or the name of the call")
    link = models.URLField(max_length=300, blank=True)
    capacity = models.PositiveSmallIntegerField(default=1)
    change_until = models.TimeField(help_text="on the wall of the day before")
    is_cancelled = models.BooleanField(default=False)
    sequence = models.PositiveIntegerField(default=0, help_text="raised by each change, for calendars")

    class Meta:
        ordering = ("day", "starts", "pk")
        constraints: ClassVar = [
            # Also what makes a double click on "make the series" harmless.
            models.UniqueConstraint(
                fields=["course", "staff", "day", "starts"], condition=Q(is_cancelled=False), name="slot_once"
            ),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="slot_lasts"),
            models.CheckConstraint(condition=Q(capacity__gte=1), name="slot_has_room"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.starts:%H:%M} with {self.staff_id}"

    @property
    def starts_at(self) -> datetime:
        return self.course.wall(self.day, self.starts)

    @property
    def ends_at(self) -> datetime:
        return self.course.wall(self.day, self.ends)

    @property
    def free_until(self) -> datetime:
        """The instant up to which a team may move or cancel its booking by itself."""
        return self.course.wall(self.day - timedelta(days=1), self.change_until)


class BookingQuerySet(models.QuerySet["SlotBooking"]):
    def live(self) -> "BookingQuerySet":
        return self.filter(cancelled_at=None, slot__is_cancelled=False)


class SlotBooking(models.Model):
    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="bookings")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="bookings")
    booked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    topic = models.CharField(max_length=200, blank=True, help_text="what the team wants to talk about")
    made_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects = BookingQuerySet.as_manager()

    class Meta:
        ordering = ("made_at", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["slot", "team"], condition=Q(cancelled_at=None), name="one_booking_per_team"
            )
        ]

    def __str__(self) -> str:
        return f"{self.team_id} in {self.slot_id}"
