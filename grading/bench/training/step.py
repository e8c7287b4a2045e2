"""What one update step costs by one method, whatever the device: bytes, multiply-accumulates, and what rests on what."""

from dataclasses import dataclass, field
from typing import Any

from grading.bench.cost.features import Step
from grading.bench.errors import BenchError
from grading.bench.report import Report
from grading.bench.training.keeping import Rule
from grading.bench.training.parameters import Trained, last_layer, own, trained_by
from grading.bench.training.setting import METHOD_WORDS, Method, Setting
from grading.bench.training.tape import BYTES, Peak, peak_of, tape_of
from grading.bench.training.work import Macs, macs_of, steps_of_update


@dataclass(frozen=True)
class Memory:
    """Bytes of one step, by rule what the backward pass keeps. All in float32.

    weights_bytes: of the model, and what the method adds. changing_bytes: of these, what the step changes. gradients_bytes: of all
    trained parameters at once. optimizer_bytes: its state. kept_bytes: what waits when the loss is computed, for the whole batch.
    peak: the fullest moment, for one input; the batch multiplies it where `per_batch`.
    """

    weights_bytes: int
    changing_bytes: int
    gradients_bytes: int
    optimizer_bytes: int
    kept_bytes: int
    peak: Peak
    batch: int

    @property
    def fixed_bytes(self) -> int:
        """What does not grow with the batch."""
        return self.weights_bytes + self.gradients_bytes + self.optimizer_bytes

    @property
    def peak_bytes(self) -> int:
        return self.fixed_bytes + self.batch * self.peak.bytes


@dataclass(frozen=True)
class Update:
    """One step by one method. why: why it cannot be used on this model; then all else is nothing.

    pytorch: the same with what PyTorch keeps. assumed: operators in no table. steps: for the cost model.
    """

    method: Method
    why: str = ""
    trained_params: int = 0
    memory: Memory | None = None
    pytorch: Memory | None = None
    macs: Macs = field(default_factory=Macs)
    batch: int = 1
    assumed: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Agreed keys: docs/measurement.md, Training on the device. Bytes and multiply-accumulates of the whole batch."""
        found: dict[str, Any] = {"method": str(self.method), "title": METHOD_WORDS[self.method], "why": self.why}
        if self.memory is None or self.pytorch is None:
            return found
        mine, other = self.memory, self.pytorch
        return found | {
            "trained_params": self.trained_params,
            "weights_bytes": mine.weights_bytes, "gradients_bytes": mine.gradients_bytes, "optimizer_bytes": mine.optimizer_bytes,
            "activations_at_peak_bytes": mine.batch * mine.peak.kept_bytes, "transient_bytes": mine.batch * mine.peak.transient_bytes,
            "peak_bytes": mine.peak_bytes, "fixed_bytes": mine.fixed_bytes, "changing_bytes": mine.changing_bytes,
            "per_input_bytes": mine.peak.bytes if mine.batch == self.batch else 0, "kept_bytes": mine.kept_bytes,
            "pytorch_kept_bytes": other.kept_bytes, "pytorch_peak_bytes": other.peak_bytes,
            "pytorch_per_input_bytes": other.peak.bytes if other.batch == self.batch else 0,
            "macs": self.macs.total * self.batch, "forward_macs": self.macs.forward * self.batch,
            "weight_gradient_macs": self.macs.weight_gradient * self.batch,
            "input_gradient_macs": self.macs.input_gradient * self.batch, "assumed": list(self.assumed),
        }  # fmt: skip


def update_of(report: Report, method: Method, setting: Setting) -> Update:
    """One step by one method.

    Raises:
        BenchError: unknown_structure, for a report of before it said what each operator reads.
    """
    if len(report.operators) > 1 and not any(operator.sources for operator in report.operators):
        said = "This result was stored before it was kept which operator reads from which."
        raise BenchError("unknown_structure", f"{said} Run the model again to see what training it costs.")
    trained = trained_by(method, report, setting.rank)
    if trained.why:
        return Update(method, why=trained.why)
    return _imprinted(report, setting) if method is Method.IMPRINT else _trained(report, method, trained, setting)


def _trained(report: Report, method: Method, trained: Trained, setting: Setting) -> Update:
    tapes = {rule: tape_of(report, trained, rule) for rule in Rule}
    added = sum(adapter.params for adapter in (trained.adapters or {}).values())
    count = added + _changed(report, trained)

    def memory(rule: Rule) -> Memory:
        return Memory(
            weights_bytes=BYTES * (report.params + added), changing_bytes=BYTES * count, gradients_bytes=BYTES * count,
            optimizer_bytes=BYTES * count * setting.state_per_parameter,
            kept_bytes=setting.batch * tapes[rule].kept_bytes(), peak=peak_of(tapes[rule]), batch=setting.batch,
        )  # fmt: skip

    tape = tapes[Rule.NEEDED]
    return Update(
        method, trained_params=count, memory=memory(Rule.NEEDED), pytorch=memory(Rule.PYTORCH), macs=macs_of(tape),
        batch=setting.batch, assumed=tape.assumed, steps=tuple(steps_of_update(tape, setting, count)),
    )  # fmt: skip


def _changed(report: Report, trained: Trained) -> int:
    weights = sum(own(op).weight for op in report.operators if op.index in trained.weights)
    return weights + sum(own(op).bias for op in report.operators if op.index in trained.biases)


def _imprinted(report: Report, setting: Setting) -> Update:
    """A new row of the last layer is the mean of the embeddings of its examples, which come one after the other.

    H. Qi, M. Brown, D. G. Lowe: Low-Shot Learning with Imprinted Weights, 2018. Memory is that of one inference up to the last
    layer, and the sum; no gradient is computed, and no score.
    """
    last = last_layer(report)
    assert last is not None  # `trained_by` has said so
    tape = tape_of(report, Trained(), Rule.NEEDED)
    embedding = last.kernel.in_channels if last.kernel else last.input_elements
    peak = peak_of(tape)
    memory = Memory(
        weights_bytes=BYTES * (report.params + embedding), changing_bytes=BYTES * embedding, gradients_bytes=0, optimizer_bytes=0,
        kept_bytes=BYTES * embedding, peak=Peak(BYTES * embedding, peak.bytes), batch=1,
    )  # fmt: skip
    steps = steps_of_update(tape, setting, 0, until=last.index)
    return Update(
        Method.IMPRINT, trained_params=embedding, memory=memory, pytorch=memory, macs=macs_of(tape, until=last.index),
        batch=setting.batch, steps=tuple(steps),
    )  # fmt: skip
