"""A credit with its reason, who was there, and what came in from Slack or Piazza."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q

from courseplatform.courses.models import Course, Session

REASON_MOST = 200


class CreditQuerySet(models.QuerySet["Credit"]):
    def valid(self) -> "CreditQuerySet":
        """What counts: not withdrawn."""
        return self.filter(withdrawn_at=None)


class Credit(models.Model):
    """One thing that somebody contributed. Never deleted: it is withdrawn, with a reason that the person reads.

    `client_key` is made where the button was tapped, so that an entry that is sent twice counts once; `source_key` names the
    message of an import for ever. `given_by` is text: history outlives the account. `at` is when it happened, `recorded_at` when
    it arrived (a phone may have been without a network in between).
    """

    class Kind(models.TextChoices):
        QUESTION = "question", "question"
        ANSWER = "answer", "answer"
        KARMA = "karma", "karma point"
        EVALUATION = "evaluation", "evaluation"
        OTHER = "other", "other contribution"

    class Channel(models.TextChoices):
        CLASS = "class", "in the room"
        ZOOM = "zoom", "on Zoom"
        SLACK = "slack", "Slack"
        PIAZZA = "piazza", "Piazza"
        OTHER = "other", "elsewhere"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="credits")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="credits")
    session = models.ForeignKey(Session, null=True, blank=True, on_delete=models.PROTECT, related_name="credits")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.CLASS)
    reason = models.CharField(max_length=REASON_MOST, blank=True)
    given_by = models.CharField(max_length=120)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)
    client_key = models.UUIDField(default=uuid4, unique=True)
    source_key = models.CharField(max_length=160, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.CharField(max_length=120, blank=True)
    withdrawn_why = models.CharField(max_length=REASON_MOST, blank=True)

    objects = CreditQuerySet.as_manager()

    class Meta:
        ordering = ("-at", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["course", "source_key"], condition=~Q(source_key=""), name="one_credit_per_source"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["course", "person"], name="credit_of_person")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.kind} at {self.at:%Y-%m-%d}"

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None


class Attendance(models.Model):
    """How somebody took part in one session. Taking part in the room, on Zoom or excused counts alike."""

    class Mode(models.TextChoices):
        IN_PERSON = "in_person", "in the room"
        VIRTUAL = "virtual", "on Zoom"
        EXCUSED = "excused", "excused"
        ABSENT = "absent", "absent"

    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="attendance")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="attendance")
    mode = models.CharField(max_length=10, choices=Mode.choices)
    by = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["session", "person"], name="one_attendance_per_session")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.mode} in {self.session_id}"


class ImportBatch(models.Model):
    """One export that was read. Open while staff choose what counts; closing it forgets the texts that were not counted."""

    class Kind(models.TextChoices):
        SLACK = "slack", "Slack"
        PIAZZA = "piazza", "Piazza"

    key = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="participation_imports")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    counts = models.JSONField(default=dict, help_text="what was read and what was skipped, by reason")
    by = models.CharField(max_length=120)
    at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["course", "sha256"], condition=Q(closed_at=None), name="one_open_import_per_file"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.file_name}"


class ImportAuthor(models.Model):
    """Who wrote in an export, and who that is here. A match made by hand is remembered for the next export."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="authors")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=120, blank=True)
    emails = models.CharField(max_length=300, blank=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    matched_by = models.CharField(max_length=120, blank=True, help_text="empty: by e-mail address")

    class Meta:
        ordering = ("name", "key")
        constraints: ClassVar = [models.UniqueConstraint(fields=["batch", "key"], name="one_author_per_import")]

    def __str__(self) -> str:
        return self.name or self.key


class ImportCandidate(models.Model):
    """A message that may count. Only an excerpt is kept, and only until the import is closed."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="candidates")
    author = models.ForeignKey(ImportAuthor, on_delete=models.CASCADE, related_name="candidates")
    source_key = models.CharField(max_length=160)
    kind = models.CharField(max_length=12, choices=Credit.Kind.choices)
    place = models.CharField(max_length=120, help_text="channel, or folder and number of the post")
    excerpt = models.CharField(max_length=REASON_MOST)
    is_anonymous = models.BooleanField(default=False, help_text="the name was hidden from classmates")
    more = models.PositiveIntegerField(default=0, help_text="further messages of this person in the same thread")
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["batch", "source_key"], name="one_candidate_per_source")
        ]

    def __str__(self) -> str:
        return f"{self.source_key} {self.kind}"
