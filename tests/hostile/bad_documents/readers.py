"""The product's own readers, by the kind of a document; and what each of them may answer."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from courseplatform.core.api_json import StrictJson
from courseplatform.core.errors import AppError
from courseplatform.core.image_files import read_image, without_metadata
from courseplatform.core.markdown import render_markdown
from courseplatform.core.pdfs import pdf_pages
from courseplatform.courses.course_file.reading import FileError, read
from courseplatform.participation.services.imports import _read as read_export
from courseplatform.roster.reading.people import parse as read_roster
from courseplatform.scribe.archive import read_archive
from grading.canvas.reading import canvas_file
from grading.energy.meter_file import metered
from grading.hidden_sets.npy import INPUTS, npy_at, value_range
from hardware.inventory.stock.reading import parse as read_stock
from hardware.profile_reading import profile_from_text
from hardware.profiles import ProfileError
from tests.hostile.bad_files.case import Case

MOST_CPU_S = (
    12.0  # of one file, with the processes that it is read in: a request ends after 30 s, and a PDF has 8 s of its own
)
RUNS = re.compile(r"<script|<[^>]*\son\w+=|(?:href|src)=\"\s*(?:javascript|data):", re.IGNORECASE)


def note(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    html = render_markdown(text, image_url=lambda source: f"/images/{len(source)}")
    assert not RUNS.search(html), "a script in what is shown"


def picture(path: Path) -> None:
    content = path.read_bytes()
    read_image(content, path.name)
    assert b"<script" not in without_metadata(content), "a script in what is kept"


READERS: dict[str, Callable[[Path], object]] = {
    "pdf": pdf_pages, "zip": lambda path: read_archive(path.read_bytes()), "slack": lambda path: read_export(path, None, "", frozenset()),
    "npy": lambda path: value_range(npy_at(path, "inputs", INPUTS)), "png": picture, "jpeg": picture, "webp": picture,
    "roster": lambda path: read_roster(path.read_bytes()), "canvas": lambda path: canvas_file(path.read_bytes()),
    "stock": lambda path: read_stock(path.read_bytes()), "meter": lambda path: metered(path.read_bytes()),
    "course": lambda path: read(path.read_bytes()), "profile": lambda path: profile_from_text("x", path.read_bytes().decode("utf-8", "replace")),
    "note": note, "json": lambda path: StrictJson().parse(BytesIO(path.read_bytes())),
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """code: of the refusal, "" where the file was taken. fault: why this is no answer, else ""."""

    code: str
    cpu_s: float
    fault: str


def told(case: Case, folder: Path) -> Told:
    path = folder / f"case.{case.name.rpartition('.')[2]}"
    path.write_bytes(case.content)
    code, fault, begin = "", "", _cpu_s()
    try:
        READERS[case.name.partition("-")[0]](path)
    except AppError as error:
        code = error.code
        fault = f"our fault: {code}" if error.http_status >= 500 else _not_said(error.code, error.message)
    except (FileError, ProfileError) as error:
        code, fault = "findings", "" if str(error).strip() else "nothing is said"
    except Exception as error:  # whatever else comes is a 500 on a page
        fault = f"{type(error).__name__}: {str(error)[:120]}"
    spent = _cpu_s() - begin
    return Told(code, spent, fault or (f"took {spent:.1f} s of a processor" if spent > MOST_CPU_S else ""))


def _cpu_s() -> float:
    return sum(os.times()[:4])


def _not_said(code: str, sentence: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]+", code):
        return f"no code: {code!r}"
    return (
        ""
        if sentence.endswith((".", ")")) and len(sentence) > 20 and "Traceback" not in sentence
        else f"no sentence: {sentence[:80]!r}"
    )
