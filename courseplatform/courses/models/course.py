"""A course and who is in it."""

from datetime import date, datetime, time
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.urls import reverse

from courseplatform.accounts.models import User, validate_zone
from courseplatform.core.fields import OrderedJSONField


class Role(models.TextChoices):
    STUDENT = "student", "Student"
    TA = "ta", "TA"
    INSTRUCTOR = "instructor", "Instructor"


STAFF = frozenset({Role.TA, Role.INSTRUCTOR})


class Visibility(models.TextChoices):
    """Who sees a course."""

    DRAFT = "draft", "Its staff"
    MEMBERS = "members", "Its members"
    ANYBODY = "anybody", "Anybody"


class CourseQuerySet(models.QuerySet["Course"]):
    def of(self, person: AbstractBaseUser | AnonymousUser) -> "CourseQuerySet":
        """The courses this person is enrolled in. A draft is there for its staff only."""
        if not isinstance(person, User):
            return self.none()
        seen = Q(is_published=True) | Q(enrolments__role__in=STAFF)
        if person.seen_in:  # staff look as this student, at one course
            seen &= Q(slug=person.seen_in)
        return self.filter(seen, enrolments__person=person, enrolments__is_active=True).distinct()

    def public(self) -> "CourseQuerySet":
        return self.filter(is_public=True, is_published=True)


class Course(models.Model):
    """One term of one course, or one day of a workshop.

    Times on its pages are in `zone` unless a person chose another. A workshop may name neither zone nor day: both are then unknown and
    shown as such. `facts` holds the parts of the course file that are shown and never searched, by their key; `file_text` is the file as
    it was read last, which decides nothing but the form of an export.
    """

    class Layout(models.TextChoices):
        COLUMNS = "columns", "Two columns: lecture day and lab day"
        LECTURES = "lectures", "A list of numbered lectures"
        PROGRAMME = "programme", "A programme with times"

    slug = models.SlugField(max_length=60, unique=True)
    number = models.CharField(max_length=40, blank=True, help_text="as the university writes it: 11-767")
    title = models.CharField(max_length=160)
    term = models.CharField(max_length=40, blank=True)
    zone = models.CharField(max_length=64, blank=True, default="America/New_York", validators=[validate_zone])
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    layout = models.CharField(max_length=12, choices=Layout.choices, default=Layout.COLUMNS)
    meets = models.CharField(max_length=160, blank=True, help_text="days, hours and room in words")
    summary = models.TextField(blank=True)
    source = models.CharField(max_length=300, blank=True, help_text="where the facts come from")
    overlay_note = models.CharField(max_length=300, blank=True, help_text="what is invented or taken from another term")
    late_rule = models.CharField(max_length=300, blank=True, help_text="the late policy in words")
    is_public = models.BooleanField(default=False, help_text="anybody may read its pages without signing in")
    is_published = models.BooleanField(default=True, help_text="off: a draft, which only its staff see")
    is_demo = models.BooleanField(default=False)
    closed_at = models.DateTimeField(null=True, blank=True, help_text="since when nobody changes anything in it")
    closed_by = models.CharField(max_length=254, blank=True)
    facts = OrderedJSONField(default=dict, blank=True)
    file_text = models.TextField(blank=True)
    sequence = models.PositiveIntegerField(
        default=0, help_text="raised by each change of the schedule, for what calendars repeat each week of it"
    )
    made_at = models.DateTimeField(auto_now_add=True)

    objects = CourseQuerySet.as_manager()

    class Meta:
        ordering = ("-starts_on", "slug")

    def __str__(self) -> str:
        return f"{self.name}, {self.term}" if self.term else self.name

    def get_absolute_url(self) -> str:
        return reverse("courses:home", args=[self.slug])

    @property
    def name(self) -> str:
        return f"{self.number} {self.title}".strip()

    @property
    def visibility(self) -> Visibility:
        if not self.is_published:
            return Visibility.DRAFT
        return Visibility.ANYBODY if self.is_public else Visibility.MEMBERS

    @property
    def is_open(self) -> bool:
        """Whether anybody may read its pages now: a draft that will be public is not open yet."""
        return self.visibility == Visibility.ANYBODY

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone or "UTC")

    def wall(self, day: date, at: time) -> datetime:
        """The instant of a wall-clock time in the course's zone."""
        return datetime.combine(day, at, tzinfo=self.tz)

    def week_of(self, day: date) -> int:
        """1 for the calendar week (Monday to Sunday) that holds the first day."""
        first = self.starts_on or day
        monday = first.toordinal() - first.weekday()
        return (day.toordinal() - monday) // 7 + 1

    def fact(self, key: str, *path: str, default: Any = None) -> Any:
        """What the course file says at `key` and below it, or `default`: fact("project", "teams", "most", default=3)."""
        found: Any = self.facts.get(key)
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        return default if found is None else found


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def of(self, person: User) -> "EnrolmentQuerySet":
        """What this person is now, course by course, as far as the person sees the course."""
        seen = Q(course__is_published=True) | Q(role__in=STAFF)
        if person.seen_in:
            seen &= Q(course__slug=person.seen_in)
        return self.filter(seen, person=person, is_active=True)


class Enrolment(models.Model):
    """What a person is in one course: a TA here may be a student there. Who leaves stays, inactive, with all work."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="enrolments")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="enrolments")
    role = models.CharField(max_length=12, choices=Role.choices)
    is_active = models.BooleanField(default=True)
    made_at = models.DateTimeField(auto_now_add=True)
    left_at = models.DateTimeField(null=True, blank=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["course", "person"], name="one_enrolment_per_course")]

    def __str__(self) -> str:
        return f"{self.person} is {self.role} of {self.course.slug}"
