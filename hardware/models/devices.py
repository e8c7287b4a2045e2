"""Devices that a course has of its own, beside those that are shipped in hardware/device_profiles/."""

from typing import ClassVar

from django.db import models
from django.urls import reverse

from courseplatform.core.append_only import AppendOnly
from courseplatform.courses.models import Course
from hardware.profile_reading import profile_of
from hardware.profiles import DeviceProfile


class CourseDevice(models.Model):
    """One device of one course. facts: what a profile file holds (hardware/profile_reading.py), checked before it is written.

    A device that was measured on is retired, not deleted: no new run is counted on it, older results keep their rows.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="own_devices")
    slug = models.SlugField(max_length=40)
    facts = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("slug",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "slug"], name="device_slug_in_course"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("hardware:course_device", kwargs={"course": self.course.slug, "device": self.slug})

    @property
    def name(self) -> str:
        return str(self.facts["name"])

    @property
    def profile(self) -> DeviceProfile:
        return profile_of(self.slug, self.facts)


class CourseDeviceChange(AppendOnly):
    """Who did what to a device, and what it was afterwards. History outlives the account, so `by` is text."""

    kept = "What was done to a device"

    device = models.ForeignKey(CourseDevice, on_delete=models.CASCADE, related_name="changes")
    at = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=120)
    sentence = models.CharField(max_length=400)
    facts = models.JSONField()

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return self.sentence
