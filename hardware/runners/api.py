"""The runner protocol over HTTP: docs/runner-protocol.md. Each endpoint reads, calls one function, and answers."""

from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from courseplatform.accounts.client_address import client_address
from courseplatform.core.api import ApiView
from courseplatform.core.api_json import StrictJson
from courseplatform.core.api_rules import CHALLENGE, Pace, PerKey, counted
from courseplatform.core.audience import Audience
from courseplatform.core.errors import BadInput, NotHere, NotSignedIn
from hardware.models import BoardCalibration, BoardJob, Runner
from hardware.runners import ending, leasing, polling, shapes
from hardware.runners.api_reading import (
    range_begin,
    read_attempt,
    read_count,
    read_held,
    read_number,
    read_object,
    read_pieces,
)
from hardware.runners.calibrating import calibration_ask, newest_of
from hardware.runners.enrolling import protocol_checked, runner_enrol, runner_of_token, token_rotate
from hardware.runners.files import MOST_FILE_BYTES, MOST_LOG_BYTES, file_add, file_to_send, log_add

CALLS_OF_A_BOARD = 10  # times the calls of a token of a person: beats, logs and files come often
WRONG_CODES_PER_MINUTE = 20  # from one address


def _answers(good: Any, *refused: int, status: int = 200) -> dict[int, Any]:
    """What a call may answer, for the published document: every one also 401 and 429."""
    return {status: good} | dict.fromkeys(sorted({*refused, 401, 429}), shapes.RefusedShape)


class RunnerAuthentication(BaseAuthentication):
    """`Authorization: Bearer milliamp_run_...`: a board, never a person."""

    def authenticate(self, request: Request) -> tuple[Runner, None]:
        """Raises NotSignedIn: `token_unknown`, `token_revoked`, or `not_signed_in`."""
        scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "")[:200].partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise NotSignedIn("A runner shows its token: Authorization: Bearer milliamp_run_...")
        return runner_of_token(secret.strip()), None

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class PerRunner(PerKey):
    """So many calls a minute for each board."""

    def who(self, request: Request) -> str:
        return f"runner:{request.user.pk}"


class WrongCodes(PerKey):
    """So many codes that nobody made, a minute and address: one is guessed by nobody, and a room of boards enrols at once."""

    def allow_request(self, request: Request, view: Any) -> bool:
        pace: Pace = view.pace(request.method)
        return counted(pace, self.who(request), more=0) < pace.per_minute

    def who(self, request: Request) -> str:
        return f"address:{client_address(request._request)}"


class Bytes(BaseParser):
    """Any body as it comes: the view reads the stream."""

    media_type = "*/*"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream


class LongJson(StrictJson):
    """The end of a run comes with its samples, one a second."""

    most_bytes = 512 << 10


class RunnerView(ApiView):
    """An endpoint for boards. Persons, their tokens and their sessions open none of these."""

    audience = Audience.RUNNERS
    authentication_classes = [RunnerAuthentication]  # noqa: RUF012 as the framework declares it
    parser_classes = [StrictJson]  # noqa: RUF012 as the framework declares it
    throttle_classes = [PerRunner]  # noqa: RUF012 as the framework declares it

    def check_permissions(self, request: Request) -> None:
        """The token was asked for; there is nothing more to be allowed."""

    @property
    def runner(self) -> Runner:
        found: Any = self.request.user
        return found  # type: ignore[no-any-return]

    def pace(self, method: str) -> Pace:
        return Pace("runner", settings.API_PER_MINUTE * CALLS_OF_A_BOARD)


class Enroll(ApiView):
    """A machine shows the code that the staff made for it, once, and gets its token."""

    audience = Audience.PUBLIC
    authentication_classes = []  # noqa: RUF012 as the framework declares it
    parser_classes = [StrictJson]  # noqa: RUF012 as the framework declares it
    throttle_classes = [WrongCodes]  # noqa: RUF012 as the framework declares it

    def pace(self, method: str) -> Pace:
        return Pace("wrong_codes", WRONG_CODES_PER_MINUTE)

    @extend_schema(
        request=shapes.EnrollShape,
        responses={201: shapes.EnrolledShape} | dict.fromkeys((404, 409, 410, 422, 426, 429), shapes.RefusedShape),
        operation_id="runner_enroll",
    )
    def post(self, request: Request) -> Response:
        said = read_object(request.data)
        asked = said.get("protocol")
        offered = asked if isinstance(asked, dict) else {}
        protocol = protocol_checked(offered.get("min"), offered.get("max"))
        try:
            runner, token = runner_enrol(
                code=str(said.get("code", "")), facts=said.get("facts"), address=client_address(request._request)
            )
        except NotHere:
            counted(self.pace("POST"), WrongCodes().who(request))
            raise
        answer = {
            "runner": str(runner.pk), "name": runner.name, "course": runner.course.slug, "device": runner.device, "token": token,
            "protocol": protocol, "poll_s": polling.POLL_S, "beat_s": leasing.BEAT_S, "ttl_s": leasing.TTL_S,
        }  # fmt: skip
        return Response(answer, status=201)


class Token(RunnerView):
    """A new token in the place of this one, which opens for ten more minutes."""

    @extend_schema(request=None, responses=_answers(shapes.RotatedShape), operation_id="runner_token")
    def post(self, request: Request) -> Response:
        return Response({"token": token_rotate(runner=self.runner), "old_valid_s": 600})


class LeaseNext(RunnerView):
    """The runner says what it is and what it holds, and is given work where there is some for it."""

    @extend_schema(
        request=shapes.PollShape, responses=_answers(shapes.PolledShape, 422, 426), operation_id="runner_lease"
    )
    def post(self, request: Request) -> Response:
        said, now = read_object(request.data), timezone.now()
        protocol_checked(said.get("protocol"), said.get("protocol"))
        poll = polling.runner_poll(
            runner=self.runner,
            facts=said.get("facts"),
            state=said.get("state"),
            held=read_held(said.get("held")),
            address=client_address(request._request),
            now=now,
        )
        return Response(
            {
                "job": _job(poll.job) if poll.job else None, "drop": poll.drop, "duty": poll.runner.status, "health": poll.runner.health,
                "poll_s": polling.POLL_S, "server_utc": now.isoformat(),
            }
        )  # fmt: skip


class Calibration(RunnerView):
    """The board asks to be calibrated, once more or again after a lost answer, and how far that is. What there is to measure comes by leases."""

    @extend_schema(
        request=shapes.AskCalibrationShape,
        responses=_answers(shapes.CalibrationShape, 409, 422) | {201: shapes.CalibrationShape},
        operation_id="runner_calibrate",
    )
    def post(self, request: Request) -> Response:
        said, runner = read_object(request.data), self.runner
        found, is_new = calibration_ask(
            runner=runner,
            by=runner.by,
            runtime=said.get("runtime", "onnx"),
            precision=said.get("precision", "fp32"),
            threads=said.get("threads", 1),
        )
        return Response(_calibration(found), status=201 if is_new else 200)

    @extend_schema(responses=_answers(shapes.CalibrationShape, 404), operation_id="runner_calibration")
    def get(self, request: Request) -> Response:
        """Raises NotHere."""
        found = newest_of(self.runner)
        if found is None:
            raise NotHere("This board was never calibrated.")
        return Response(_calibration(found))


class Start(RunnerView):
    @extend_schema(
        request=shapes.AttemptShape,
        responses=_answers(shapes.NothingShape, 404, 410, 422),
        operation_id="runner_start",
    )
    def post(self, request: Request, lease: UUID) -> Response:
        leasing.runner_start(runner=self.runner, lease=lease, attempt=read_attempt(read_object(request.data)))
        return Response({})


class Beat(RunnerView):
    @extend_schema(
        request=shapes.BeatShape, responses=_answers(shapes.BeatenShape, 404, 410, 422), operation_id="runner_beat"
    )
    def post(self, request: Request, lease: UUID) -> Response:
        said = read_object(request.data)
        do = leasing.runner_beat(
            runner=self.runner, lease=lease, attempt=read_attempt(said), phase=str(said.get("phase", "")), done=read_count(said.get("done")),
            total=read_count(said.get("total")), state=said.get("state"),
        )  # fmt: skip
        return Response({"do": do})


class Release(RunnerView):
    @extend_schema(
        request=shapes.ReleaseShape,
        responses=_answers(shapes.NothingShape, 404, 410, 422),
        operation_id="runner_release",
    )
    def post(self, request: Request, lease: UUID) -> Response:
        said = read_object(request.data)
        why, fault = str(said.get("why", "")), said.get("fault") is True
        leasing.runner_release(runner=self.runner, lease=lease, attempt=read_attempt(said), why=why, fault=fault)
        return Response({})


class Finish(RunnerView):
    """200: recorded. 202: files or a part of the log are missing; send them, and say it again."""

    parser_classes = [LongJson]  # noqa: RUF012 as the framework declares it

    @extend_schema(
        request=shapes.FinishShape,
        responses=_answers(shapes.RecordedShape, 404, 409, 410, 413, 422) | {202: shapes.MissingShape},
        operation_id="runner_finish",
    )
    def post(self, request: Request, lease: UUID) -> Response:
        said = read_object(request.data)
        end = ending.end_read(said)
        found = ending.runner_finish(runner=self.runner, lease=lease, attempt=read_attempt(said), end=end)
        is_short = bool(found.missing) or (
            found.log_committed < end.log_bytes and not found.again and found.log_committed < MOST_LOG_BYTES
        )
        if is_short:
            return Response({"missing": list(found.missing), "log_committed": found.log_committed}, status=202)
        return Response({"recorded": True, "again": found.again})


ATTEMPT = OpenApiParameter("attempt", int, required=True, description="of the lease")
RANGE = OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="bytes=N-: go on from there")
HASH = OpenApiParameter(
    "X-Content-SHA256", str, OpenApiParameter.HEADER, required=True, description="of the body, hexadecimal"
)


class Log(RunnerView):
    parser_classes = [Bytes]  # noqa: RUF012 as the framework declares it

    @extend_schema(
        request=bytes, responses=_answers(shapes.LoggedShape, 404, 410, 413, 416), operation_id="runner_log",
        parameters=[ATTEMPT, OpenApiParameter("offset", int, required=True, description="bytes of the log before this piece")],
    )  # fmt: skip
    def put(self, request: Request, lease: UUID) -> Response:
        attempt, offset = read_number(request, "attempt"), read_number(request, "offset")
        job, is_over = leasing.job_sent(self.runner, lease, attempt)
        data = b"".join(read_pieces(request, MOST_LOG_BYTES))
        committed, is_full = log_add(job=job, attempt=attempt, offset=offset, data=data, is_over=is_over)
        return Response({"committed": committed, "truncated": is_full})


class OneFile(RunnerView):
    parser_classes = [Bytes]  # noqa: RUF012 as the framework declares it

    @extend_schema(
        responses=_answers(bytes, 404, 410) | {206: bytes}, operation_id="runner_file", parameters=[ATTEMPT, RANGE]
    )
    def get(self, request: Request, lease: UUID, name: str) -> HttpResponseBase:
        job = leasing.job_held(self.runner, lease, read_number(request, "attempt"))
        row = file_to_send(job, name)
        begin = range_begin(request.META.get("HTTP_RANGE", ""), row.bytes)
        if begin is None:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{row.bytes}"})
        held = row.file.open("rb")
        held.seek(begin)
        answer = FileResponse(held, content_type="application/octet-stream", status=206 if begin else 200)
        answer["Content-Length"], answer["Accept-Ranges"] = str(row.bytes - begin), "bytes"
        if begin:
            answer["Content-Range"] = f"bytes {begin}-{row.bytes - 1}/{row.bytes}"
        return answer

    @extend_schema(
        request=bytes, responses=_answers(shapes.NamedFileShape, 404, 409, 410, 413, 422), operation_id="runner_file_put",
        parameters=[ATTEMPT, HASH],
    )  # fmt: skip
    def put(self, request: Request, lease: UUID, name: str) -> Response:
        attempt = read_number(request, "attempt")
        job, is_over = leasing.job_sent(self.runner, lease, attempt)
        sha256 = request.META.get("HTTP_X_CONTENT_SHA256", "").lower()
        if len(sha256) != 64:
            raise BadInput(
                "The header X-Content-SHA256 is missing: the hash of the body in hexadecimal digits.", code="hash_wrong"
            )
        pieces = read_pieces(request, MOST_FILE_BYTES)
        row = file_add(job=job, attempt=attempt, name=name, sha256=sha256, pieces=pieces, is_over=is_over)
        return Response({"name": row.name, "bytes": row.bytes, "sha256": row.sha256})


def _calibration(found: BoardCalibration) -> dict[str, Any]:
    return {
        "calibration": found.pk, "status": found.status, "runtime": found.runtime, "precision": found.precision,
        "threads": found.threads, "done": found.rows.count(), "total": found.total,
        "why": found.why,
    }  # fmt: skip


def _job(job: BoardJob) -> dict[str, Any]:
    files = [
        {
            "name": row.name,
            "bytes": row.bytes,
            "sha256": row.sha256,
            "url": f"/api/runner/v1/lease/{job.pk}/files/{row.name}?attempt={job.attempt}",
        }
        for row in job.files.filter(attempt=0).order_by("name")
    ]
    return {
        "lease": str(job.pk), "attempt": job.attempt, "purpose": job.purpose, "title": job.title, "plan": job.plan, "files": files, "wall_s": job.wall_s,
        "ttl_s": leasing.TTL_S, "beat_s": leasing.BEAT_S, "start_within_s": leasing.LONGEST_START_S,
    }  # fmt: skip


protocol: list[Any] = [
    path("enroll", Enroll.as_view(), name="enroll"),
    path("token", Token.as_view(), name="token"),
    path("calibration", Calibration.as_view(), name="calibration"),
    path("lease", LeaseNext.as_view(), name="lease"),
    path("lease/<uuid:lease>/start", Start.as_view(), name="start"),
    path("lease/<uuid:lease>/beat", Beat.as_view(), name="beat"),
    path("lease/<uuid:lease>/release", Release.as_view(), name="release"),
    path("lease/<uuid:lease>/finish", Finish.as_view(), name="finish"),
    path("lease/<uuid:lease>/log", Log.as_view(), name="log"),
    path("lease/<uuid:lease>/files/<str:name>", OneFile.as_view(), name="file"),
]
