"""Uploaded PDFs: told by their first bytes, then opened in a process of its own with little time and memory, which says how many pages
there are. Nothing of a PDF is ever opened in the process that serves pages."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from courseplatform.core.errors import BadInput, Unavailable

HEADER_WITHIN = 1024  # readers look for the header in the first 1024 bytes
WALL_S = 15
AT_ONCE, WAIT_S = 2, 5  # children of this process; more at once would take the time of each other, and of the pages
CHILD = Path(__file__).with_name("pdf_child.py")

_slots = threading.BoundedSemaphore(AT_ONCE)


def looks_like_pdf(start: bytes) -> bool:
    return b"%PDF-" in start[:HEADER_WITHIN]


def pdf_pages(path: Path) -> int:
    """How many pages the PDF at `path` has.

    Raises:
        BadInput: `not_a_pdf`, `pdf_encrypted`, `pdf_damaged`, or `pdf_too_hard` where reading it takes more than our limits.
        Unavailable: `busy` where it was not read in time because other things run here; that says nothing about the file.
    """
    with path.open("rb") as file:
        if not looks_like_pdf(file.read(HEADER_WITHIN)):
            raise BadInput(
                "This file does not begin like a PDF. Export the report as a PDF, and choose that file.",
                code="not_a_pdf",
            )
    command = [sys.executable, "-I", "-B", str(CHILD), str(path.resolve())]
    try:
        with _slot():
            done = subprocess.run(
                command, capture_output=True, timeout=WALL_S, check=False, env={"PATH": "/usr/bin:/bin"}
            )
    except subprocess.TimeoutExpired as error:
        raise _busy() from error
    if done.returncode != 0:
        raise _too_hard()
    said = json.loads(done.stdout)
    if said.get("error") == "encrypted":
        raise BadInput(
            "This PDF asks for a password. Export it without one, and choose the new file.", code="pdf_encrypted"
        )
    if "error" in said:
        raise BadInput("This PDF cannot be opened: it is damaged, or broke off. Export it again.", code="pdf_damaged")
    return int(said["pages"])


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=WAIT_S):
        raise _busy()
    try:
        yield
    finally:
        _slots.release()


def _busy() -> Unavailable:
    return Unavailable(
        "Many files are being checked just now, so yours was not looked at yet. Nothing is wrong with it; send it again in a minute.",
        code="busy",
    )


def _too_hard() -> BadInput:
    return BadInput(
        "Reading this PDF takes more time or memory than we give. Print it into a new PDF, and choose that one.",
        code="pdf_too_hard",
    )
