"""Whether a board is still what it was: a golden model of ours, measured there again and again, beside the board's own baseline.

The check is an ordinary job that only this board may take, before everything else. Outside its baseline, or when the model does not run,
the board is bad and is given nothing until a person has looked at it. After LAVA's health checks, where it is also the device that is
doubted and never the job.
"""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.utils import timezone

from courseplatform.core.errors import BadInput
from hardware import leases
from hardware.inventory.services.boards import board_checked
from hardware.models import OPEN, BoardFile, BoardJob, Health, HealthCheck, Job, Outcome, Priority, Purpose, Runner
from hardware.ondevice.stats import percentile
from hardware.runners import alerts
from hardware.runners.enrolling import health_set
from hardware.runners.files import MOST_CHECK_BYTES
from hardware.runners.results import p50_ms_of, steps_read

KIND = "board_health"
EVERY, EVERY_JOBS = timedelta(hours=24), 50
BASELINE_OF = 20  # the newest good checks
GOLDEN = {"onnx": "golden-1.onnx", "tflite": "golden-1.tflite"}
FOLDER = Path(__file__).parent / "golden"
SHAPE = "1x3x48x48"
MIB = 1 << 20
LIMITS = {
    "wall_s": 120.0, "cpu_s": 120, "memory_bytes": 400 * MIB, "threads": 64, "output_bytes": MIB, "result_bytes": 16 * MIB, "tmp_bytes": 16 * MIB,
}  # fmt: skip


def why_due(runner: Runner, now: datetime) -> str:
    """Why its golden model is to be measured now; "" where it is not."""
    if runner.health != Health.GOOD:
        return runner.health_why or "not checked yet"
    if runner.checked_at is None or now - runner.checked_at >= EVERY:
        return "a day has passed"
    return f"{runner.jobs_since_check} runs since the last" if runner.jobs_since_check >= EVERY_JOBS else ""


def percent_off() -> int:
    """How far from its baseline a board may be, for sentences."""
    return int(settings.BOARD_REPEATS_PERCENT)


def farthest() -> float:
    """How far from its baseline a board may be, as a factor up or down.

    Real boards repeat to 5 to 10 % across releases of system and runtime (docs/measurement.md); a site whose boards are less steady says so.
    """
    return 1 + percent_off() / 100


def is_alike(ratio: float) -> bool:
    """Whether two times of one model on one board are as far apart as such a board repeats, and no further."""
    return 1 / farthest() <= ratio <= farthest()


def golden_file(runtime: str) -> Path | None:
    """The golden model of a runtime; None for those of torch, whose files are programs and which no board has to have."""
    return FOLDER / GOLDEN[runtime] if runtime in GOLDEN else None


def golden_step(runtime: str, name: str = "golden", file: str = "model") -> dict[str, Any]:
    """STEP of docs/runner-protocol.md that times the golden model, which lies among the job's files as `file`."""
    return {
        "name": name, "entry": "hardware.ondevice.harness", "files": [file], "limits": LIMITS,
        "args": ["--model", f"{{inputs}}/{file}", "--format", runtime, "--seed", "1", "--input-shape", SHAPE],
    }  # fmt: skip


def golden_name(runtime: str, runner: Runner) -> str:
    """Under which name times of the golden model are compared: another version of the runtime is another baseline."""
    return f"{GOLDEN.get(runtime, 'no golden model')}, {runtime} {runner.facts.get('runtimes', {}).get(runtime, '')}"[
        :60
    ]


def golden_for(runner: Runner) -> str:
    """The runtime by which this board is checked, "" where it has none of them."""
    return next((runtime for runtime in GOLDEN if runtime in runner.facts.get("runtimes", {})), "")


def check_where_due(runner: Runner, now: datetime) -> BoardJob | None:
    """Put the golden model into this board's line, where it is due and does not lie there. Inside the transaction that holds the runner."""
    why, runtime = why_due(runner, now), golden_for(runner)
    if not why or not runtime:
        return None
    if BoardJob.objects.filter(runner=runner, purpose=Purpose.HEALTH, status__in=OPEN).exists():
        return None
    plan = {
        "steps": [golden_step(runtime)],
        "cool_below_c": 60.0,
        "cool_wait_s": 180,
        "reference": None,
        "idle_s": 0,
        "needs_memory_limit": False,
    }
    job = leases.job_enqueue(
        BoardJob, kind=KIND, owner_key=f"runner:{runner.pk}", priority=Priority.NEXT, now=now, purpose=Purpose.HEALTH,
        title=f"Golden model, {why}"[:120], course=runner.course, device=runner.device, runtime=runtime, runner=runner, plan=plan, wall_s=300,
    )  # fmt: skip
    data = (FOLDER / GOLDEN[runtime]).read_bytes()
    file = BoardFile(job=job, name="model", bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    file.file.save("model", ContentFile(data), save=False)
    file.save()
    return job


def check_ended(job: Job, outcome: Outcome, result: dict[str, Any]) -> None:
    """What the golden model says of its board. Called inside the transaction that ends the job."""
    row = BoardJob.objects.select_related("runner").get(pk=job.pk)
    if row.runner_id is None or outcome == Outcome.CANCELLED:
        return
    runner, now = Runner.objects.select_for_update(of=("self",)).get(pk=row.runner_id), timezone.now()
    p50_ms, said = _measured(result) if outcome == Outcome.MEASURED else (None, "it could not be run")
    model = golden_name(row.runtime, runner)
    baseline_ms = baseline_of(runner, model) if p50_ms is not None else None
    ratio = p50_ms / baseline_ms if p50_ms is not None and baseline_ms else None
    is_well = p50_ms is not None and (ratio is None or is_alike(ratio))
    if p50_ms is not None:
        said = _words(p50_ms, baseline_ms, ratio)
    HealthCheck.objects.create(
        runner=runner,
        job=row,
        at=now,
        model=model,
        p50_ms=p50_ms,
        baseline_ms=baseline_ms,
        ratio=ratio,
        is_well=is_well,
        said=said[:300],
    )
    runner.checked_at, runner.jobs_since_check = now, 0
    health_set(runner, Health.GOOD if is_well else Health.BAD, by=runner.by, why="" if is_well else said, now=now)
    if not is_well:
        alerts.tell(runner, "bad", said=said, now=now)
    runner.save(update_fields=["checked_at", "jobs_since_check", "health", "health_why", "health_at"])
    if runner.item is not None:
        board_checked(item=runner.item, is_well=is_well, said=said, by=runner.by, now=now)


def _measured(result: dict[str, Any]) -> tuple[float | None, str]:
    file = BoardFile.objects.filter(pk=result.get("file") or 0).first()
    if file is None:
        return None, "nothing came back"
    try:
        with file.file.open("rb") as held:
            step = steps_read(held, MOST_CHECK_BYTES)[0]
    except (BadInput, OSError) as error:
        return None, str(error)
    p50_ms = p50_ms_of(step)
    return p50_ms, "" if p50_ms is not None else f"it ended as {step.ended}: {step.message or step.code}"


def _words(p50_ms: float, baseline_ms: float | None, ratio: float | None) -> str:
    if baseline_ms is None or ratio is None:
        return f"{p50_ms:.2f} ms: the first of this model and runtime, from which its baseline begins"
    change = abs(ratio - 1) * 100
    return f"{p50_ms:.2f} ms, {change:.0f} % {'slower' if ratio > 1 else 'faster'} than its baseline of {baseline_ms:.2f} ms"


def baseline_of(runner: Runner, model: str) -> float | None:
    """The median of its newest good checks of this model and runtime; None before the first."""
    good = HealthCheck.objects.filter(runner=runner, model=model, is_well=True, p50_ms__isnull=False)
    times = list(good.order_by("-at").values_list("p50_ms", flat=True)[:BASELINE_OF])
    return percentile([float(value) for value in times if value is not None], 50) if times else None
