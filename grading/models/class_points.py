"""The class in numbers: what each measured attempt came to, narrow enough to read a whole class at once, and the names people chose."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from courseplatform.courses.models import Course
from courseplatform.teams.models import Team
from grading.models.assignments import Assignment
from grading.models.runs import Result
from grading.models.submissions import Submission
from grading.ranks.class_numbers import ClassNumbers


class ClassPoint(models.Model):
    """The numbers of the newest result of one attempt, as grading/ranks/class_numbers.py takes them from it.

    Written in the transaction that records the result, so there is one wherever there is a result and none for a run that is parked,
    rejected, cancelled or refused. Whose it is and whether it is active stands in the submission alone: nothing here can fall behind that.

    numbers: metric -> [value], or [value, low, high]. kind: of latency and energy.
    """

    submission = models.OneToOneField(
        Submission, primary_key=True, on_delete=models.CASCADE, related_name="class_point"
    )
    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="class_points")
    result = models.OneToOneField(Result, on_delete=models.CASCADE, related_name="class_point")
    numbers: Any = models.JSONField()
    kind = models.CharField(max_length=240, blank=True)

    def __str__(self) -> str:
        return f"{self.submission_id}: {self.numbers}"

    @property
    def values(self) -> ClassNumbers:
        return ClassNumbers.from_json(self.numbers, self.kind)


class NicknameQuerySet(models.QuerySet["Nickname"]):
    def standing(self) -> "NicknameQuerySet":
        """Those that are shown: not the ones that the staff took down."""
        return self.filter(taken_down_at=None)


class Nickname(models.Model):
    """The name under which a person or a team stands on the leaderboards of a course.

    key: the name as two that look alike have it (grading/ranks/nicknames.py), once in the course. One that was taken down stays, so that nobody
    chooses it again, and its owner reads why.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="nicknames")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="nicknames"
    )
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="nicknames")
    name = models.CharField(max_length=24)
    key = models.CharField(max_length=96)
    chosen_at = models.DateTimeField(auto_now_add=True)
    taken_down_at = models.DateTimeField(null=True, blank=True)
    taken_down_by = models.CharField(max_length=254, blank=True, help_text="text, because history outlives accounts")
    reason = models.CharField(max_length=300, blank=True, help_text="why it was taken down; its owner reads it")

    objects = NicknameQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["course", "key"], name="nickname_once_in_course"),
            models.UniqueConstraint(
                fields=["course", "person"],
                condition=Q(taken_down_at=None, person__isnull=False),
                name="one_nickname_of_person",
            ),
            models.UniqueConstraint(
                fields=["course", "team"],
                condition=Q(taken_down_at=None, team__isnull=False),
                name="one_nickname_of_team",
            ),
            models.CheckConstraint(
                condition=Q(person__isnull=True, team__isnull=False) | Q(person__isnull=False, team__isnull=True),
                name="nickname_of_person_or_team",
            ),
        ]

    def __str__(self) -> str:
        return self.name
