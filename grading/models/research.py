"""Whether results of a course may go into an anonymous export for research, and who said yes."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from courseplatform.core.append_only import AppendOnly
from courseplatform.courses.models import Course


class ResearchRule(models.Model):
    """asks: only who said yes is included. A course without a row asks; not to ask is for a course whose review board has said so."""

    course = models.OneToOneField(Course, on_delete=models.CASCADE, related_name="research_rule")
    asks = models.BooleanField(default=True)
    reason = models.CharField(max_length=300, blank=True)
    changed_by = models.CharField(max_length=254)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.course.slug} {'asks' if self.asks else 'does not ask'}"


class ResearchConsent(AppendOnly):
    """What somebody said, and when; the newest row holds. Whoever said nothing is not included."""

    kept = "What somebody said about research"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="research_consents")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="research_consents")
    is_given = models.BooleanField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("at", "pk")
        indexes: ClassVar = [models.Index(fields=["course", "person"], name="research_of_person")]

    def __str__(self) -> str:
        return f"{self.person_id} says {'yes' if self.is_given else 'no'}"
