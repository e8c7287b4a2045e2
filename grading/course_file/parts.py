"""The key `parts` of an assignment in the course file."""

from collections.abc import Iterator
from typing import Any

from courseplatform.courses.course_file.reading import Finding, Source
from courseplatform.courses.course_file.words import choice, count, flag, line, listed, mapping, number, slug
from grading.families.labels import listed as in_words
from grading.families.sides import Shapes, odd_sizes
from grading.parts import KINDS, MOST_FILE_MB, MOST_LETTERS, MOST_MODELS, MOST_ROWS, wrong_with
from grading.spec import SpecError
from grading.spec.inputs import read_input
from grading.spec.reader import Reader

ENDING = {"type": "string", "pattern": r"^\.[a-z0-9]{1,12}$", "description": "An ending with its dot: .ipynb"}
HOST = {
    "type": "string",
    "pattern": r"^[a-z0-9.-]{3,100}$",
    "description": "A host name; those below it are meant too.",
}
SIZE = count("Side of the input, in pixels.", 1, 4096)
PART = mapping(
    "One thing that is handed in.",
    ("key", "kind", "title"),
    key={**slug("Its name in the record; never reused for something else."), "maxLength": 40},
    kind=choice("What it is.", *KINDS),
    title=line("As it stands on the page: Report, one page.", 80),
    note=line("What is expected of it.", 300),
    required_=flag("Off: the hand-in is complete without it.", default=True),
    pages=count("pdf: most pages; left out: any number.", 1, 1000),
    max_mb=number("pdf, file: largest file in MiB; left out: 20 for a PDF, 100 for another file.", 0.01, MOST_FILE_MB),
    endings=listed(ENDING, "file: the endings its name may have.", 20),
    columns=listed(line("The head of a column.", 60), "table: its columns; left out: those of the student.", 20),
    rows=count("table: fewest rows; left out: 1.", 1, MOST_ROWS),
    hosts=listed(HOST, "link: where it may point; left out: anywhere.", 20),
    letters=count("text: most letters; left out: 20 000.", 1, MOST_LETTERS),
    least=count("models: fewest variants; left out: 2.", 1, MOST_MODELS),
    most=count("models: most variants; left out: 40.", 1, MOST_MODELS),
    vary=listed(line("What varies: depth.", 30), "models: what varies from one variant to the next.", 6),
    alone=flag("models: no single model is handed in beside the family.", default=False),
    sizes=listed(SIZE, "models: sides of the input that a variant may have beside that of bench.", 12),
)
PARTS = listed(
    PART, "What is handed in, beside the model that `bench` asks for and the statement; left out: nothing.", 20
)


def parts_check(source: Source, n: int, item: dict[str, Any]) -> Iterator[Finding]:
    for m, code, said in wrong_with(item.get("parts", []), is_benchmarked="bench" in item):
        yield Finding(source.line("assignments", n, "parts", m), code, f"{item['short']}: {said}")
    shapes = _shapes_of(item)
    for m, part in enumerate(item.get("parts", [])):
        if shapes is not None and (odd := odd_sizes(shapes, part.get("sizes", []))):
            said = f"The hidden pictures cannot be averaged down to {in_words([str(side) for side in odd])}: a side divides that of bench."
            yield Finding(source.line("assignments", n, "parts", m), "size_does_not_divide", f"{item['short']}: {said}")


def _shapes_of(item: dict[str, Any]) -> Shapes | None:
    """What the lab gives; None where its spec cannot be read, which the check of the spec says."""
    if "bench" not in item:
        return {}
    try:
        return read_input(Reader(item["bench"], "spec").sub("input")).shapes
    except SpecError:
        return None
