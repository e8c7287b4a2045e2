"""What was handed in and what was kept: texts that never change again, and the images that they show."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.urls import reverse

from courseplatform.core.fields import OrderedJSONField
from courseplatform.scribe.models.duties import ScribeDuty


class Origin(models.TextChoices):
    EDITOR = "editor", "written here"
    PULL_REQUEST = "pull_request", "pull request"
    FILE = "file", "file"


class NoteVersion(models.Model):
    """A text as it was at one moment, append-only. With a `round` it was handed in; without, it was replaced by somebody and kept.

    `images` says for each name in the text which image it meant then, so that a later upload changes no earlier version. `html` is the
    text rendered with its lines by the renderer of that number (core.markdown.RENDERER); `checks` what was found by itself.
    """

    duty = models.ForeignKey(ScribeDuty, on_delete=models.CASCADE, related_name="versions")
    round = models.PositiveSmallIntegerField(null=True, blank=True)
    text = models.TextField()
    images = OrderedJSONField(default=dict, help_text="name in the text: id of the image")
    html = models.TextField(blank=True)
    renderer = models.PositiveSmallIntegerField(default=0)
    checks = OrderedJSONField(default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField()
    origin = models.CharField(max_length=12, choices=Origin.choices, default=Origin.EDITOR)
    pull_request = models.PositiveIntegerField(null=True, blank=True)
    commit = models.CharField(max_length=40, blank=True)
    file_name = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("at", "pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["duty", "round"], name="one_version_per_round")]

    def __str__(self) -> str:
        return f"round {self.round} of {self.duty_id}" if self.round else f"kept text of {self.duty_id}"

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")


def image_path(image: "NoteImage", _: str) -> str:
    """Nothing of the name that a person gave reaches the disk."""
    return f"scribe/{image.duty_id}/{image.pk}.{image.ending}"


class NoteImage(models.Model):
    """An image of a note, checked by its bytes. Its bytes never change; a new upload of the same name takes the name over."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    duty = models.ForeignKey(ScribeDuty, on_delete=models.CASCADE, related_name="images")
    name = models.CharField(max_length=200, help_text="as the text names it: fig/linear3bit.png")
    is_current = models.BooleanField(default=True)
    file = models.FileField(upload_to=image_path, max_length=200)
    media_type = models.CharField(max_length=20)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name", "at")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["duty", "name"], condition=models.Q(is_current=True), name="one_image_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("scribe:image", args=[self.duty.course.slug, self.duty_id, self.pk])

    @property
    def ending(self) -> str:
        return self.media_type.removeprefix("image/")
