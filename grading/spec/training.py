"""The key `training` of a spec: which ways of training a lab looks at, and the metrics that speak of them."""

from typing import Any

from grading.bench.training.setting import MOST_BATCH, MOST_RANK, OPTIMIZERS, Method, Setting
from grading.spec.reader import Reader, SpecError

# metric: (unit on the page, basis). All of them are of the first method of the lab, on a batch of its size.
TRAINING_METRICS: dict[str, tuple[str, str]] = {
    "training_step_peak_bytes": ("bytes", "counted"),
    "training_step_macs": ("macs", "counted"),
    "training_params": ("count", "counted"),
    # Of the lab's first device. No calibration measured training, so the last two are always left to the staff.
    "training_largest_batch": ("count", "counted"),
    "training_step_latency_ms": ("ms", "modelled"),
    "training_step_energy_mj": ("mj", "modelled"),
}
TRAINING_WORDS = {
    "training_step_peak_bytes": "Memory of one update step", "training_step_macs": "Multiply-accumulates of one update step",
    "training_params": "Parameters that train", "training_largest_batch": "Largest batch that fits the board",
    "training_step_latency_ms": "Time of one update step on the board, for the staff to judge",
    "training_step_energy_mj": "Energy of one update step on the board, for the staff to judge",
}  # fmt: skip
OF_A_DEVICE = ("training_largest_batch", "training_step_latency_ms", "training_step_energy_mj")


def read_training(raw: Any, place: str = "spec.training") -> Setting:
    """{methods, optimizer, batch, rank}; what is left out is usual: all methods, plain SGD, 8 inputs, rank 4. Raises SpecError."""
    reader, usual = Reader(raw, place), Setting()
    methods = _methods(reader, usual)
    found = Setting(
        methods=methods,
        optimizer=reader.choice("optimizer", tuple(OPTIMIZERS), usual.optimizer),
        batch=_whole(reader, "batch", usual.batch, MOST_BATCH),
        rank=_whole(reader, "rank", usual.rank, MOST_RANK),
    )
    reader.done()
    return found


def _methods(reader: Reader, usual: Setting) -> tuple[Method, ...]:
    names = reader.take_list("methods", list(usual.methods))
    known = [str(method) for method in Method]
    if unknown := [name for name in names if name not in known]:
        raise SpecError(f"{reader.place}.methods: {str(unknown[0])[:40]} is not one of {', '.join(known)}.")
    if not names or len(set(names)) < len(names):
        raise SpecError(f"{reader.place}.methods: name one at least, and each once.")
    return tuple(Method(name) for name in names)


def _whole(reader: Reader, key: str, usual: int, most: int) -> int:
    value = reader.number(key, float(usual))
    if not value.is_integer() or not 1 <= value <= most:
        raise SpecError(f"{reader.place}.{key}: give a whole number from 1 to {most}.")
    return int(value)
