"""The result of a run that the staff must look at before it counts."""

from typing import Any

from django.db import models

from courseplatform.core.append_only import AppendOnly
from grading.models.runs import Run

NO_BOARD = (
    "no_board"  # nothing looks wrong, but a board was asked for and none measured (grading/measuring/run_setting.py)
)
REASON_LETTERS = (10, 300)  # of a decision; the most is what a row of a job's history holds


class ParkedResult(AppendOnly):
    """What a parked run came to, withheld until a person releases or rejects it. Who did, when and why is in the moves of the job.

    evidence: what tripped, one row a check (grading/bench/suspicions.py): {code, title, sentence, facts}. document: what `Result` is made of.
    """

    kept = "What was found in a parked run"

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="parked")
    evidence: Any = models.JSONField()
    document: Any = models.JSONField()
    made_at = models.DateTimeField(auto_now_add=True)

    @property
    def is_only_no_board(self) -> bool:
        """Whether all that the staff decide is if our machine may stand for a board."""
        return {row["code"] for row in self.evidence} == {NO_BOARD}

    def __str__(self) -> str:
        return f"{self.run_id}: {', '.join(row['code'] for row in self.evidence)}"
