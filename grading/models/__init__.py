"""What is handed in, run and marked. Inside the project, import from the module that defines a name; Django needs them here."""

from grading.models.annotations import Annotation, AnnotationVersion
from grading.models.assignments import Assignment, AssignmentKind, HiddenSet
from grading.models.boards import BoardAsk, BoardRun
from grading.models.book import BookExport, CanvasColumn, CanvasFile
from grading.models.class_points import ClassPoint, Nickname
from grading.models.counts import CountRun
from grading.models.desk import GradingSheet, Snippet
from grading.models.grade_now import GradeNow
from grading.models.grades import GradeEvent, GradeKind, GradeRelease, ReleasedTo, RubricItem, RubricOption
from grading.models.late_days import Accommodation, Excuse, Extension, LateEntry, LateRequest, LateStale, LateVerdict
from grading.models.meters import MeterReading, MeterWord
from grading.models.parked import ParkedResult
from grading.models.passback import Passback, PassbackScore, PassbackTry, ScoreState
from grading.models.pieces import Piece
from grading.models.power import PowerReading, PowerReadingTakenBack
from grading.models.refits import Refit, RefitMove, RefitStatus
from grading.models.regrades import RegradeMove, RegradeRequest, RegradeStatus
from grading.models.reruns import PointsBefore, Rerun, RerunItem, RerunJob, RerunMove
from grading.models.research import ResearchConsent, ResearchRule
from grading.models.runs import Result, Run
from grading.models.submissions import Submission
from grading.models.variants import VariantRun

__all__ = [
    "Accommodation",
    "Annotation",
    "AnnotationVersion",
    "Assignment",
    "AssignmentKind",
    "BoardAsk",
    "BoardRun",
    "BookExport",
    "CanvasColumn",
    "CanvasFile",
    "ClassPoint",
    "CountRun",
    "Excuse",
    "Extension",
    "GradeEvent",
    "GradeKind",
    "GradeNow",
    "GradeRelease",
    "GradingSheet",
    "HiddenSet",
    "LateEntry",
    "LateRequest",
    "LateStale",
    "LateVerdict",
    "MeterReading",
    "MeterWord",
    "Nickname",
    "ParkedResult",
    "Passback",
    "PassbackScore",
    "PassbackTry",
    "Piece",
    "PointsBefore",
    "PowerReading",
    "PowerReadingTakenBack",
    "Refit",
    "RefitMove",
    "RefitStatus",
    "RegradeMove",
    "RegradeRequest",
    "RegradeStatus",
    "ReleasedTo",
    "Rerun",
    "RerunItem",
    "RerunJob",
    "RerunMove",
    "ResearchConsent",
    "ResearchRule",
    "Result",
    "RubricItem",
    "RubricOption",
    "Run",
    "ScoreState",
    "Snippet",
    "Submission",
    "VariantRun",
]  # fmt: skip
