"""What all isolations have in common: the order for the launcher, the pipes, the watching."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from hardware.ondevice.launch import Confinement, Order
from hardware.ondevice.sandbox import watcher
from hardware.ondevice.sandbox.layout import NOBODY
from hardware.ondevice.sandbox.request import INPUTS, FrameHandler, Place, SandboxRequest, SandboxResult, TickHandler

OPEN_FILES = 256
LAUNCHER = (sys.executable, "-m", "hardware.ondevice.launch")


def make_order(
    request: SandboxRequest,
    result_fd: int,
    inputs: Path,
    *,
    keep_reading: bool = False,
    readable: list[str] | None = None,
    read_only: bool = False,
    limit_threads: bool = True,
    place: Place | None = None,
) -> bytes:
    """What the launcher reads first: how it is confined, and the order for ``request`` with its files in ``inputs``.

    With a ``place`` the order stays away until it is known.
    """
    confinement = Confinement(
        fd=result_fd,
        open_files=OPEN_FILES,
        uid=NOBODY if os.geteuid() == 0 else None,
        keep_reading=keep_reading,
        readable=readable,
        read_only=read_only,
        imports=list(request.imports) if place else [],
        prepared=place.prepared if place else None,
        with_filter=not request.filters_itself,
    )
    first = json.dumps(asdict(confinement)).encode("utf-8") + b"\n"
    return first if place else first + order_line(request, inputs, limit_threads=limit_threads)


def order_line(request: SandboxRequest, inputs: Path, *, limit_threads: bool = True) -> bytes:
    """The launcher's order for ``request`` with its files in the folder ``inputs``, as one line of JSON."""
    limits = request.limits
    order = Order(
        nonce=request.nonce,
        entry=request.entry.replace(INPUTS, str(inputs)),
        args=[argument.replace(INPUTS, str(inputs)) for argument in request.args],
        cpu_s=limits.cpu_s,
        address_space_bytes=limits.address_space_bytes,
        file_bytes=limits.tmp_bytes,
        threads=limits.threads if limit_threads else None,
    )
    return json.dumps(asdict(order)).encode("utf-8") + b"\n"


@contextlib.contextmanager
def carried(data: bytes) -> Iterator[int]:
    """A descriptor from which a helper reads ``data``. What stands in its command line, a model could read in /proc."""
    fd = os.memfd_create("milliamp")
    try:
        with open(fd, "wb", closefd=False) as file:
            file.write(data)
        os.lseek(fd, 0, os.SEEK_SET)
        yield fd
    finally:
        os.close(fd)


def run_and_watch(
    request: SandboxRequest,
    isolation: str,
    on_frame: FrameHandler | None,
    on_tick: TickHandler | None,
    start: Callable[[int], subprocess.Popen[bytes]],
) -> SandboxResult:
    """Make the result pipe, start with its writing end, and watch to the end."""
    reading, writing = os.pipe()
    try:
        process = start(writing)
    except OSError as error:
        os.close(reading)
        return _not_started(isolation, error)
    except BaseException:
        os.close(reading)
        raise
    finally:
        with contextlib.suppress(OSError):
            os.close(writing)
    watch = watcher.Watch(process, reading, request.nonce, request.limits, isolation, on_frame, on_tick)
    return watch.run()


def _not_started(isolation: str, error: OSError) -> SandboxResult:
    return SandboxResult(
        ended="infrastructure",
        code="sandbox_failed",
        message=f"The sandbox did not start: {error.strerror} ({error.filename})",
        frames=(),
        exit_code=None,
        signal=None,
        stderr_tail="",
        wall_s=0.0,
        cpu_s=0.0,
        peak_rss_bytes=0,
        isolation=isolation,
    )
