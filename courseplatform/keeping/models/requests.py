"""People who ask that they be deleted."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class DeletionRequest(models.Model):
    """That a person asks operators to delete their account. ended_at: when it was withdrawn or carried out."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="deletion_requests")
    asked_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person"], condition=Q(ended_at=None), name="one_open_deletion_request")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} asks to be deleted"
