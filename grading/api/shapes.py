"""What the API says about assignments, hand-ins and runs: each field written down, so that a new column tells nobody anything."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from courseplatform.core.api_shapes import UtcField
from grading.late_rows.preview import CostNow
from grading.models.annotations import Annotation, NoteKind
from grading.models.assignments import Assignment, AssignmentKind
from grading.models.late_days import LateVerdict
from grading.models.pieces import Piece
from grading.models.runs import Run
from grading.models.submissions import Submission
from grading.parts import KINDS, Part
from grading.queue.forecast import Range
from grading.selectors.late_words import kept_verdict, late_seconds
from grading.selectors.my_work import MyWork
from grading.selectors.run_live import RunWait, run_wait
from grading.selectors.run_measured import metric_rows, result_json
from grading.spec import BenchSpec
from hardware.models import Outcome, Status


class CostShape(serializers.Serializer[CostNow]):
    """What a hand-in at this moment would cost, as the policy counts it."""

    days_late = serializers.IntegerField(source="verdict.days_late")
    free_days_used = serializers.IntegerField(source="verdict.free_days_used", help_text="of them, paid by the bank")
    max_percent = serializers.FloatField(
        source="verdict.max_percent", help_text="the most that it could still earn, of the points"
    )
    accepted = serializers.BooleanField(source="verdict.accepted", help_text="false: the policy takes it no more")
    bank_left = serializers.IntegerField(
        source="left", allow_null=True, help_text="what the bank holds before it; null: no bank pays for it"
    )
    explanation = serializers.ListField(source="verdict.explanation", child=serializers.CharField())


class MyWorkShape(serializers.Serializer[MyWork]):
    due_at = UtcField(allow_null=True, help_text="for you: extensions and accommodations moved it")
    team = serializers.CharField(
        source="team.slug", default=None, allow_null=True, help_text="whose attempt it would be; null: your own"
    )
    state = serializers.CharField(help_text="in a word or two, for people: not begun, in line, measured, overdue")
    attempts_left = serializers.IntegerField(help_text="of your team, where teams hand in")
    submission = serializers.UUIDField(
        source="standing.submission.pk",
        default=None,
        allow_null=True,
        help_text="the hand-in that stands for it; null: none",
    )
    earned = serializers.DecimalField(
        source="standing.earned",
        max_digits=6,
        decimal_places=2,
        default=None,
        allow_null=True,
        help_text="its measured points",
    )
    of = serializers.DecimalField(source="standing.of", max_digits=6, decimal_places=2, default=None, allow_null=True)
    cost = CostShape(
        allow_null=True,
        help_text="of handing in now; null: no late rule or due time is stated, nothing is taken now, or you are staff",
    )


class AssignmentShape(serializers.Serializer[Assignment]):
    slug = serializers.SlugField()
    kind = serializers.ChoiceField(choices=AssignmentKind.choices)
    short = serializers.CharField(help_text="Lab 3")
    title = serializers.CharField()
    released_at = UtcField(allow_null=True, help_text="null: open from the start")
    due_at = UtcField(allow_null=True, help_text="null: no due time is stated, so nothing is late")
    points = serializers.DecimalField(max_digits=6, decimal_places=2)
    takes_model = serializers.BooleanField(help_text="whether models are handed in here")
    takes_anything = serializers.BooleanField(help_text="whether anything is handed in on this site")
    is_draft = serializers.BooleanField(help_text="seen by the staff alone until it is published")
    attempts_allowed = serializers.IntegerField()
    mine = MyWorkShape(help_text="what it is for you")


class LimitsShape(serializers.Serializer[BenchSpec]):
    formats = serializers.ListField(child=serializers.CharField())
    max_bytes = serializers.IntegerField()
    input_shapes = serializers.DictField(
        source="input.shapes", child=serializers.ListField(child=serializers.IntegerField()), help_text="by layout"
    )
    classes = serializers.ListField(child=serializers.CharField())
    device = serializers.CharField(help_text="the board whose memory and storage it must fit")
    devices = serializers.ListField(
        child=serializers.CharField(), help_text="all boards that the lab names, that one first"
    )


class PartShape(serializers.Serializer[Part]):
    key = serializers.SlugField(help_text="its name in addresses")
    kind = serializers.ChoiceField(choices=[*KINDS, "statement", "model"])
    title = serializers.CharField()
    note = serializers.CharField()
    is_required = serializers.BooleanField()
    pages = serializers.IntegerField(help_text="of a PDF: most pages; 0: any number")
    max_bytes = serializers.IntegerField(help_text="of a file")
    columns = serializers.ListField(child=serializers.CharField(), help_text="of a table; empty: any")
    hosts = serializers.ListField(child=serializers.CharField(), help_text="of a link; empty: any")
    least = serializers.IntegerField(help_text="of a family of models")
    most = serializers.IntegerField(help_text="of a family of models")


class PieceShape(serializers.Serializer[Piece]):
    id = serializers.UUIDField()
    part = serializers.SlugField()
    kind = serializers.CharField()
    person = serializers.EmailField(source="person.email", help_text="who put it there")
    saved_at = UtcField()
    text = serializers.CharField(help_text="of a text, a link or a statement")
    facts = serializers.DictField(
        source="data", help_text="of a table, of contributions; of a PDF its pages; of a variant its labels"
    )
    file_name = serializers.CharField(help_text="empty where it is no file")
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField(help_text="of the file, or of what was written")


class OneAssignmentShape(AssignmentShape):
    summary = serializers.CharField(help_text="Markdown")
    attempts_left = serializers.IntegerField(source="mine.attempts_left")
    parts = PartShape(source="all_parts", many=True, help_text="what is handed in, in the order of the page")
    limits = LimitsShape(source="spec_or_none", allow_null=True, help_text="null: no model is taken")


class RunBriefShape(serializers.Serializer[Run]):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Status.choices)
    outcome = serializers.ChoiceField(
        choices=Outcome.choices, allow_blank=True, help_text="how it ended; empty while it is open"
    )
    error_code = serializers.CharField(help_text="why nothing was measured; empty where it was")
    queued_at = UtcField()
    finished_at = UtcField(allow_null=True)
    earned = serializers.DecimalField(
        source="result.earned",
        max_digits=6,
        decimal_places=2,
        default=None,
        allow_null=True,
        help_text="measured points, extra credit included",
    )
    of = serializers.DecimalField(
        source="result.of", max_digits=6, decimal_places=2, default=None, allow_null=True,
        help_text="what the lab is worth; extra credit comes on top, so earned may be more",
    )  # fmt: skip
    graded_by = serializers.CharField(
        source="result.graded_by",
        default=None,
        allow_null=True,
        help_text="which machine measured, in the words of the result page; null: nothing was measured",
    )


class LateShape(serializers.Serializer[LateVerdict]):
    days_late = serializers.IntegerField(help_text="late units as the policy counts them, after extensions")
    free_days_used = serializers.IntegerField(help_text="paid by the bank")
    penalty_percent = serializers.DecimalField(max_digits=5, decimal_places=2)
    max_percent = serializers.DecimalField(max_digits=5, decimal_places=2, help_text="what perfect work would get")
    accepted = serializers.BooleanField(help_text="false: the policy refuses it")
    explanation = serializers.ListField(child=serializers.CharField())


class SubmissionShape(serializers.Serializer[Submission]):
    id = serializers.UUIDField()
    course = serializers.SlugField(source="assignment.course.slug")
    assignment = serializers.SlugField(source="assignment.slug")
    person = serializers.EmailField(source="person.email", help_text="who handed it in")
    team = serializers.CharField(
        source="team.slug", default=None, allow_null=True, help_text="whose attempt it is; null: the person's own"
    )
    number = serializers.IntegerField(help_text="the attempt, from 1")
    receipt = serializers.CharField(help_text="proof that it arrived; quote it")
    received_at = UtcField()
    due_at = UtcField(allow_null=True, help_text="the due time that held when it arrived")
    late_s = serializers.SerializerMethodField(
        help_text="seconds after the due time; 0 where the late policy finds it on time"
    )
    late = serializers.SerializerMethodField(
        help_text="what the late policy says of it; null where none is stated, or where another attempt counts"
    )
    file_name = serializers.CharField(help_text="of the model; empty: none is there")
    format = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    model_from = serializers.UUIDField(
        source="model_from_id", allow_null=True, help_text="the hand-in whose model and measurement this one keeps"
    )
    parts = PieceShape(source="pieces", many=True, help_text="what was handed in beside the model")
    counts = serializers.BooleanField(allow_null=True, help_text="uses up an attempt; null until its run has ended")
    is_active = serializers.BooleanField(help_text="the attempt that the grade rests on")
    runs = RunBriefShape(source="model_runs", many=True, help_text="of its model, newest first")

    def get_late_s(self, submission: Submission) -> int:
        return late_seconds(submission)

    @extend_schema_field(LateShape(allow_null=True))
    def get_late(self, submission: Submission) -> dict[str, Any] | None:
        kept = kept_verdict(submission)
        return LateShape(kept).data if kept is not None else None


class ReportNoteShape(serializers.Serializer[Annotation]):
    piece = serializers.UUIDField(source="piece_id", help_text="the report, as `parts` names it")
    number = serializers.IntegerField(help_text="within the report; never given twice")
    page = serializers.IntegerField(help_text="from 1")
    kind = serializers.ChoiceField(choices=NoteKind.choices)
    boxes = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()),
        help_text="left, top, right, bottom each, in shares of the page from its upper left corner",
    )
    quote = serializers.CharField(help_text="the words that are marked; may be empty")
    text = serializers.CharField(help_text="Markdown")
    item = serializers.SlugField(
        source="item.key", default=None, allow_null=True, help_text="the item of the rubric; null: none"
    )
    by = serializers.CharField()
    made_at = UtcField()


class OneSubmissionShape(SubmissionShape):
    signature = serializers.CharField(
        help_text="the signed receipt: what manage.py verify_receipt takes; empty for staff, from whom it would tell a hidden name"
    )
    notes = ReportNoteShape(
        source="read_notes",
        many=True,
        help_text="in its reports; for whose grade rests on it once that is released, for staff always",
    )


class HandInShape(serializers.Serializer[Any]):
    """What is sent, as multipart/form-data."""

    model = serializers.FileField(required=False, help_text="the model file; or `upload_id`")
    upload_id = serializers.UUIDField(required=False, help_text="a complete resumable upload of yours: docs/api.md")
    without_model = serializers.BooleanField(
        required=False, help_text="hand in the parts that lie on the desk, with the model that counts so far"
    )
    statement = serializers.CharField(
        required=False,
        max_length=2000,
        help_text="the collaboration statement, where one is needed; saved before anything else",
    )
    upload_key = serializers.UUIDField(
        help_text="made by you, one for each upload: sent again with the same one, nothing is recorded twice"
    )


class PutShape(serializers.Serializer[Any]):
    """What is sent for a part, as multipart/form-data."""

    file = serializers.FileField(required=False, help_text="of a file, or a table as CSV; or `upload_id`")
    upload_id = serializers.UUIDField(required=False, help_text="a complete resumable upload of yours: docs/api.md")
    upload_key = serializers.UUIDField(
        required=False,
        help_text="for a file: made by you, one for each; sent again with the same one, nothing is put twice",
    )
    text = serializers.CharField(
        required=False,
        help_text="of a text, a link, a statement, or a table as CSV. Contributions: `did-E-MAIL` for each member",
    )
    hand_in = serializers.BooleanField(
        required=False,
        help_text="false: hand in nothing by itself, since a model follows in a moment; the two are one attempt then",
    )


class ArrivedShape(serializers.Serializer[Any]):
    piece = PieceShape()
    submission = serializers.UUIDField(allow_null=True, help_text="the hand-in that it completed; null: none yet")


class ReceiptShape(SubmissionShape):
    signature = serializers.CharField(help_text="the signed receipt: what manage.py verify_receipt takes")
    created = serializers.BooleanField(help_text="false: this upload or this very file was here before")


class RunErrorShape(serializers.Serializer[Run]):
    code = serializers.CharField(source="error_code")
    message = serializers.CharField(source="error_message")


class ProgressShape(serializers.Serializer[Run]):
    phase = serializers.CharField(help_text="of a pipeline with the number of its stage: timing:2")
    done = serializers.IntegerField(source="progress_done")
    total = serializers.IntegerField(source="progress_total")


class RangeShape(serializers.Serializer[Range]):
    low_s = serializers.FloatField()
    high_s = serializers.FloatField()


class WaitShape(serializers.Serializer[RunWait]):
    """Of a run that is open: its place, and what is promised."""

    title = serializers.CharField(help_text="for people: 3rd in line, or Measuring: accuracy")
    sentence = serializers.CharField(help_text="for people: how long it still takes, or why nothing moves")
    ahead = serializers.IntegerField(allow_null=True, help_text="how many are measured before it; null: it is its turn")
    starts_in = RangeShape(
        allow_null=True, help_text="eight in ten come inside; null: it has begun, or nothing is known"
    )
    ends_in = RangeShape(allow_null=True, help_text="the same, until its result is there")
    ask_again_s = serializers.IntegerField(help_text="when it is worth asking again")


class MetricShape(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    value = serializers.FloatField()
    unit = serializers.CharField(help_text="share, bytes, ms, mj, macs, count and others; empty: none is known")
    basis = serializers.CharField(help_text="counted, measured or modelled")


class RunShape(serializers.Serializer[Run]):
    id = serializers.UUIDField()
    submission = serializers.UUIDField(source="submission_id")
    status = serializers.ChoiceField(choices=Status.choices)
    outcome = serializers.ChoiceField(choices=Outcome.choices, allow_blank=True)
    error = serializers.SerializerMethodField(help_text="why nothing was measured; null where it was, or still may be")
    progress = ProgressShape(source="*")
    queued_at = UtcField()
    started_at = UtcField(allow_null=True)
    finished_at = UtcField(allow_null=True)
    wait = serializers.SerializerMethodField(help_text="null once it has ended, and while the staff look at it")
    metrics = serializers.SerializerMethodField(help_text="the metrics of the result by name; empty without one")
    result = serializers.SerializerMethodField(
        help_text="the document of the result page: report, host, metrics, quality, points, environment, earned, of; null without one"
    )

    @extend_schema_field(RunErrorShape(allow_null=True))
    def get_error(self, run: Run) -> dict[str, str] | None:
        return RunErrorShape(run).data if run.error_code else None

    @extend_schema_field(WaitShape(allow_null=True))
    def get_wait(self, run: Run) -> dict[str, Any] | None:
        found = run_wait(run, timezone.now(), is_staff=bool(self.context.get("is_staff")))
        return WaitShape(found).data if found else None

    @extend_schema_field(MetricShape(many=True))
    def get_metrics(self, run: Run) -> list[dict[str, Any]]:
        return metric_rows(run.result) if hasattr(run, "result") else []

    @extend_schema_field({"type": ["object", "null"], "additionalProperties": {}})
    def get_result(self, run: Run) -> dict[str, Any] | None:
        return result_json(run.result) if hasattr(run, "result") else None
