"""A roster file between its preview and its application."""

from django.conf import settings
from django.db import models

from courseplatform.core.fields import OrderedJSONField
from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.models import Course


class RosterImport(models.Model):
    """What was read of one file: allowed columns only, never the file itself. `rows` holds ParsedRow, `found` what was recognised.

    `result` is what applying it did, in counts.
    """

    class Status(models.TextChoices):
        PREVIEWED = "previewed", "Looked at"
        APPLIED = "applied", "Applied"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="roster_imports")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="roster_imports")  # fmt: skip
    made_at = models.DateTimeField(auto_now_add=True)
    file_name = models.CharField(max_length=120, blank=True)
    mail_domain = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PREVIEWED)
    found = OrderedJSONField(default=dict)
    rows = OrderedJSONField(default=list)
    result = OrderedJSONField(default=dict)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-made_at", "-pk")

    def __str__(self) -> str:
        return f"{self.file_name or 'pasted rows'} of {self.made_at:%Y-%m-%d}"


IMPORT_MOVES: Moves = {RosterImport.Status.PREVIEWED: frozenset({RosterImport.Status.APPLIED})}


class RosterImportMove(MoveRow):
    subject = models.ForeignKey(RosterImport, on_delete=models.CASCADE, related_name="moves")
