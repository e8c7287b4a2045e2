"""Become Valgrind's Callgrind, and let it run count.py: the entry of a sandbox that counts instructions.

Usage: python -m hardware.ondevice.count_start --model FILE --format FORMAT --runs N [--input-shape 1x1x8x8]... --fd N --nonce HEX

Called after every right is given up but for one: the system call filter would refuse to start a program, so count.py installs it as the
first thing it does, before the model is opened. A filter holds for the whole process, so for Valgrind too.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys

ADDR_NO_RANDOMIZE = 0x0040000
NOT_STARTED = 72
# Nothing of Callgrind's profile is kept: the sum of all instructions is in its last words on standard error.
OPTIONS = ("--tool=callgrind", "--callgrind-out-file=/dev/null", "--vgdb=no")


def arguments(given: list[str]) -> list[str]:
    """Those for count.py: without the channel, of which neither Valgrind nor the model should know."""
    kept, skip = [], False
    for word in given:
        if skip or word in {"--fd", "--nonce"}:
            skip = not skip
            continue
        kept.append(word)
    return kept


def within_reach(given: list[str]) -> list[str]:
    """The same with a copy of the model in the scratch folder: a right to read what only its owner may is lost in an exec."""
    place = given.index("--model") + 1
    copy = os.path.join(os.environ["TMPDIR"], "model")
    shutil.copyfile(given[place], copy)
    return [*given[:place], copy, *given[place + 1 :]]


def main() -> None:
    """Fix the address layout, then exec. Returns only where that fails."""
    program = shutil.which("valgrind")
    if program is None:
        sys.exit(NOT_STARTED)
    # Where memory lies changes what hash tables and copies do, by a few instructions each time.
    ctypes.CDLL(None).personality(ctypes.c_ulong(ADDR_NO_RANDOMIZE))
    command = [
        program,
        *OPTIONS,
        sys.executable,
        "-m",
        "hardware.ondevice.count",
        *within_reach(arguments(sys.argv[1:])),
    ]
    os.execv(program, command)  # noqa: S606 the list is ours, no shell is meant


if __name__ == "__main__":
    main()
