"""What a person was told, once: the row is the truth, the mail a copy of it."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from courseplatform.courses.models import Course


class Notification(models.Model):
    """One message to one person. `key` makes it once: the same event told again adds nothing."""

    course = models.ForeignKey(Course, null=True, on_delete=models.CASCADE, related_name="notifications")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=32)
    key = models.CharField(max_length=160)
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True, help_text="Markdown")
    path = models.CharField(max_length=300, blank=True, help_text="the page it is about")
    made_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-made_at", "-pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "key"], name="one_notification_per_event")]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.title}"
