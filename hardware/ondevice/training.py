"""Train with a step that a student handed in, then let it answer held-out inputs, and say all of it in frames.

Usage: python -m hardware.ondevice.training --model FILE --fd N --nonce HEX --train X.npy --labels Y.npy --steps N --scores N
[--inputs HELD_OUT.npy] [--seed N] [--threads N] [--load-s SECONDS]

A program beside harness.py, with its pieces and its order: everything is tried on made-up inputs first. Then all training
is done, once with the labels of the training set and once with the same labels shuffled, and all that is to be said of it is
said. Only then, with the frame ``hidden``, come the held-out inputs, with zeros for labels: theirs never enter. What the
program keeps is put back before each batch of them, so that nothing is learned there.

Frames: ``progress``, ``environment``, ``model`` {inputs, outputs, findings} and ``latency`` {first_ms, samples_ms} (of the steps) as
in harness.py, with --load-s ``load_begins`` and ``load`` too; ``training`` {loss, shuffled_loss (null where it is no number), peak_bytes,
state_bytes, kept_tensors, changed_tensors, uses_labels};
``hidden`` {}; ``predictions`` (see prediction.py) with the ``state`` of which they are; ``done`` or ``error``.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hardware.ondevice import hidden, tensors
from hardware.ondevice.harness import Channel, data_at, environment, load, serve, shape
from hardware.ondevice.prediction import CHUNK_BYTES, order, piece
from hardware.ondevice.rehearsal import agree, made_up
from hardware.ondevice.session import ModelError, Options, TensorSpec, fault_of, is_about_memory
from hardware.ondevice.timing import FIRST_RUNS
from hardware.ondevice.training_program import Program, program_at
from hardware.ondevice.training_states import STATES

if TYPE_CHECKING:
    from numpy.typing import NDArray

ORDER = 0  # of the batches: the same for everybody, so that the same file gives the same curve


@dataclass(frozen=True)
class Data:
    """x: (n, *input), y: int64 (n,) of the training set. classes: how many scores there are."""

    x: NDArray[Any]
    y: NDArray[Any]
    classes: int


@dataclass(frozen=True)
class Course:
    """One training from beginning to end: the loss of each step as the program says it, its time, and what it kept in the end."""

    loss: list[float]
    step_ms: list[float]
    state: list[Any]


def measure(options: argparse.Namespace, channel: Channel) -> None:
    """Do what the options ask for. Raises ModelError where the step cannot be measured."""
    import numpy as np

    program = program_at(options.model, Options(options.threads, options.input_shape))
    data = Data(data_at(options.train), np.load(options.labels, allow_pickle=False), options.scores)
    channel.send("environment", environment(program, options.threads))
    begin = program.state()
    try:
        outputs, told = rehearse(program, data, begin)
        channel.send("model", {"inputs": specs(program.inputs), "outputs": specs(outputs), "findings": []})
        trained, shuffled = _train_twice(program, data, begin, options.steps, channel)
    except program.faults as error:
        raise fault_of("run", error) from error
    channel.send("latency", {"first_ms": trained.step_ms[:FIRST_RUNS], "samples_ms": trained.step_ms[FIRST_RUNS:]})
    channel.send("training", told | {"loss": said(trained.loss), "shuffled_loss": said(shuffled.loss)})
    if options.load_s > 0:  # what the steps learn here is put back with the states below
        batch = batches(len(data.y), program.batch, 1)[0]
        given = program.given(tensors.to_model(data.x[batch], program.inputs[0]), data.y[batch])
        load(lambda: program.call(given), program.faults, channel, options.load_s)
    if options.inputs is not None:
        states = dict(zip(STATES, (begin, trained.state, shuffled.state)))
        _answer_all(program, data_at(options.inputs), states, options, channel)


def rehearse(program: Program, data: Data, begin: list[Any]) -> tuple[list[TensorSpec], dict[str, Any]]:
    """One step on made-up inputs, twice from the same beginning, and once with other labels.

    Returns the outputs of a step, and what is true of it: {peak_bytes, state_bytes, kept_tensors, changed_tensors, uses_labels}.
    Raises ModelError: output_mismatch, non_finite_output, unstable_output.
    """
    import numpy as np

    x = made_up(data.x, program.batch, ORDER)
    y = (np.arange(program.batch) % data.classes).astype(np.int64)
    first = program.step(x, y)
    after, changed = program.state(), program.changed(begin)
    program.restore(begin)
    again = program.step(x, y)
    is_same = program.changed(after) == 0
    program.restore(begin)
    program.step(x, y[::-1])
    uses_labels = program.changed(after) > 0
    program.restore(begin)
    scores = first[1]
    if scores.shape[1] != data.classes:
        said = f"The step returns {scores.shape[1]} scores for each input. The lab asks for {data.classes}."
        raise ModelError("output_mismatch", said)
    outputs = [TensorSpec("loss", (), "float32"), TensorSpec("scores", tuple(scores.shape), "float32")]
    _check_numbers(first, again, outputs[1], is_same=is_same)
    peak_bytes = program.peak_bytes(program.given(x, y))
    program.restore(begin)
    return outputs, {
        "peak_bytes": peak_bytes, "state_bytes": program.state_bytes, "kept_tensors": program.kept_tensors, "changed_tensors": changed,
        "uses_labels": uses_labels,
    }  # fmt: skip


def _check_numbers(
    first: tuple[float, NDArray[Any]], again: tuple[float, NDArray[Any]], output: TensorSpec, *, is_same: bool
) -> None:
    import numpy as np

    if not (math.isfinite(first[0]) and np.isfinite(first[1]).all()):
        raise ModelError(
            "non_finite_output",
            "The very first step gives a loss or scores that are not a number (NaN) or infinite. Look at the weights that the program "
            "begins with, and for a logarithm of zero.",
        )
    if not (is_same and agree(first[1], again[1], output)):
        raise ModelError(
            "unstable_output",
            "From the same weights, the same batch trains differently the second time. Export the step without anything random: no "
            "dropout, no noise.",
        )


def _train_twice(program: Program, data: Data, begin: list[Any], steps: int, channel: Channel) -> tuple[Course, Course]:
    """With the labels as they are, then with the same labels at other inputs: who learns from labels learns nothing of those."""
    places = list(range(len(data.y)))
    random.Random(ORDER).shuffle(places)  # noqa: S311 an order to be repeated, not a secret
    found = []
    for turn, labels in enumerate((data.y, data.y[places])):
        program.restore(begin)

        def told(done: int, turn: int = turn) -> None:
            channel.progress("timing", turn * steps + done, 2 * steps)

        found.append(_train(program, Data(data.x, labels, data.classes), steps, told))
    return found[0], found[1]


def _train(program: Program, data: Data, steps: int, progress: Any) -> Course:
    loss: list[float] = []
    step_ms: list[float] = []
    for done, places in enumerate(batches(len(data.y), program.batch, steps), 1):
        given = program.given(tensors.to_model(data.x[places], program.inputs[0]), data.y[places])
        begun = time.perf_counter_ns()
        answered = program.call(given)
        step_ms.append(round((time.perf_counter_ns() - begun) / 1e6, 6))
        loss.append(program.read(answered)[0])
        progress(done)
    return Course(loss, step_ms, program.state())


def batches(count: int, size: int, steps: int) -> list[list[int]]:
    """Which inputs each step gets: the set in a random order that everybody has, again and again; what fills no batch is left out."""
    if not 1 <= size <= count:
        raise ValueError(f"a batch of {size} cannot be taken from {count} inputs")
    found: list[list[int]] = []
    epoch = 0
    while len(found) < steps:
        places = order(count, ORDER + epoch)
        found += [places[first : first + size] for first in range(0, count - size + 1, size)]
        epoch += 1
    return found[:steps]


def said(loss: list[float]) -> list[float | None]:
    """JSON knows no NaN."""
    return [round(value, 6) if math.isfinite(value) else None for value in loss]


def specs(found: list[TensorSpec]) -> list[dict[str, Any]]:
    return [vars(spec) | {"shape": list(spec.shape)} for spec in found]


def _answer_all(
    program: Program, data: NDArray[Any], states: dict[str, list[Any]], options: argparse.Namespace, channel: Channel
) -> None:
    """From here on the program knows what is hidden: every fault is one of hidden.py."""
    channel.hide()
    try:
        for turn, (name, state) in enumerate(states.items()):
            _answer(program, data, state, (name, turn), options, channel)
    except ModelError as error:
        raise hidden.fault(error.code if error.code in hidden.SENTENCES else "run_failed") from error
    except program.faults as error:
        raise hidden.fault("out_of_memory" if is_about_memory(error) else "run_failed") from error


def _answer(
    program: Program, data: NDArray[Any], state: list[Any], what: tuple[str, int], options: argparse.Namespace,
    channel: Channel,
) -> None:  # fmt: skip
    """All held-out inputs with one state. Rows that are no numbers become zeros: a step that diverged knows nothing."""
    import numpy as np

    name, turn = what
    indices, size = order(len(data), options.seed), program.batch
    held: list[NDArray[Any]] = []
    start = done = 0
    earliest = scores_of(program, data[indices[:size]], state)
    for first in range(0, len(indices), size):
        chosen = indices[first : first + size]
        rows = scores_of(program, data[chosen], state)
        if rows.shape[1] != options.scores:
            raise hidden.fault("output_mismatch")
        held.append(np.where(np.isfinite(rows).all(axis=1, keepdims=True), rows, 0.0).astype(np.float32))
        done += len(chosen)
        if sum(part.nbytes for part in held) >= CHUNK_BYTES or done == len(indices):
            channel.send("predictions", piece(start, np.concatenate(held)) | {"state": name})
            start, held = done, []
        channel.progress("accuracy", turn * len(indices) + done, len(STATES) * len(indices))
    if not agree(earliest, scores_of(program, data[indices[:size]], state), TensorSpec("scores", (), "float32")):
        raise hidden.fault("unstable_output")


def scores_of(program: Program, chosen: NDArray[Any], state: list[Any]) -> NDArray[Any]:
    """The scores of at most one batch with what the program kept, and labels of zeros: float32 (len(chosen), size)."""
    import numpy as np

    program.restore(state)
    batch = np.resize(chosen, (program.batch, *chosen.shape[1:]))
    zeros = np.zeros(program.batch, dtype=np.int64)
    return program.step(tensors.to_model(batch, program.inputs[0]), zeros)[1][: len(chosen)]


def parser() -> argparse.ArgumentParser:
    """The arguments of this program."""
    made = argparse.ArgumentParser(prog="training")
    for name in ("--model", "--nonce", "--train", "--labels"):
        made.add_argument(name, required=True)
    made.add_argument("--fd", type=int, required=True)
    made.add_argument("--steps", type=int, required=True)
    made.add_argument("--scores", type=int, required=True)
    made.add_argument("--inputs")
    made.add_argument("--input-shape", type=shape, action="append", default=[])
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--threads", type=int, default=1)
    made.add_argument("--load-s", type=float, default=0.0)
    return made


def main() -> None:
    """Train, and turn what the program did wrong into a frame."""
    serve(parser().parse_args(), measure)


if __name__ == "__main__":
    main()
