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


class RefusedShape(Shape):
    """What is said where a call is refused: `error.code` is compared, `error.message` is read."""

    class OneErrorShape(Shape):
        code = serializers.CharField()
        message = serializers.CharField()
        details = serializers.DictField(required=False, help_text="committed of 416 log_offset; min and max of 426")

    error = OneErrorShape()


class IsolationShape(Shape):
    name = serializers.CharField()
    memory_limit = serializers.BooleanField(help_text="proven on this board")
    why = serializers.CharField(help_text='what is missing; "" where nothing is')


class SensorShape(Shape):
    name = serializers.CharField()
    kind = serializers.CharField()
    rail = serializers.CharField()


class FactsShape(Shape):
    install_id = serializers.CharField(min_length=32, max_length=32, help_text="hexadecimal digits, made once")
    boot_id = serializers.CharField(help_text="another one after each start of the machine")
    agent = serializers.CharField(help_text="name or version of the agent")
    python = serializers.CharField(required=False)
    machine = serializers.CharField(help_text="as uname -m says it")
    os = serializers.CharField()
    kernel = serializers.CharField()
    model = serializers.CharField(required=False)
    serial = serializers.CharField(required=False)
    cores = serializers.IntegerField(required=False)
    memory_bytes = serializers.IntegerField(required=False)
    runtimes = serializers.DictField(
        child=serializers.CharField(), help_text="format (onnx, tflite, torchscript, torch_export): version"
    )
    isolation = IsolationShape()
    sensors = SensorShape(many=True, required=False)
    clock_utc = serializers.DateTimeField(required=False)


class ThrottledShape(Shape):
    now = serializers.ListField(child=serializers.CharField())
    since_boot = serializers.ListField(child=serializers.CharField())


class StateShape(Shape):
    """null where a board does not say."""

    temperature_c = serializers.FloatField(allow_null=True, required=False)
    clock_mhz = serializers.FloatField(allow_null=True, required=False)
    governor = serializers.CharField(allow_null=True, required=False)
    throttled = ThrottledShape(allow_null=True, required=False)
    power_w = serializers.FloatField(allow_null=True, required=False)
    disk_free_bytes = serializers.IntegerField(allow_null=True, required=False)
    phase = serializers.CharField(required=False)


class LimitsShape(Shape):
    wall_s = serializers.FloatField()
    cpu_s = serializers.IntegerField()
    memory_bytes = serializers.IntegerField()
    threads = serializers.IntegerField()
    output_bytes = serializers.IntegerField(required=False)
    result_bytes = serializers.IntegerField(required=False)
    tmp_bytes = serializers.IntegerField(required=False)


class FeedShape(Shape):
    """What a step is fed with: the first `count` answers of a step before it, put into `shape`, as a file of its inputs."""

    # `from` is no name for an attribute.
    vars()["from"] = serializers.CharField(help_text="name of the step before")
    name = serializers.CharField()
    count = serializers.IntegerField()
    seed = serializers.IntegerField(help_text="of the order in which that step was given its inputs")
    shape = serializers.ListField(child=serializers.IntegerField())


class StepShape(Shape):
    name = serializers.CharField()
    entry = serializers.CharField(help_text="a module of hardware/ondevice/ that the agent knows")
    args = serializers.ListField(child=serializers.CharField(), help_text="{inputs} is the folder of the files")
    files = serializers.JSONField(
        help_text="names of files; or, where they differ, {name for the step: name in the job}"
    )
    limits = LimitsShape()
    feed = FeedShape(required=False)


class PlanShape(Shape):
    """What is left out is not asked for."""

    steps = StepShape(many=True)
    cool_below_c = serializers.FloatField(required=False, allow_null=True)
    cool_wait_s = serializers.FloatField(required=False)
    reference = StepShape(required=False, allow_null=True, help_text="before and after the steps")
    idle_s = serializers.FloatField(required=False, help_text="idle power before and after, where a sensor is")
    needs_memory_limit = serializers.BooleanField(required=False)
    runtimes = serializers.ListField(child=serializers.CharField(), required=False, help_text="all that the steps need")


class EnvironmentShape(Shape):
    facts = FactsShape()
    before = StateShape()
    after = StateShape()
    samples = serializers.ListField(
        child=serializers.ListField(), help_text="[seconds, temperature_c, clock_mhz, throttled, power_w], at most 600"
    )
    governor = serializers.CharField()
    swap_bytes = serializers.IntegerField(allow_null=True)
    cooled_s = serializers.FloatField()
    energy = serializers.DictField(allow_null=True, help_text="energy of docs/runner-protocol.md")
    bracket = serializers.DictField(allow_null=True, help_text="before_p50_ms and after_p50_ms of the reference")
    thermal = serializers.ChoiceField(choices=["ok", "throttled", "unknown"])


class RangeShape(Shape):
    min = serializers.IntegerField()
    max = serializers.IntegerField()


class EnrollShape(Shape):
    code = serializers.CharField(help_text="as the staff were shown it; case and hyphens do not matter")
    protocol = RangeShape()
    facts = FactsShape()


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
    facts = FactsShape()
    state = StateShape()
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
    plan = PlanShape()
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
    state = StateShape()


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
    environment = EnvironmentShape()


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
