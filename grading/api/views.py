"""Endpoints of assignments, hand-ins and runs. The same selectors and services as the pages."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import structlog
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from courseplatform.accounts.models import Scope, User
from courseplatform.core.api import USUAL_SCOPES, paged
from courseplatform.core.api_shapes import PAGE_PARAMETERS, page_of
from courseplatform.core.clock import shared_now
from courseplatform.core.content.serving import serve_stored
from courseplatform.core.errors import BadInput, NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.api import CourseApiView
from courseplatform.metrics.hand_ins import received
from grading.anonymity import masked
from grading.api import shapes
from grading.forms.handing_in import FileForm, check_envelope, upload_key_of
from grading.forms.parts import part_sent
from grading.handing_in.hand_in_rules import owner_of, pieces_of
from grading.handing_in.upload_purpose import HAND_IN, target_of
from grading.models.assignments import Assignment
from grading.models.submissions import Submission
from grading.selectors import endpoints
from grading.selectors.annotations import notes_of_hand_in
from grading.selectors.assignments import assignment_get
from grading.selectors.desk import part_get, piece_get
from grading.selectors.my_work import my_work_add
from grading.selectors.results import run_get
from grading.services.handing_in import part_arrived
from grading.services.pieces import statement_save
from grading.services.submissions import submission_create

log = structlog.get_logger(__name__)
ONE_PERSON = OpenApiParameter("person", str, description="for staff: only hand-ins of this e-mail address")


A_FILE = {
    (200, "application/octet-stream"): OpenApiTypes.BINARY,
    302: OpenApiResponse(description="The file lies on the host of uploaded content: follow without the token."),
}
OF_A_FILE = (410, 507)  # the upload that is named has ended; our disk is full


class Assignments(CourseApiView):
    """The assignments of a course, in the order of its page."""

    @extend_schema(responses=page_of(shapes.AssignmentShape), parameters=PAGE_PARAMETERS, operation_id="assignments")
    def get(self, request: Request, course: str) -> Response:
        rows = Assignment.objects.visible_to(self.visit)
        return paged(
            request, rows.select_related("course"), shapes.AssignmentShape, order=("position", "pk"),
            prepare=lambda found: my_work_add(self.visit, found, timezone.now()),
        )  # fmt: skip


class OneAssignment(CourseApiView):
    """One assignment, with what it takes and how many attempts you have left."""

    @extend_schema(responses=shapes.OneAssignmentShape, operation_id="assignment")
    def get(self, request: Request, course: str, assignment: str) -> Response:
        found: Any = assignment_get(self.visit, assignment)
        my_work_add(self.visit, [found], timezone.now())
        found.spec_or_none = found.spec if found.takes_model else None
        return Response(shapes.OneAssignmentShape(found).data)


class Submissions(CourseApiView):
    """The hand-ins to one assignment, newest first: your own; for staff those of the class."""

    scopes: ClassVar[Mapping[str, str]] = {**USUAL_SCOPES, "POST": Scope.HAND_IN.value}
    refusals: ClassVar[Mapping[str, tuple[int, ...]]] = {"POST": OF_A_FILE}

    @extend_schema(
        responses=page_of(shapes.SubmissionShape), parameters=[*PAGE_PARAMETERS, ONE_PERSON], operation_id="submissions"
    )
    def get(self, request: Request, course: str, assignment: str) -> Response:
        found = assignment_get(self.visit, assignment)
        rows = endpoints.submissions_of(self.visit, found, request.GET.get("person", ""))
        return paged(
            request, rows, shapes.SubmissionShape, order=("-received_at", "-pk"),
            prepare=self._mask,
        )  # fmt: skip

    @extend_schema(
        request={"multipart/form-data": shapes.HandInShape},
        responses={201: shapes.ReceiptShape, 200: shapes.ReceiptShape},
        operation_id="hand_in",
        description="Hand in a model. The answer is the receipt; 200 where this upload or this very file was here before.",
    )
    def post(self, request: Request, course: str, assignment: str) -> Response:
        found = assignment_get(self.visit, assignment)
        if request._request.content_type == "multipart/form-data":
            check_envelope(request._request)  # before anything is read of it
        if (said := request._request.POST.get("statement", "")).strip():
            owner = owner_of(person=self.visit.person, assignment=found, now=timezone.now())
            statement_save(owner=owner, assignment=found, text=said)
        made, created = self._arrived(request, found)
        received(request._request, made.size_bytes)
        submission: Any = endpoints.submission_brief(self.visit, made.pk)
        submission.created = created
        address = request.build_absolute_uri(reverse("api:submission", args=[made.pk]))
        return Response(
            shapes.ReceiptShape(submission).data, status=201 if created else 200, headers={"Location": address}
        )

    def _mask(self, found: list[Any]) -> None:
        for row in found:
            masked(self.visit, row)

    def _arrived(self, request: Request, assignment: Assignment) -> tuple[Submission, bool]:
        person, now = self.visit.person, shared_now()
        if request._request.POST.get("without_model", "") in {"1", "true", "True"}:
            key = upload_key_of(request._request)
            return submission_create(person=person, assignment=assignment, upload=None, upload_key=key, now=now)
        form, target = _hand_in_form(request), target_of(assignment)
        with form.arrived(person=person, purpose=HAND_IN, target=target, now=now) as file:
            return submission_create(
                person=person, assignment=assignment, upload=file.upload, upload_key=file.upload_key, now=file.at
            )


class Parts(CourseApiView):
    """The desk: the parts that lie there now, handed in or not."""

    @extend_schema(responses=shapes.PieceShape(many=True), operation_id="parts")
    def get(self, request: Request, course: str, assignment: str) -> Response:
        found = assignment_get(self.visit, assignment)
        owner = owner_of(person=self.visit.person, assignment=found, now=timezone.now())
        return Response([shapes.PieceShape(piece).data for piece in pieces_of(owner=owner, assignment=found)])


class OnePart(CourseApiView):
    """One part of the desk: what of it lies there, several models of a family."""

    scopes: ClassVar[Mapping[str, str]] = {**USUAL_SCOPES, "POST": Scope.HAND_IN.value}
    refusals: ClassVar[Mapping[str, tuple[int, ...]]] = {"POST": OF_A_FILE}

    @extend_schema(responses=shapes.PieceShape(many=True), operation_id="part")
    def get(self, request: Request, course: str, assignment: str, part: str) -> Response:
        found = assignment_get(self.visit, assignment)
        wanted = part_get(found, part)
        owner = owner_of(person=self.visit.person, assignment=found, now=timezone.now())
        pieces = [piece for piece in pieces_of(owner=owner, assignment=found) if piece.part == wanted.key]
        return Response([shapes.PieceShape(piece).data for piece in pieces])

    @extend_schema(
        request={"multipart/form-data": shapes.PutShape},
        responses=shapes.ArrivedShape,
        operation_id="put_part",
        description="Put a part on the desk, in the place of what lay there. A complete desk is handed in by itself while that is free.",
    )
    def post(self, request: Request, course: str, assignment: str, part: str) -> Response:
        found = assignment_get(self.visit, assignment)
        wanted, person, now = part_get(found, part), self.visit.person, shared_now()
        with part_sent(request._request, person=person, assignment=found, part=wanted, now=now) as sent:
            hands_in = request._request.POST.get("hand_in", "") not in {"0", "false", "False"}
            piece, handed = part_arrived(
                person=person, assignment=found, part=wanted, sent=sent, now=now, hands_in=hands_in
            )
        answer = {"piece": piece, "submission": handed.pk if handed else None}
        return Response(shapes.ArrivedShape(answer).data)


def _hand_in_form(request: Request) -> FileForm:
    """As from the page: read from Django's own request, whose upload handler writes to disk and hashes. Raises as `FileForm.of`."""
    try:
        return FileForm.of(request._request)
    except BadInput as error:
        if error.code != "bad_upload_key":
            raise
        said = "`upload_key` is missing or no UUID. Make one for each upload, and send the same one when you try again."
        raise BadInput(said, code=error.code) from error


class PieceFile(CourseApiView):
    """A part as it arrived, byte for byte."""

    def find_visit(self, person: User, **kwargs: Any) -> Visit:
        return endpoints.visit_by_piece(person, kwargs["piece"])

    @extend_schema(responses=A_FILE, operation_id="piece_file")
    def get(self, request: Request, piece: UUID) -> HttpResponseBase:
        found = piece_get(self.visit, piece)
        if not found.file_name:
            raise NotHere("This part is no file; what was written stands in `text` or `facts`.")
        return serve_stored(request, found.file, name=found.file_name)


class SubmissionView(CourseApiView):
    """Found by the key of a hand-in: the course follows from it."""

    def find_visit(self, person: User, **kwargs: Any) -> Visit:
        return endpoints.visit_by_submission(person, kwargs["submission"])


class OneSubmission(SubmissionView):
    """One hand-in: its receipt, its runs and their points."""

    @extend_schema(responses=shapes.OneSubmissionShape, operation_id="submission")
    def get(self, request: Request, submission: UUID) -> Response:
        found: Any = endpoints.submission_brief(self.visit, submission)
        if self.visit.is_staff and found.person_id != self.visit.person.pk:
            found.signature = ""  # it holds the name, which may be hidden from whoever grades
        found.read_notes = notes_of_hand_in(self.visit, found)
        return Response(shapes.OneSubmissionShape(found).data)


class SubmissionFile(SubmissionView):
    """The model as it arrived, byte for byte."""

    @extend_schema(responses=A_FILE, operation_id="submission_file")
    def get(self, request: Request, submission: UUID) -> HttpResponseBase:
        found = endpoints.submission_brief(self.visit, submission)
        if not found.sha256:
            raise NotHere("No model came with this hand-in.")
        return serve_stored(request, found.model_file, name=found.file_name)


class OneRun(CourseApiView):
    """One run: where it is, and its result once there is one."""

    def find_visit(self, person: User, **kwargs: Any) -> Visit:
        return endpoints.visit_by_run(person, kwargs["run"])

    @extend_schema(responses=shapes.RunShape, operation_id="run")
    def get(self, request: Request, run: UUID) -> Response:
        found = run_get(self.visit, run)
        return Response(shapes.RunShape(found, context={"is_staff": self.visit.is_staff}).data)
