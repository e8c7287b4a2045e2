"""What breaks and what is looked for: damage cases, and counts of a shelf."""

from pathlib import Path
from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q

from courseplatform.core.append_only import AppendOnly
from courseplatform.core.states import MoveRow, Moves
from hardware.models.lending import LoanPiece
from hardware.models.stock import Item, Stockroom


class CaseStatus(models.TextChoices):
    """Open: somebody has to look. In repair: it is out of circulation until a person says what came of it."""

    OPEN = "open", "Open"
    IN_REPAIR = "in_repair", "In repair"
    MENDED = "mended", "Mended"
    NO_FAULT = "no_fault", "Nothing wrong"
    WRITTEN_OFF = "written_off", "Written off"


CASE_OPEN = frozenset({CaseStatus.OPEN, CaseStatus.IN_REPAIR})
CASE_MOVES: Moves = {
    CaseStatus.OPEN: frozenset({CaseStatus.IN_REPAIR, CaseStatus.MENDED, CaseStatus.NO_FAULT, CaseStatus.WRITTEN_OFF}),
    CaseStatus.IN_REPAIR: frozenset({CaseStatus.MENDED, CaseStatus.NO_FAULT, CaseStatus.WRITTEN_OFF}),
    CaseStatus.MENDED: frozenset({CaseStatus.OPEN}),
    CaseStatus.NO_FAULT: frozenset({CaseStatus.OPEN}),
}


class DamageCase(models.Model):
    """Something is wrong with an item. piece: the loan during which it happened, None where nobody had it. At most one is open for an item."""

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="cases")
    piece = models.ForeignKey(LoanPiece, null=True, blank=True, on_delete=models.PROTECT, related_name="cases")
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=120)
    what = models.CharField(max_length=300, help_text="what is wrong")
    status = models.CharField(max_length=12, choices=CaseStatus.choices, default=CaseStatus.OPEN, editable=False)
    cost = models.DecimalField(max_digits=9, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    cost_note = models.CharField(max_length=300, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-opened_at", "-pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["item"], condition=Q(status__in=["open", "in_repair"]), name="one_open_case_of_item")
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"case {self.pk} of {self.item_id}"


class CaseMove(MoveRow):
    subject = models.ForeignKey(DamageCase, on_delete=models.CASCADE, related_name="moves")


class CaseEvent(AppendOnly):
    """What was said or changed in a case beside its state: notes, costs, photos."""

    kept = "What was said in a case"

    case = models.ForeignKey(DamageCase, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=120)
    sentence = models.CharField(max_length=600)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return self.sentence


def case_photo_path(photo: "CasePhoto", name: str) -> str:
    return str(Path("cases") / str(photo.case_id) / uuid4().hex)


class CasePhoto(models.Model):
    case = models.ForeignKey(DamageCase, on_delete=models.CASCADE, related_name="photos")
    file = models.FileField(upload_to=case_photo_path, max_length=200)
    media_type = models.CharField(max_length=20)
    at = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=120)

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"photo of case {self.case_id}"


class BoardSign(models.Model):
    """What a health check of the runner on an item said last: failed_in_row of 3 opens a case (hardware/inventory/services/boards.py)."""

    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="board_sign")
    failed_in_row = models.PositiveSmallIntegerField(default=0)
    checked_at = models.DateTimeField()
    said = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.item_id}: {self.failed_in_row} failed"


class StockTake(models.Model):
    """A count of one shelf: what should stand at `place`, and what was found there. place "" = the whole stockroom.

    expected: [{item, tag, product}] as it was when the count began. result: what it came to, kept when it ends.
    """

    stockroom = models.ForeignKey(Stockroom, on_delete=models.CASCADE, related_name="takes")
    place = models.CharField(max_length=80, blank=True)
    begun_at = models.DateTimeField()
    begun_by = models.CharField(max_length=120)
    expected = models.JSONField(default=list)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=120, blank=True)
    result = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("-begun_at", "-pk")

    def __str__(self) -> str:
        return f"count of {self.place or 'everything'} on {self.begun_at:%Y-%m-%d}"


class StockTakeScan(AppendOnly):
    """One scan of a count. found: what it meant at that moment."""

    class Found(models.TextChoices):
        HERE = "here", "Where it belongs"
        ELSEWHERE = "elsewhere", "Belongs elsewhere"
        OUT = "out", "On loan by the books"
        GONE = "gone", "Lost or retired by the books"
        UNKNOWN = "unknown", "Unknown"

    kept = "What was scanned in a count"

    take = models.ForeignKey(StockTake, on_delete=models.CASCADE, related_name="scans")
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.CASCADE, related_name="take_scans")
    code = models.CharField(max_length=120)
    found = models.CharField(max_length=12, choices=Found.choices)
    at = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=120)

    class Meta:
        ordering = ("at", "pk")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["take", "item"], condition=Q(item__isnull=False), name="item_scanned_once")
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.found}"
