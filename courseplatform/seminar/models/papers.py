"""The papers of a course: listed by staff, or proposed by a student and answered by staff."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.urls import reverse

from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Course


def stored_at(paper: "Paper", file_name: str) -> str:
    """The server's own name: nothing of the uploaded file's name reaches the file system."""
    return f"papers/{uuid.uuid4()}.pdf"


class PaperQuerySet(models.QuerySet["Paper"]):
    def readable(self) -> "PaperQuerySet":
        """What stands on the list for everybody."""
        return self.filter(status__in=Paper.READABLE)

    def visible_to(self, visit: Visit) -> "PaperQuerySet":
        """Staff see every paper; a student the list and what is their own proposal, whatever was answered."""
        mine = self.filter(course=visit.course)
        if visit.is_staff:
            return mine
        return mine.filter(models.Q(status__in=Paper.READABLE) | models.Q(proposed_by=visit.person))


class Paper(models.Model):
    """A publication that is or may be presented. `authors` is one line as printed, separated by commas.

    `reason` is the student's, `answer` the staff's; `counter` is a paper of the list that staff offer instead. `wanted_on` is the day
    of the session for which the course file names it, until a slot holds it.
    """

    class Status(models.TextChoices):
        LISTED = "listed", "On the list"
        PROPOSED = "proposed", "Proposed"
        COUNTERED = "countered", "Another one offered"
        ACCEPTED = "accepted", "Accepted"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"

    READABLE = (Status.LISTED, Status.ACCEPTED)
    OPEN = (Status.PROPOSED, Status.COUNTERED)

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="papers")
    slug = models.SlugField(max_length=70)
    title = models.CharField(max_length=300)
    authors = models.CharField(max_length=1000, blank=True)
    venue = models.CharField(max_length=120, blank=True)
    year = models.PositiveSmallIntegerField(null=True, blank=True)
    url = models.URLField(max_length=300, blank=True)
    topic = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=80, blank=True, help_text="what the source calls it: Poster")
    note = models.CharField(max_length=300, blank=True)
    pdf = models.FileField(upload_to=stored_at, max_length=120, blank=True)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.LISTED)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="proposed_papers"
    )
    reason = models.TextField(blank=True)
    answer = models.TextField(blank=True)
    counter = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    wanted_on = models.DateField(null=True, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField(auto_now_add=True)

    objects = PaperQuerySet.as_manager()

    class Meta:
        ordering = ("position", "pk")
        constraints: ClassVar = [models.UniqueConstraint(fields=["course", "slug"], name="one_paper_per_slug")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("seminar:paper", kwargs={"course": self.course.slug, "paper": self.slug})

    @property
    def short(self) -> str:
        """What people call it: the part before the colon, where that is a name."""
        head = self.title.split(":", 1)[0]
        return head if len(head) <= 48 else f"{head[:46].rsplit(' ', 1)[0]} ..."

    @property
    def source(self) -> str:
        """NeurIPS 2022."""
        return " ".join(str(word) for word in (self.venue, self.year) if word)

    @property
    def link_words(self) -> str:
        """arXiv 2206.01191, or the host of the link."""
        if "arxiv.org/" in self.url:
            return f"arXiv {self.url.rstrip('/').rsplit('/', 1)[-1]}"
        return self.url.split("//", 1)[-1].split("/", 1)[0].removeprefix("www.")


class PaperMove(MoveRow):
    subject = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="moves")


_S = Paper.Status
PAPER_MOVES: Moves = {
    _S.PROPOSED: frozenset({_S.ACCEPTED, _S.COUNTERED, _S.DECLINED, _S.WITHDRAWN}),
    _S.COUNTERED: frozenset({_S.PROPOSED, _S.ACCEPTED, _S.DECLINED, _S.WITHDRAWN}),
    _S.DECLINED: frozenset({_S.ACCEPTED}),
    _S.LISTED: frozenset({_S.WITHDRAWN}),
    _S.ACCEPTED: frozenset({_S.WITHDRAWN}),
    _S.WITHDRAWN: frozenset({_S.LISTED}),
}
