"""Two people who want to exchange their places."""

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.db import models

from courseplatform.core.states import MoveRow, Moves
from courseplatform.courses.models import Course
from courseplatform.seminar.models.slots import END_OF_DAY, Duty, PresentationSlot


class Swap(models.Model):
    """`asker` gives the place in `give` and gets that of `asked` in `get`. Nothing moves before the other side confirms.

    No answer until the end of `answer_by` (wall time of the course) means that nothing changes.
    """

    class Status(models.TextChoices):
        ASKED = "asked", "Waiting for an answer"
        CONFIRMED = "confirmed", "Confirmed"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "No answer in time"
        OVERTAKEN = "overtaken", "Overtaken by another change"

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="swaps")
    role = models.CharField(max_length=10, choices=Duty.choices, default=Duty.PRESENTER)
    asker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="swaps_asked")
    asked = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="swaps_received")
    give = models.ForeignKey(PresentationSlot, on_delete=models.CASCADE, related_name="+")
    get = models.ForeignKey(PresentationSlot, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    answer_by = models.DateField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ASKED)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-asked_at", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["course", "asker"], condition=models.Q(status="asked"), name="one_open_swap_per_person"
            )
        ]

    def __str__(self) -> str:
        return f"swap {self.pk}: {self.status}"

    @property
    def answer_until(self) -> datetime:
        return self.course.wall(self.answer_by, END_OF_DAY)

    def is_waiting(self, now: datetime) -> bool:
        return self.status == self.Status.ASKED and now < self.answer_until


class SwapMove(MoveRow):
    subject = models.ForeignKey(Swap, on_delete=models.CASCADE, related_name="moves")


_S = Swap.Status
SWAP_MOVES: Moves = {
    _S.ASKED: frozenset({_S.CONFIRMED, _S.DECLINED, _S.WITHDRAWN, _S.EXPIRED, _S.OVERTAKEN}),
}
