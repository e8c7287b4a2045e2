"""What lies on the desk of an owner: the parts of a piece of work, each as it was put there."""

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from courseplatform.courses.access import Visit
from courseplatform.teams.models import Team
from grading.models.assignments import Assignment
from grading.models.owners import Owner, of_owner, of_person


def stored_at(piece: "Piece", file_name: str) -> str:
    """The server's own name, as for models: nothing of the student's file name but its known ending."""
    ending = file_name.rsplit(".", 1)[-1].lower() if "." in file_name else "bin"
    return f"pieces/{piece.pk}/file.{ending}"


class PieceQuerySet(models.QuerySet["Piece"]):
    def visible_to(self, visit: Visit) -> "PieceQuerySet":
        """What lies on one's own desk and on that of one's team, and what was handed in with an attempt that one may see: for staff of
        the course any. What is not handed in is a draft, which is nobody else's."""
        attempts: Any = self.model._meta.get_field("submissions").related_model  # its module needs this one
        attempts = attempts.objects.visible_to(visit)
        handed_in = Q(pk__in=attempts.filter(pieces__isnull=False).values("pieces"))
        return self.filter(of_person(visit.person, "saved_at") | handed_in, assignment__course=visit.course)

    def of_owner(self, owner: Owner) -> "PieceQuerySet":
        return self.filter(of_owner(owner))

    def standing(self) -> "PieceQuerySet":
        return self.filter(removed_at=None)


class Piece(models.Model):
    """One part as it was put on the desk at one moment. Never changed: who replaces it puts another beside it, and takes this one away.

    Of a part one piece stands at a time, of a family of models several. What stands when somebody hands in belongs to that attempt for
    good, also after it was taken from the desk.

    text: of a text, a link or a statement. data: of a table {columns, rows}; of contributions {rows: [{person, name, did}]}; of a PDF
    {pages}; of a variant {name, labels}.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.PROTECT, related_name="pieces")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="pieces")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="pieces")
    part = models.CharField(max_length=40, help_text="the key of the part")
    kind = models.CharField(max_length=16)
    text = models.TextField(blank=True)
    data: Any = models.JSONField(default=dict, blank=True)
    file = models.FileField(upload_to=stored_at, max_length=200, blank=True)
    file_name = models.CharField(max_length=255, blank=True)
    format = models.CharField(max_length=16, blank=True, help_text="of a model")
    size_bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    upload_key = models.UUIDField(null=True, blank=True, help_text="the same upload twice is one piece")
    saved_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True, help_text="when it was replaced or taken away")

    objects = PieceQuerySet.as_manager()

    class Meta:
        ordering = ("saved_at", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "upload_key"], name="piece_upload_once"),
            models.UniqueConstraint(
                fields=["assignment", "person", "part"],
                condition=Q(removed_at=None, team=None) & ~Q(kind="models"),
                name="one_piece_of_a_part",
            ),
            models.UniqueConstraint(
                fields=["assignment", "team", "part"],
                condition=Q(removed_at=None, team__isnull=False) & ~Q(kind="models"),
                name="one_piece_of_a_part_of_team",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name or self.text[:80] or self.part

    def get_absolute_url(self) -> str:
        return reverse("grading:piece", kwargs={"course": self.assignment.course.slug, "piece": self.pk})

    @property
    def owner(self) -> Owner:
        return Owner(self.person, self.team)
