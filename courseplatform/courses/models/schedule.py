"""When a course meets, what stands under a session, and who teaches. All times are wall times of the course's zone."""

from datetime import date
from typing import ClassVar

from django.db import models

from courseplatform.core.fields import OrderedJSONField
from courseplatform.courses.models.course import Course

NO_SESSION = "--"  # how a course page writes a slot in which nothing happens


class SessionQuerySet(models.QuerySet["Session"]):
    def shown_to(self, *, staff: bool) -> "SessionQuerySet":
        """What a reader sees: staff also what is not published. What left the course file is nobody's."""
        current = self.filter(is_withdrawn=False)
        return current if staff else current.filter(is_published=True)


class Session(models.Model):
    """One meeting, a slot of a programme, or a day on which the class does not meet.

    The column says where it stands, not what happens in it. `held_on` may be unknown (a programme without a date); then `weekday`
    (Monday = 0) is all there is. `details` holds what is shown below it: outline, links, speakers, abstract, biography.
    """

    class Column(models.TextChoices):
        LECTURE = "lecture", "Lecture"
        LAB = "lab", "Lab and discussion"

    class Kind(models.TextChoices):
        LECTURE = "lecture", "Lecture"
        LAB = "lab", "Lab"
        PROJECT = "project", "Project"
        PRESENTATION = "presentation", "Presentations"
        GUEST = "guest", "Guest lecture"
        HOLIDAY = "holiday", "No class"
        NONE = "none", "No session"
        OPENING = "opening", "Opening"
        KEYNOTE = "keynote", "Keynote"
        INVITED = "invited", "Invited talk"
        CONTRIBUTED = "contributed", "Contributed talk"
        SPOTLIGHT = "spotlight", "Spotlight"
        TUTORIAL = "tutorial", "Tutorial"
        PANEL = "panel", "Panel"
        BREAK = "break", "Break"
        CLOSING = "closing", "Closing"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="sessions")
    held_on = models.DateField(null=True, blank=True)
    weekday = models.PositiveSmallIntegerField(null=True, blank=True)
    starts_at = models.TimeField(null=True, blank=True)
    ends_at = models.TimeField(null=True, blank=True)
    place = models.CharField(max_length=80, blank=True)
    column = models.CharField(max_length=8, choices=Column.choices, blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.LECTURE)
    number = models.PositiveSmallIntegerField(null=True, blank=True, help_text="of lectures only")
    title = models.CharField(max_length=200)
    note = models.CharField(max_length=200, blank=True)
    is_class = models.BooleanField(default=True, help_text="off: no class, and the title says why")
    is_cancelled = models.BooleanField(default=False, help_text="was to be held, and is not")
    is_published = models.BooleanField(default=True)
    is_withdrawn = models.BooleanField(
        default=False, help_text="no longer in the course file, kept for what refers to it"
    )
    releases_lab = models.BooleanField(default=False)
    position = models.PositiveSmallIntegerField(default=0)
    sequence = models.PositiveIntegerField(default=0, help_text="raised by each change, for calendars")
    details = OrderedJSONField(default=dict, blank=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ("held_on", "position", "pk")

    def __str__(self) -> str:
        return f"{self.held_on or 'undated'} {self.title}"

    @property
    def day(self) -> date:
        """The date of a dated session. Raises ValueError for one whose date is unknown."""
        if self.held_on is None:
            raise ValueError(f"{self.title} has no date.")
        return self.held_on

    @property
    def is_nothing(self) -> bool:
        """A slot that stands on the schedule only for what is due beside it."""
        return not self.title.strip("-–— ")

    @property
    def heading(self) -> str:
        """Lecture 5: Quantization (Part I)."""
        return f"Lecture {self.number}: {self.title}" if self.number is not None else self.title


class DatedItem(models.Model):
    """A dated line under a session that is not itself work handed in here: a lecture highlight, a list released.

    `follows` keeps its distance to the session when that is moved.
    """

    class Kind(models.TextChoices):
        HIGHLIGHT = "highlight", "Lecture highlight"
        RELEASE = "release", "Released"
        MILESTONE = "milestone", "Milestone"
        DUE = "due", "Due"
        OPTIONAL = "optional", "Optional"

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="items")
    on = models.DateField(null=True, blank=True)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.MILESTONE)
    label = models.CharField(max_length=160)
    note = models.CharField(max_length=200, blank=True)
    follows = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return f"{self.on} {self.label}"


class StaffMember(models.Model):
    """Somebody of the public staff list. Not an account: a source may leave the name out, and e-mail addresses are never kept here."""

    class Role(models.TextChoices):
        INSTRUCTOR = "instructor", "Instructor"
        TA = "ta", "Teaching assistant"
        ORGANIZER = "organizer", "Organizer"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="staff")
    name = models.CharField(max_length=120, blank=True, help_text="empty: the source leaves it out")
    role = models.CharField(max_length=12, choices=Role.choices)
    title = models.CharField(max_length=120, blank=True, help_text="Associate Professor")
    affiliation = models.CharField(max_length=120, blank=True)
    url = models.URLField(max_length=300, blank=True)
    about = models.TextField(blank=True, help_text="Markdown")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ("position", "pk")

    def __str__(self) -> str:
        return self.name or self.title or self.get_role_display()


class OfficeHour(models.Model):
    """A weekly hour of one of the staff. `weekday` counts from Monday = 0; without one, `note` says how it is arranged."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="office_hours")
    who = models.CharField(max_length=120)
    weekday = models.PositiveSmallIntegerField(null=True, blank=True)
    starts_at = models.TimeField(null=True, blank=True)
    ends_at = models.TimeField(null=True, blank=True)
    place = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=120, blank=True, help_text="to be announced, by request")
    position = models.PositiveSmallIntegerField(default=0)
    sequence = models.PositiveIntegerField(default=0, help_text="raised by each change, for calendars")

    class Meta:
        ordering: ClassVar = ("position", "weekday", "starts_at", "pk")

    def __str__(self) -> str:
        return self.who
