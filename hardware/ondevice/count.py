"""Run a model a given number of times under Valgrind, with as little Python around each inference as there can be.

Usage: python -m hardware.ondevice.count --model FILE --format onnx|tflite --runs N [--input-shape 1x1x8x8]...

Nothing is reported from here: Valgrind counts from outside of this program. What is common to a short and a long run (starting Python,
loading the runtime and the model) falls away in their difference. Ends with status 0 only where all runs were done.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module

from hardware.ondevice import seccomp

RUNTIMES = {"onnx": "hardware.ondevice.onnx_runtime", "tflite": "hardware.ondevice.litert_runtime"}
NOT_CONFINED = 73
SEED = 0


def confine() -> None:
    """Install the system call filter, and see that it holds: from here on nothing can be started. Exits where it does not.

    It is tried on a call other than fork: after a fork that is refused, Valgrind 3.19 leaves all signals blocked and soon crashes.
    """
    if seccomp.supported():
        seccomp.install(read_only=False)
        try:
            os.memfd_create("milliamp")
        except OSError:
            return
    sys.exit(NOT_CONFINED)


def main() -> None:
    """Confine this process, load the model, run it."""
    confine()
    from hardware.ondevice import harness, tensors
    from hardware.ondevice.session import Options

    known = harness.parser()
    known.add_argument("--runs", type=int, required=True)
    options = known.parse_args([*sys.argv[1:], "--fd", "-1", "--nonce", ""])
    session = import_module(RUNTIMES[options.format]).load(options.model, Options(1, options.input_shape))
    arrays = tensors.random_inputs(session.inputs, SEED)
    infer = session.bind(arrays)
    gc.disable()
    for _ in range(options.runs):
        infer()
    sys.stdout.flush()
    os._exit(0)  # what is taken down at the end is no part of an inference


if __name__ == "__main__":
    main()
