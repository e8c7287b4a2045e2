"""The protocol's bodies as its published description says them (docs/api.yaml). What comes in is read in facts.py and ending.py, piece by piece: a
board is told what is wrong with its words, and never refused for one too many.
"""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import serializers

from hardware.models import CalibrationStatus, Duty, Health, Purpose

Shape = serializers.Serializer[Any]


class TokenInSchema(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "hardware.runners.api.RunnerAuthentication"
    name = "runner"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "The token of a runner, milliamp_run_..."}


class RangeShape(Shape):
    min = serializers.IntegerField()
    max = serializers.IntegerField()


class EnrollShape(Shape):
    code = serializers.CharField(help_text="as the staff were shown it; case and hyphens do not matter")
    protocol = RangeShape()
    facts = serializers.DictField(help_text="FACTS of docs/runner-protocol.md")


class EnrolledShape(Shape):
    runner = serializers.UUIDField()
    name = serializers.CharField()
    course = serializers.SlugField()
    device = serializers.SlugField()
    token = serializers.CharField(help_text="shown once")
    protocol = serializers.IntegerField()
    poll_s = serializers.IntegerField()
    beat_s = serializers.IntegerField()
    ttl_s = serializers.IntegerField()


class RotatedShape(Shape):
    token = serializers.CharField()
    old_valid_s = serializers.IntegerField()


class HeldShape(Shape):
    lease = serializers.UUIDField()
    attempt = serializers.IntegerField()


class PollShape(Shape):
    protocol = serializers.IntegerField()
    facts = serializers.DictField(help_text="FACTS")
    state = serializers.DictField(help_text="STATE")
    held = HeldShape(many=True, help_text="what the runner has not ended")


class FileToFetchShape(Shape):
    name = serializers.CharField()
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    url = serializers.CharField(help_text="a path on this site")


class WorkShape(Shape):
    lease = serializers.UUIDField()
    attempt = serializers.IntegerField(help_text="every later call names it")
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    title = serializers.CharField()
    plan = serializers.DictField(help_text="PLAN")
    files = FileToFetchShape(many=True)
    wall_s = serializers.FloatField()
    ttl_s = serializers.IntegerField()
    beat_s = serializers.IntegerField()
    start_within_s = serializers.IntegerField()


class PolledShape(Shape):
    job = WorkShape(allow_null=True)
    drop = serializers.ListField(child=serializers.UUIDField(), help_text="leases that are the runner's no more")
    duty = serializers.ChoiceField(choices=Duty.choices)
    health = serializers.ChoiceField(choices=Health.choices)
    poll_s = serializers.IntegerField()
    server_utc = serializers.DateTimeField()


class AttemptShape(Shape):
    attempt = serializers.IntegerField()


class BeatShape(AttemptShape):
    phase = serializers.CharField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    state = serializers.DictField(help_text="STATE")


class BeatenShape(Shape):
    do = serializers.ChoiceField(choices=["continue", "cancel", "drain"])


class ReleaseShape(AttemptShape):
    why = serializers.CharField()
    fault = serializers.BooleanField(help_text="it counts against the board, never against the person who waits")


class NamedFileShape(Shape):
    name = serializers.CharField()
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField()


class LogSizeShape(Shape):
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField()


class FinishShape(AttemptShape):
    outcome = serializers.ChoiceField(choices=["done", "cancelled", "infrastructure", "thermal_invalid"])
    why = serializers.CharField()
    results = NamedFileShape(allow_null=True, help_text="a file that was sent; of done alone")
    log = LogSizeShape()
    environment = serializers.DictField(help_text="ENV")


class RecordedShape(Shape):
    recorded = serializers.BooleanField()
    again = serializers.BooleanField(help_text="it had been recorded before")


class MissingShape(Shape):
    missing = serializers.ListField(child=serializers.CharField())
    log_committed = serializers.IntegerField()


class LoggedShape(Shape):
    committed = serializers.IntegerField()
    truncated = serializers.BooleanField(help_text="what comes after is not kept")


class AskCalibrationShape(Shape):
    runtime = serializers.CharField(required=False, help_text="onnx or tflite; onnx where it is not given")
    precision = serializers.CharField(required=False, help_text="fp32, or int8 with tflite; fp32 where it is not given")
    threads = serializers.IntegerField(required=False, help_text="of the runtime; 1 where it is not given")


class CalibrationShape(Shape):
    calibration = serializers.IntegerField()
    status = serializers.ChoiceField(choices=CalibrationStatus.choices)
    runtime = serializers.CharField()
    precision = serializers.CharField()
    threads = serializers.IntegerField()
    done = serializers.IntegerField(help_text="networks that were measured")
    total = serializers.IntegerField()
    why = serializers.CharField(help_text="how it ended, where that is not as measured")


class NothingShape(Shape):
    """An empty object."""
