"""Speed dating: what a student says who still looks for a team."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from courseplatform.courses.models import Course


class LookingProfile(models.Model):
    """Shown only while its person has no team, to those who look too and to teams with room. `is_shown` off: kept, and seen by staff only."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="looking_profiles")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="looking_profiles")
    interests = models.CharField(max_length=240)
    skills = models.CharField(max_length=240, blank=True)
    hours = models.CharField(max_length=160, blank=True, help_text="when one can meet, and how much a week")
    board = models.CharField(max_length=80, blank=True)
    is_shown = models.BooleanField(default=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-changed_at", "pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["course", "person"], name="one_looking_profile")]

    def __str__(self) -> str:
        return f"{self.person_id} looks for a team"
