"""What in a measurement looks too good, or otherwise than an honest model looks. Pure: facts in, evidence out.

No line here is a verdict. A run with one is kept back for the staff, who read it, so each says the numbers that it rests on. The bounds are
wide: one that trips on a busy machine would park honest work. A neighbour only ever makes a time longer, so what is compared is the
shortest of one kind with the middle of the other, or whole phases.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from statistics import median
from typing import Any

from grading.bench.graph import OpClass
from grading.bench.host_peak import peak_macs_per_s
from grading.bench.measurement import Measurement
from grading.bench.report import OperatorReport, Report
from grading.bench.signs import ProcessSigns, Signs
from hardware.profiles import DeviceProfile

# A model that remembers its answers is far faster at what it has seen: even the fastest new input takes half more than one that was seen.
UNIQUE_RATIO, UNIQUE_MS = 1.5, 0.03
# Start-up may use several threads for a moment.
CPU_RATIO, CPU_SLACK_S = 1.15, 0.5
# What passes between two timed inferences is little; a third of the phase and a second more is not.
SAID_RATIO, SAID_SLACK_S = 3.0, 1.0
LOST_SHARE, LEAST_LOST = 0.25, 8
LEAST_MACS = 100_000  # below, the time is that of the call
LEAST_CALL_MS = (
    0.002  # asked of boards, whose clock is not ours; an empty graph takes ONNX Runtime 0.0045 ms on a server of today
)
SAVED_BY_FAST_CONVOLUTION = 4  # Winograd's F(4x4, 3x3) multiplies a quarter as often (Lavin and Gray, 2016)
SPARE_BYTES, SPARE_SHARE = 1 << 20, 0.5
# Numbers in one element. Far more is a weight that another layer shares, counted there, with a bias of its own here.
PACKED = (1.5, 16.0)
LAYERS = {OpClass.CONV, OpClass.DEPTHWISE, OpClass.DENSE, OpClass.MATMUL}
# AVX2, which is what Valgrind offers, multiplies 32 pairs of bytes or 8 pairs of floats in an instruction; fast convolutions save a
# factor of up to 4 in multiplications.
LEAST_INSTRUCTIONS_PER_MAC = {8: 1 / 128, 32: 1 / 32}


@dataclass(frozen=True)
class Suspicion:
    """code: stable, for programs. title, sentence: for the staff. facts: the numbers, JSON-ready."""

    code: str
    title: str
    sentence: str
    facts: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "title": self.title, "sentence": self.sentence, "facts": self.facts}


@dataclass(frozen=True)
class Answers:
    """On the same inputs: how many were right, how many of them only as they are and how many only a little changed. held, looked_for:
    hidden inputs that the file holds (grading/bench/canaries.py). means: what counts as right, as a sentence; "" where that is plain."""

    count: int
    lost: int
    won: int
    held: int = 0
    looked_for: int = 0
    means: str = ""


@dataclass(frozen=True)
class Roof:
    """The most multiply-accumulates a second that a processor does, and whose they are, as a sentence begins."""

    macs_per_s: float
    whose: str


def roof_of(device: DeviceProfile | None) -> Roof | None:
    """Of a board, from the peaks of its profile; None where nobody gave one. All its cores and its accelerator count, and fast convolutions."""
    if device is None or not device.best_peak_gops:
        return None
    return Roof(device.best_peak_gops * 1e9 / 2 * SAVED_BY_FAST_CONVOLUTION, f"A {device.name}")


def look(report: Report, measurement: Measurement, answers: Answers, roof: Roof | None = None) -> list[dict[str, Any]]:
    """All that looks wrong in one measurement; usually nothing. roof: of the board that measured; None: one core of this machine did."""
    found = [
        *_timing(measurement.signs),
        *_speed(report, measurement, roof),
        *_by_heart(answers),
        *_spare_bytes(report),
        *_packed(report),
    ]
    return [one.to_json() for one in found]


def look_at_training(answers: Answers, quality: Mapping[str, Any], *, is_untaught: bool) -> list[dict[str, Any]]:
    """The same of a training step, whose times nothing rests on.

    quality: as grading/ml_tasks/scoring/training_step.py writes it. is_untaught: whether it grew better with shuffled labels.
    """
    return [one.to_json() for one in (*_by_heart(answers), *(_without_labels(quality) if is_untaught else ()))]


def _without_labels(quality: Mapping[str, Any]) -> Iterator[Suspicion]:
    """Scores that grow better by the number of calls, or by weights that lie ready in the file."""
    before, after = quality["before_accuracy"], quality["shuffled_accuracy"]
    yield Suspicion(
        "learns_without_labels", "It grows better with labels that are wrong",
        f"Trained with the labels of the training set shuffled among its inputs, it goes from {100 * before:.1f} % of the held-out inputs "
        f"to {100 * after:.1f} %; with the true ones to {100 * quality['accuracy']:.1f} %. Who learns from labels learns nothing of shuffled ones.",
        {"before": before, "shuffled": after, "after": quality["accuracy"]},
    )  # fmt: skip


def _timing(signs: Signs) -> Iterator[Suspicion]:
    yield from _remembers(signs)
    for process in signs.processes:
        yield from _works_aside(process)
        yield from _clock_differs(process)


def _remembers(signs: Signs) -> Iterator[Suspicion]:
    if not signs.same_ms:
        return
    same, unique = median(signs.same_ms), min(signs.unique_ms)
    if unique > UNIQUE_RATIO * same and unique - same > UNIQUE_MS:
        yield Suspicion(
            "slower_on_new_inputs", "Faster on an input that it has seen",
            f"The same input again takes {same:.3f} ms (median), a new one at least {unique:.3f} ms. A model that only computes takes as "
            "long for both; one that keeps answers does not.",
            {"same_ms": same, "unique_ms": unique, "pairs": len(signs.same_ms)},
        )  # fmt: skip


def _works_aside(process: ProcessSigns) -> Iterator[Suspicion]:
    if process.cpu_s > CPU_RATIO * process.wall_s + CPU_SLACK_S:
        yield Suspicion(
            "more_threads_than_given", "It works in more threads than it was given",
            f"The process used {process.cpu_s:.1f} s of processor time within {process.wall_s:.1f} s; with one thread it cannot use more "
            "than has passed. Work in the background is not in the times.",
            {"cpu_s": process.cpu_s, "wall_s": process.wall_s, "threads": 1},
        )  # fmt: skip


def _clock_differs(process: ProcessSigns) -> Iterator[Suspicion]:
    passed, said = process.timing_wall_s, process.timing_said_s
    if passed is not None and passed > SAID_RATIO * said + SAID_SLACK_S:
        yield Suspicion(
            "clock_differs", "Its times do not add up to the time that passed",
            f"The inferences are said to have taken {said:.2f} s together; by our clock outside they took {passed:.2f} s.",
            {"said_s": said, "passed_s": passed},
        )  # fmt: skip


def _speed(report: Report, measurement: Measurement, roof: Roof | None) -> Iterator[Suspicion]:
    fastest = min(measurement.host.medians_ms or [measurement.host.p50_ms])
    if roof is not None and fastest < LEAST_CALL_MS:
        yield Suspicion(
            "faster_than_a_call", "Faster than a runtime can be called",
            f"Its inferences are said to take {fastest:.4f} ms. To hand an input to a runtime and take the output takes more than "
            f"{LEAST_CALL_MS} ms on any processor, so these times were not measured.",
            {"ms": fastest, "least_ms": LEAST_CALL_MS},
        )  # fmt: skip
    if report.macs < LEAST_MACS or fastest <= 0:
        return
    bits = min((float(bits) for bits, share in report.weight_bits.items() if share), default=32.0)
    roof = roof or Roof(peak_macs_per_s(bits), "One core here")
    implied, peak = report.macs / fastest * 1e3, roof.macs_per_s
    if implied > peak:
        yield Suspicion(
            "faster_than_the_processor", "Faster than this processor can multiply",
            f"{report.macs:,} multiply-accumulates in {fastest:.3f} ms are {implied / 1e9:.0f} GMAC/s. {roof.whose} does at most "
            f"{peak / 1e9:.0f}, so they were not all done.",
            {"macs": report.macs, "ms": fastest, "implied_macs_per_s": implied, "peak_macs_per_s": peak},
        )  # fmt: skip


def _by_heart(answers: Answers) -> Iterator[Suspicion]:
    lost = answers.lost - answers.won
    if lost >= max(LEAST_LOST, LOST_SHARE * answers.count):
        yield Suspicion(
            "knows_inputs_by_heart", "It loses its answers when an input is changed a little",
            f"Of {answers.count} hidden inputs, {answers.lost} are answered right as they are and wrong when every value is scaled by at "
            f"most 2 %; {answers.won} the other way round. A model that learned the task answers both alike. {answers.means}".strip(),
            {"inputs": answers.count, "lost": answers.lost, "won": answers.won},
        )  # fmt: skip
    if answers.held:
        yield Suspicion(
            "holds_hidden_inputs", "The file holds hidden inputs",
            f"{answers.held} of {answers.looked_for} hidden inputs that were looked for stand in the model file, byte for byte.",
            {"held": answers.held, "looked_for": answers.looked_for},
        )  # fmt: skip


def _spare_bytes(report: Report) -> Iterator[Suspicion]:
    spare = report.bytes - report.weight_bytes
    if spare > SPARE_BYTES and spare > SPARE_SHARE * report.bytes:
        yield Suspicion(
            "bytes_outside_the_weights", "Most of the file is not its weights",
            f"The file has {report.bytes:,} bytes; the weights that the graph uses take {report.weight_bytes:,} of them. The rest may be "
            "training state or a large table, or weights that are hidden from the count.",
            {"bytes": report.bytes, "weight_bytes": report.weight_bytes},
        )  # fmt: skip


def _packed(report: Report) -> Iterator[Suspicion]:
    """Several numbers in one stored element: the layer multiplies with more weights than the file has elements for it."""
    for op in report.operators:
        used = _weights_used(op, channels_last=report.format == "tflite")
        if op.params and PACKED[0] <= used / op.params <= PACKED[1]:
            yield Suspicion(
                "weights_unpacked", "A layer uses more weights than are stored for it",
                f"Operator {op.index + 1} ({op.op}) multiplies with {used:,.0f} weights, made of {op.params:,} stored ones. Several numbers "
                "may be packed in each, which would make parameters and bits look fewer.",
                {"operator": op.index, "used": used, "stored": op.params},
            )  # fmt: skip
            return


def _weights_used(op: OperatorReport, *, channels_last: bool) -> float:
    """Elements that a layer multiplies with: its MACs for one place of its output, over all channels. 0 where that is not known."""
    outputs = prod(op.output_shape)
    if op.op_class not in LAYERS or not outputs:
        return 0.0
    slides = op.op_class in {OpClass.CONV, OpClass.DEPTHWISE} and len(op.output_shape) > 2
    return op.macs * op.output_shape[1 if slides and not channels_last else -1] / outputs


def too_few_instructions(per_inference: float, report: Report) -> Suspicion | None:
    """Whether a count of instructions (hardware/ondevice/count.py) is below what the multiply-accumulates alone need."""
    if report.macs < LEAST_MACS:
        return None
    is_narrow = any(float(bits) <= 8 and share for bits, share in report.weight_bits.items())
    least = LEAST_INSTRUCTIONS_PER_MAC[8 if is_narrow else 32]
    if per_inference >= least * report.macs:
        return None
    return Suspicion(
        "too_few_instructions", "Fewer instructions than its multiply-accumulates need",
        f"{per_inference:,.0f} instructions for {report.macs:,} multiply-accumulates are {per_inference / report.macs:.4f} each; at least "
        f"{least:.4f} are needed. Some of what was counted in the file is not computed.",
        {"instructions": per_inference, "macs": report.macs, "least_per_mac": least},
    )  # fmt: skip
