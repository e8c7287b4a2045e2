"""Notes that graders write into a report: where they stand on its pages, what they say, and what they said before."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from courseplatform.core.append_only import AppendOnly
from grading.models.grades import RubricItem
from grading.models.pieces import Piece


class NoteKind(models.TextChoices):
    """highlight: over words of the page, one box a line. point: a place, where there are no words or they do not matter."""

    HIGHLIGHT = "highlight", "words"
    POINT = "point", "a place"


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def standing(self) -> "AnnotationQuerySet":
        return self.filter(removed_at=None)


class Annotation(models.Model):
    """One note in one report. It belongs to the piece as it was handed in, which never changes, so its place never moves.

    number: within the report, never given twice. boxes: [left, top, right, bottom] each, in shares of the page from its upper left corner
    (0 to 1), in the order of reading; of a point one box without an extent. quote: the words that are marked. text: Markdown, as the newest row of
    `versions` says it. revision: how many versions there are. by: who wrote it, in words that outlive the account.
    """

    piece = models.ForeignKey(Piece, on_delete=models.CASCADE, related_name="annotations")
    number = models.PositiveSmallIntegerField()
    page = models.PositiveSmallIntegerField(help_text="from 1")
    kind = models.CharField(max_length=9, choices=NoteKind.choices)
    boxes: Any = models.JSONField()
    quote = models.CharField(max_length=500, blank=True)
    text = models.TextField()
    item = models.ForeignKey(RubricItem, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    revision = models.PositiveSmallIntegerField(default=1)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    by = models.CharField(max_length=120)
    entry_key = models.UUIDField(default=uuid.uuid4, help_text="made by the page: the same note sent twice is one")
    made_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.CharField(max_length=120, blank=True)

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        ordering = ("number",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["piece", "number"], name="note_number_in_report"),
            models.UniqueConstraint(fields=["piece", "entry_key"], name="note_once_in_report"),
            models.CheckConstraint(condition=Q(page__gte=1), name="note_page_from_one"),
        ]

    def __str__(self) -> str:
        return f"note {self.number}"


class AnnotationVersion(AppendOnly):
    """What a note said from `made_at` on, the first version included."""

    kept = "What a note in a report said"

    annotation = models.ForeignKey(Annotation, on_delete=models.CASCADE, related_name="versions")
    revision = models.PositiveSmallIntegerField()
    text = models.TextField()
    item = models.ForeignKey(RubricItem, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    by = models.CharField(max_length=120)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("pk",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["annotation", "revision"], name="note_revision_once"),
        ]

    def __str__(self) -> str:
        return self.text[:80]
