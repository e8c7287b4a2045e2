"""The tus protocol at /api/v1/uploads/, for programs with an access token: the answers of /uploads/ behind the API's door."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from courseplatform.accounts.api_authentication import person_of
from courseplatform.accounts.models import Scope
from courseplatform.core.api import ApiView
from courseplatform.core.api_rules import Pace
from courseplatform.core.api_shapes import ALWAYS, refusal
from courseplatform.core.audience import Audience
from courseplatform.uploads import answers, protocol
from courseplatform.uploads.answers import Asked
from courseplatform.uploads.models import Status

# A file of 500 MiB in parts of 8 MiB is 63 requests: those are counted apart, so that sending holds up nothing else.
TIMES = 5
SENDING: Mapping[str, str] = {
    "GET": Scope.READ.value,
    **dict.fromkeys(("OPTIONS", "HEAD", "POST", "PATCH", "DELETE"), Scope.HAND_IN.value),
}


class UploadShape(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="what a hand-in names as `upload_id`")
    url = serializers.CharField(help_text="where to go on, without the site")
    purpose = serializers.CharField()
    file_name = serializers.CharField()
    size_bytes = serializers.IntegerField()
    offset_bytes = serializers.IntegerField(help_text="how much of it is here")
    status = serializers.ChoiceField(choices=Status.choices)
    error_code = serializers.CharField(help_text="why it was refused; empty where it was not")
    declared_sha256 = serializers.CharField(help_text="empty: none was declared")
    sha256 = serializers.CharField(help_text="computed here; empty until all of it has arrived")
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="moves on with every byte")


class UploadsShape(serializers.Serializer[Any]):
    uploads = UploadShape(many=True)


class StartedShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()


def header(name: str, said: str, *, required: bool = True) -> OpenApiParameter:
    """A header of the protocol."""
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=said, required=required)


VERSION = header("Tus-Resumable", f"always `{protocol.VERSION}`")
OFFSET = header("Upload-Offset", "how many bytes stand before this part")
CHECKSUM = header("Upload-Checksum", "`sha256` or `sha1`, and the digest of this part in Base64", required=False)
LENGTH = header("Upload-Length", "bytes of the whole file")
METADATA = header(
    "Upload-Metadata",
    "`key value` with the value in Base64, separated by commas: `filename`, `purpose` (`hand_in`), `target` (`COURSE/LAB`), and, "
    "so that the whole file is compared, `sha256`",
)
PART = {protocol.BODY: OpenApiTypes.BINARY}
PURPOSE = OpenApiParameter("purpose", str, description="only those for this")
TARGET = OpenApiParameter("target", str, description="only those to this, such as `COURSE/LAB`; with `purpose`")
SENT = {  # what is refused of a file on its way
    "POST": (404, 410, 411, 412, 460, 507),
    "HEAD": (410, 412),
    "PATCH": (410, 411, 412, 460, 507),
    "DELETE": (409, 410, 412),
}


def said(name: str, kind: type, words: str, *statuses: int) -> OpenApiParameter:
    """A header of an answer."""
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, description=words, response=list(statuses))


HERE = [
    said("Upload-Offset", int, "how many bytes are here", 200, 201, 204),
    said("Upload-Expires", str, "until when they are kept", 200, 201, 204),
]
PLACE = said("Location", str, "where the parts go, without the site", 201)
GONE = OpenApiResponse(description="nothing of it is left")
PLACED = OpenApiResponse(description="`Upload-Offset` says how much is here, `Upload-Expires` until when it is kept")


class TusView(ApiView):
    """An endpoint that speaks tus: its headers stand on every answer, and a method may come in a header."""

    audience: ClassVar[Audience | None] = Audience.SIGNED_IN
    scopes: ClassVar[Mapping[str, str]] = SENDING
    refusals: ClassVar[Mapping[str, tuple[int, ...]]] = SENT

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.method = answers.effective_method(request)  # before scopes, pace and form token are asked for
        return super().dispatch(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        answers.framed(answer)
        return answer

    def pace(self, method: str) -> Pace:
        return Pace("part", TIMES * settings.API_PER_MINUTE) if method == "PATCH" else super().pace(method)

    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        return answers.options(self.asked(request))

    def asked(self, request: Request) -> Asked:
        return Asked(request._request, person_of(request), "api:upload")


class Uploads(TusView):
    """Files on their way."""

    http_method_names: ClassVar[list[str]] = ["get", "post", "options"]  # type: ignore[misc]

    @extend_schema(responses=UploadsShape, operation_id="uploads", parameters=[PURPOSE, TARGET])
    def get(self, request: Request) -> HttpResponse:
        """Your uploads that are on their way, or complete and not used yet: newest first, at most eight."""
        return answers.listed(self.asked(request))

    @extend_schema(
        request=PART,
        responses={201: StartedShape},
        operation_id="upload_create",
        parameters=[VERSION, LENGTH, METADATA, PLACE, *HERE],
    )
    def post(self, request: Request) -> HttpResponse:
        """Announce a file (tus: creation). `Location` says where its parts go; the first may come along."""
        return answers.create(self.asked(request))


class OneUpload(TusView):
    """One file on its way."""

    http_method_names: ClassVar[list[str]] = ["get", "head", "patch", "delete", "options"]  # type: ignore[misc]

    @extend_schema(responses=UploadShape, operation_id="upload")
    def get(self, request: Request, upload: UUID) -> HttpResponse:
        """How far it is, or what became of it. HEAD is asked by tus clients, and says it in `Upload-Offset` (scope `hand_in`)."""
        return answers.described(self.asked(request), upload)

    def head(self, request: Request, upload: UUID) -> HttpResponse:
        return answers.head(self.asked(request), upload)

    @extend_schema(
        request=PART,
        responses={204: PLACED},
        operation_id="upload_append",
        parameters=[VERSION, OFFSET, CHECKSUM, *HERE],
    )
    def patch(self, request: Request, upload: UUID) -> HttpResponse:
        """Send a part of any size, to stand behind what is here."""
        return answers.append(self.asked(request), upload)

    @extend_schema(responses={204: GONE}, operation_id="upload_discard", parameters=[VERSION])
    def delete(self, request: Request, upload: UUID) -> HttpResponse:
        """Discard it."""
        return answers.terminate(self.asked(request), upload)


def add_methods_of_tus(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """HEAD and OPTIONS, which the generator leaves out everywhere, and which a client of tus begins with."""
    paths = {path: one for path, one in result["paths"].items() if path.startswith("/api/v1/uploads/")}
    for path, methods in paths.items():
        name, where = ("upload", methods["get"]["parameters"]) if "{" in path else ("uploads", [])
        where = [one for one in where if one["in"] == "path"]
        methods["options"] = _spoken(f"{name}_options", methods["get"], where)
        if "{" in path:
            methods["head"] = _where_to_go_on(methods["get"], where)
    return result


def _spoken(name: str, like: Mapping[str, Any], where: list[Any]) -> dict[str, Any]:
    words = {
        name: {"schema": {"type": "string"}} for name in ("Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm")
    }
    answers = {"204": {"description": "what is spoken here", "headers": words}}
    return _scoped(name, "OPTIONS", like, where) | {"responses": answers | _refused("OPTIONS", where)}


def _where_to_go_on(like: Mapping[str, Any], where: list[Any]) -> dict[str, Any]:
    words = {
        "Upload-Offset": {"schema": {"type": "integer"}, "description": "how many bytes are here"},
        "Upload-Length": {"schema": {"type": "integer"}, "description": "bytes of the whole file"},
        "Upload-Expires": {"schema": {"type": "string"}, "description": "until when they are kept"},
        "Upload-Metadata": {"schema": {"type": "string"}, "description": "as it was announced"},
    }
    answers = {"200": {"description": "where to go on", "headers": words}}
    version = {
        "in": "header", "name": "Tus-Resumable", "required": True, "schema": {"type": "string"},
        "description": f"always `{protocol.VERSION}`",
    }  # fmt: skip
    return _scoped("upload_head", "HEAD", like, [version, *where]) | {"responses": answers | _refused("HEAD", where)}


def _scoped(name: str, method: str, like: Mapping[str, Any], where: list[Any]) -> dict[str, Any]:
    scope = SENDING[method]
    return {
        "operationId": name, "description": f"Of tus.\n\nScope: `{scope}`", "parameters": where, "tags": like["tags"],
        "security": [{"token": [scope]}, {"session": []}],
    }  # fmt: skip


def _refused(method: str, where: list[Any]) -> dict[str, Any]:
    statuses = sorted({*ALWAYS, 403, *((404,) if where else ()), *SENT.get(method, ())})
    return {str(status): refusal(status) for status in statuses}
