"""A file on its way here, in pieces, until something takes it."""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.states import MoveRow, Moves

LIFE = timedelta(days=2)  # without a byte or a taker for this long, an upload runs out


class Status(models.TextChoices):
    RECEIVING = "receiving", "On its way"
    COMPLETE = "complete", "Here, not yet used"
    TAKEN = "taken", "Used"
    REFUSED = "refused", "Refused"
    DISCARDED = "discarded", "Discarded"
    EXPIRED = "expired", "Ran out"


OPEN = frozenset({Status.RECEIVING, Status.COMPLETE})

MOVES: Moves = {
    Status.RECEIVING: frozenset({Status.COMPLETE, Status.REFUSED, Status.DISCARDED, Status.EXPIRED}),
    Status.COMPLETE: frozenset({Status.TAKEN, Status.REFUSED, Status.DISCARDED, Status.EXPIRED}),
    Status.TAKEN: frozenset(),
    Status.REFUSED: frozenset(),
    Status.DISCARDED: frozenset(),
    Status.EXPIRED: frozenset(),
}


def end_of_life() -> datetime:
    return timezone.now() + LIFE


class UploadQuerySet(models.QuerySet["Upload"]):
    def of(self, person: User) -> "UploadQuerySet":
        return self.filter(person=person)

    def open(self) -> "UploadQuerySet":
        return self.filter(status__in=OPEN)

    def overdue(self, now: datetime) -> "UploadQuerySet":
        return self.open().filter(expires_at__lte=now)


class Upload(models.Model):
    """`offset_bytes` is the truth about how much is here: it grows only after the bytes before it are safely written (see services).

    `writer` is the fence: who last began to send. An older connection that wakes up again holds another word and can change nothing.
    `spool_state` belongs to the spool (spools/), for instance the parts of a multipart upload.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="uploads")
    purpose = models.CharField(max_length=40, help_text="a registered name, such as hand_in")
    target = models.CharField(max_length=64, blank=True, help_text="what it is for; only the purpose understands it")
    file_name = models.CharField(max_length=255)
    size_bytes = models.PositiveBigIntegerField()
    offset_bytes = models.PositiveBigIntegerField(default=0)
    declared_sha256 = models.CharField(max_length=64, blank=True, help_text="what the sender says the file's hash is")
    sha256 = models.CharField(max_length=64, blank=True, help_text="what we computed once all of it was here")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECEIVING, editable=False)
    error_code = models.CharField(max_length=60, blank=True)
    writer = models.CharField(max_length=32, blank=True)
    spool_state = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    completed_at = models.DateTimeField(null=True, blank=True, help_text="when the last byte was safely here")
    expires_at = models.DateTimeField(default=end_of_life)

    objects = UploadQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)
        indexes: ClassVar = [models.Index(fields=["status", "expires_at"], name="upload_by_end")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(offset_bytes__lte=models.F("size_bytes")), name="offset_in_size")
        ]

    def __str__(self) -> str:
        return f"{self.file_name} for {self.purpose} {self.target}"

    @property
    def is_all_here(self) -> bool:
        return self.offset_bytes == self.size_bytes


class UploadMove(MoveRow):
    subject = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="moves")
