"""A course, who is in it, and when it meets."""

from datetime import date, datetime, time
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.urls import reverse

from courseplatform.accounts.models import User, validate_zone


class Role(models.TextChoices):
    STUDENT = "student", "Student"
    TA = "ta", "TA"
    INSTRUCTOR = "instructor", "Instructor"


STAFF = frozenset({Role.TA, Role.INSTRUCTOR})


class CourseQuerySet(models.QuerySet["Course"]):
    def visible_to(self, person: AbstractBaseUser | AnonymousUser) -> "CourseQuerySet":
        """The courses this person is enrolled in; nobody sees a course from outside yet."""
        if not isinstance(person, User):
            return self.none()
        return self.filter(enrolments__person=person, enrolments__is_active=True).distinct()


class Course(models.Model):
    """One term of one course. Times on its pages are in `zone` unless a person chose another."""

    slug = models.SlugField(max_length=60, unique=True)
    number = models.CharField(max_length=40, help_text="as the university writes it: 11-767")
    title = models.CharField(max_length=160)
    term = models.CharField(max_length=40)
    zone = models.CharField(max_length=64, default="America/New_York", validators=[validate_zone])
    starts_on = models.DateField()
    ends_on = models.DateField()
    meets = models.CharField(max_length=160, blank=True, help_text="days, hours and room in words")
    summary = models.TextField(blank=True)
    source = models.CharField(max_length=300, blank=True, help_text="where the facts come from")
    overlay_note = models.CharField(max_length=300, blank=True, help_text="what is invented or taken from another term")
    late_rule = models.CharField(max_length=300, blank=True, help_text="the late policy in words")
    is_demo = models.BooleanField(default=False)
    made_at = models.DateTimeField(auto_now_add=True)

    objects = CourseQuerySet.as_manager()

    class Meta:
        ordering = ("-starts_on", "slug")

    def __str__(self) -> str:
        return f"{self.number} {self.title}, {self.term}"

    def get_absolute_url(self) -> str:
        return reverse("courses:home", args=[self.slug])

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def wall(self, day: date, at: time) -> datetime:
        """The instant of a wall-clock time in the course's zone."""
        return datetime.combine(day, at, tzinfo=self.tz)

    def week_of(self, day: date) -> int:
        """1 for the calendar week (Monday to Sunday) that holds the first day."""
        monday = self.starts_on.toordinal() - self.starts_on.weekday()
        return (day.toordinal() - monday) // 7 + 1


class Enrolment(models.Model):
    """What a person is in one course: a TA here may be a student there."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="enrolments")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="enrolments")
    role = models.CharField(max_length=12, choices=Role.choices)
    is_active = models.BooleanField(default=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["course", "person"], name="one_enrolment_per_course")]

    def __str__(self) -> str:
        return f"{self.person} is {self.role} of {self.course.slug}"


class Session(models.Model):
    """One meeting, or a day on which the class does not meet. The column says where it stands, not what happens in it."""

    class Column(models.TextChoices):
        LECTURE = "lecture", "Lecture"
        LAB = "lab", "Lab and discussion"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="sessions")
    held_on = models.DateField()
    starts_at = models.TimeField(null=True, blank=True)
    ends_at = models.TimeField(null=True, blank=True)
    place = models.CharField(max_length=80, blank=True)
    column = models.CharField(max_length=8, choices=Column.choices)
    title = models.CharField(max_length=200)
    note = models.CharField(max_length=200, blank=True)
    is_class = models.BooleanField(default=True, help_text="off: no class, and the title says why")
    releases_lab = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("held_on", "position", "pk")

    def __str__(self) -> str:
        return f"{self.held_on} {self.title}"


class DatedItem(models.Model):
    """A dated line under a session that is not itself work handed in here: a lecture highlight, a list released."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="items")
    on = models.DateField()
    label = models.CharField(max_length=160)

    class Meta:
        ordering = ("on", "pk")

    def __str__(self) -> str:
        return f"{self.on} {self.label}"


class OfficeHour(models.Model):
    """A weekly hour of one of the staff. `weekday` counts from Monday = 0; empty times mean to be announced."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="office_hours")
    who = models.CharField(max_length=120)
    weekday = models.PositiveSmallIntegerField(null=True, blank=True)
    starts_at = models.TimeField(null=True, blank=True)
    ends_at = models.TimeField(null=True, blank=True)
    place = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("weekday", "starts_at", "pk")

    def __str__(self) -> str:
        return self.who
