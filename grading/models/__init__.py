"""What is handed in, run and marked. Inside the project, import from the module that defines a name; Django needs them here."""

from grading.models.assignments import Assignment, AssignmentKind, HiddenSet
from grading.models.runs import Result, Run
from grading.models.submissions import Submission

__all__ = ["Assignment", "AssignmentKind", "HiddenSet", "Result", "Run", "Submission"]
