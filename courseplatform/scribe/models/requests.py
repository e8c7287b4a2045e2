"""What a reviewer asks to be changed: one number for the line of the source, the place in the preview and the request."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from courseplatform.core.states import MoveRow, Moves
from courseplatform.scribe.models.duties import ScribeDuty
from courseplatform.scribe.models.notes import NoteVersion


class RequestStatus(models.TextChoices):
    OPEN = "open", "open"
    DONE = "done", "changed, to be confirmed"
    CONFIRMED = "confirmed", "confirmed"


REQUEST_MOVES: Moves = {
    RequestStatus.OPEN: frozenset({RequestStatus.DONE, RequestStatus.CONFIRMED}),
    RequestStatus.DONE: frozenset({RequestStatus.OPEN, RequestStatus.CONFIRMED}),
    RequestStatus.CONFIRMED: frozenset({RequestStatus.OPEN}),
}


class ChangeRequest(models.Model):
    """Asked at `line` of `version`; `line` 0 is the note as a whole. Where the line stands in a later round is found by scribe/lines.py."""

    duty = models.ForeignKey(ScribeDuty, on_delete=models.CASCADE, related_name="requests")
    number = models.PositiveSmallIntegerField()
    version = models.ForeignKey(NoteVersion, on_delete=models.CASCADE, related_name="requests")
    line = models.PositiveIntegerField(default=0)
    quote = models.CharField(max_length=300, blank=True)
    text = models.CharField(max_length=2000)
    status = models.CharField(max_length=12, choices=RequestStatus.choices, default=RequestStatus.OPEN)
    done_in = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="the round in which it was said to be done"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("number",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["duty", "number"], name="one_number_per_request")]

    def __str__(self) -> str:
        return f"request {self.number} of {self.duty_id}"


class RequestReply(models.Model):
    request = models.ForeignKey(ChangeRequest, on_delete=models.CASCADE, related_name="replies")
    text = models.CharField(max_length=2000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"reply to {self.request_id}"


class RequestMove(MoveRow):
    subject = models.ForeignKey(ChangeRequest, on_delete=models.CASCADE, related_name="moves")
