"""Measure one model on this machine: load it, time it, predict with it, and say all of it in frames.

Usage: python -m hardware.ondevice.harness --model FILE --format FORMAT --fd N --nonce HEX [--input-shape 1x1x8x8]...
[--input-type float32]... [--inputs FILE.npy] [--scores N] [--seed N] [--threads N] [--no-timing] [--load-s SECONDS]

The order of things is part of the protection: everything is tried on made-up inputs first, where it may be quoted; with
the frame ``hidden`` the model gets to see hidden inputs, and from then on only the sentences of hidden.py are said.

Frames: ``progress`` {phase, done, total}; ``environment``; ``model`` {inputs, outputs, findings}; ``latency``
{first_ms, samples_ms}; with --load-s, for whoever reads a power meter, ``load_begins`` {} and ``load`` {inferences,
seconds}; ``pairs`` (see pairs.py); ``hidden`` {}; ``predictions`` (see prediction.py); at the end ``done`` or
``error`` {code, message, outcome, details}.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from hardware.ondevice import pairs, tensors, timing
from hardware.ondevice.frames import write_frame
from hardware.ondevice.prediction import predict
from hardware.ondevice.rehearsal import rehearse
from hardware.ondevice.session import ModelError, Options, Session, TensorSpec, fault_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

RUNTIMES = {
    "onnx": "hardware.ondevice.onnx_runtime",
    "tflite": "hardware.ondevice.litert_runtime",
    "torchscript": "hardware.ondevice.torchscript_runtime",
    "torch_export": "hardware.ondevice.torch_export_runtime",
}
PROGRESS_EVERY_S = 0.2
DATA_TYPES = ("float32", "uint8", "int8")


class Ran(Protocol):
    """What ran a model, by name and version."""

    runtime: str
    version: str


class Channel:
    """Frames to whoever watches; progress at most five times a second."""

    def __init__(self, fd: int, nonce: str) -> None:
        self._fd, self._nonce = fd, nonce
        self._last_progress = 0.0
        self.is_hiding = False

    def send(self, kind: str, body: dict[str, Any]) -> None:
        """Write one frame."""
        write_frame(self._fd, self._nonce, kind, body)

    def hide(self) -> None:
        """Say that hidden inputs go in now."""
        self.is_hiding = True
        self.send("hidden", {})

    def progress(self, phase: str, done: int, total: int) -> None:
        """Say how far a phase is, unless that was said a moment ago."""
        now = time.monotonic()
        if now - self._last_progress >= PROGRESS_EVERY_S:
            self._last_progress = now
            self.send("progress", {"phase": phase, "done": done, "total": total})


def measure(options: argparse.Namespace, channel: Channel) -> None:
    """Do what the options ask for. Raises ModelError where the model cannot be measured."""
    session = _load(options)
    channel.send("environment", environment(session, options.threads))
    if options.inputs is None:
        _send_model(session, [], channel)
        if options.timing:
            _send_latency(session, tensors.random_inputs(session.inputs, options.seed), channel, options.load_s)
        return
    data = data_at(options.inputs)
    dtype = str(data.dtype)
    spec = tensors.check_input(session.inputs, tuple(data.shape[1:]), dtype)
    rehearsal = rehearse(session, data, options.seed, options.scores)
    _send_model(session, tensors.conversions(spec, session.outputs[0], dtype), channel)
    if options.timing:
        example = [tensors.to_model(rehearsal.inputs[: spec.shape[0]].copy(), spec)]
        _send_latency(session, example, channel, options.load_s)
        channel.send("pairs", pairs.measure(session, rehearsal.inputs, spec))
    channel.hide()
    predict(
        session,
        data,
        rehearsal,
        options.seed,
        lambda piece: channel.send("predictions", piece),
        lambda done, total: channel.progress("accuracy", done, total),
    )


def _load(options: argparse.Namespace) -> Session:
    runtime = import_module(RUNTIMES[options.format])
    session: Session = runtime.load(options.model, Options(options.threads, options.input_shape, options.input_type))
    if not session.inputs or not session.outputs:
        raise ModelError("no_inputs", "The model takes no input or gives no output, so there is nothing to measure.")
    return session


def data_at(path: str) -> NDArray[Any]:
    """Inputs of a lab, read as they are needed. Raises ValueError."""
    import numpy as np

    data: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    if str(data.dtype) not in DATA_TYPES or data.ndim < 2 or not len(data):
        raise ValueError(
            f"The lab's inputs are {data.dtype} of shape {data.shape}, not {' or '.join(DATA_TYPES)} with one row for each input."
        )
    return data


def _send_model(session: Session, findings: list[dict[str, str]], channel: Channel) -> None:
    named = {"inputs": _specs(session.inputs), "outputs": _specs(session.outputs), "findings": findings}
    channel.send("model", named)


def _send_latency(session: Session, example: list[NDArray[Any]], channel: Channel, load_s: float) -> None:
    try:
        infer = session.bind(example)
        latency = timing.measure(
            infer,
            timing.Scenario(),
            lambda done, total: channel.progress("timing", done, total),
        )
    except session.faults as error:
        raise fault_of("run", error) from error
    rounded = {name: [round(value, 6) for value in values] for name, values in vars(latency).items()}
    channel.send("latency", rounded)
    if load_s > 0:
        load(infer, session.faults, channel, load_s)


def load(run: Callable[[], object], faults: tuple[type[Exception], ...], channel: Channel, seconds: float) -> None:
    """Run the model for so long and nothing else, for whoever reads a power meter. Raises ModelError."""
    channel.send("load_begins", {})
    try:
        inferences, took_s = timing.repeat(run, seconds)
    except faults as error:
        raise fault_of("run", error) from error
    channel.send("load", {"inferences": inferences, "seconds": round(took_s, 6)})


def _specs(specs: Sequence[TensorSpec]) -> list[dict[str, Any]]:
    return [vars(spec) | {"shape": list(spec.shape)} for spec in specs]


def environment(session: Ran, threads: int) -> dict[str, Any]:
    """What a time depends on besides the model."""
    return {
        "python": platform.python_version(),
        "runtime": session.runtime,
        "runtime_version": session.version,
        "cpu": cpu_name(),
        "machine": platform.machine(),
        "threads": threads,
    }


def cpu_name() -> str:
    """The processor's name by /proc/cpuinfo ("model name" on x86, "Model" on a Raspberry Pi), else the architecture."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                if key.strip() in {"model name", "Model"} and value.strip():
                    return value.strip()
    except OSError:
        pass
    return os.uname().machine


def shape(text: str) -> tuple[int, ...]:
    """A shape written as 1x3x32x32, or scalar for no dimensions. Raises ArgumentTypeError."""
    if text == "scalar":
        return ()
    if not re.fullmatch(r"[1-9]\d{0,8}(x[1-9]\d{0,8}){0,7}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a shape such as 1x3x32x32")
    return tuple(int(size) for size in text.split("x"))


def dtype(text: str) -> str:
    """The name of a type of numbers, as a report gives it. Raises ArgumentTypeError."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{2,19}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a type such as float32")
    return text


def parser() -> argparse.ArgumentParser:
    """The harness's arguments."""
    made = argparse.ArgumentParser(prog="harness")
    made.add_argument("--model", required=True)
    made.add_argument("--format", required=True, choices=sorted(RUNTIMES))
    made.add_argument("--fd", type=int, required=True)
    made.add_argument("--nonce", required=True)
    made.add_argument("--inputs")
    made.add_argument("--input-shape", type=shape, action="append", default=[])
    made.add_argument("--input-type", type=dtype, action="append", default=[])
    made.add_argument("--scores", type=int)
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--threads", type=int, default=1)
    made.add_argument("--load-s", type=float, default=0.0)
    made.add_argument("--no-timing", dest="timing", action="store_false")
    return made


def main() -> None:
    """Measure one model."""
    serve(parser().parse_args(), measure)


def serve(options: argparse.Namespace, measure: Callable[[argparse.Namespace, Channel], None]) -> None:
    """Measure, and turn what the model did wrong into a frame; what we did wrong leaves as a traceback and a frame. Does not return."""
    channel = Channel(options.fd, options.nonce)
    try:
        measure(options, channel)
        channel.send("done", {})
    except ModelError as fault:
        body = {"code": fault.code, "message": fault.message, "outcome": fault.outcome, "details": fault.details}
        channel.send("error", body)
    except MemoryError:
        message = "The model asked for more memory than is allowed here."
        channel.send("error", {"code": "out_of_memory", "message": message, "outcome": "out_of_memory", "details": {}})
    except Exception as error:
        # The outermost frame of this process. Everything a model can cause was caught above, so this is a fault of
        # ours.
        message = f"The measuring program failed: {type(error).__name__}"
        message += "" if channel.is_hiding else f": {error}"
        channel.send("error", {"code": "harness_fault", "message": message, "outcome": "infrastructure", "details": {}})
        raise
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # a runtime's exit handlers are a stranger's code too, and those of torch take a tenth of a second


if __name__ == "__main__":
    main()
