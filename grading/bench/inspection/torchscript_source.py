"""The code in a TorchScript archive, read as text before PyTorch reads it, and what it declares compared with what it got."""

import re
import zipfile
from collections.abc import Iterator
from typing import Any

import torch

from grading.bench.errors import BenchError
from grading.bench.inspection.traced import MOST_OPERATORS

MOST_LINES = 3 * MOST_OPERATORS  # of code; PyTorch takes minutes to read more, before anything can be counted
# PyTorch's parser calls itself for each, and crashes at some depth.
MOST_NESTED = 1_000
BRACKETS = re.compile(rb"[][(){}]")
SIGNS = re.compile(rb"(?:(?:[-~]|\bnot\b)\s*){%d}" % MOST_NESTED)
CLASS = re.compile(r"^class (\w+)\(", re.MULTILINE)
DECLARED = re.compile(r"^  (\w+) : (int|float|bool|str|Tensor)$", re.MULTILINE)
# TorchScript's name of a type -> Python's, in which its binding hands out a value. A tensor may also be undefined.
KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float,),
    "bool": (bool,),
    "str": (str,),
    "Tensor": (torch.Tensor, type(None)),
}


class Source:
    """The code of one archive: the text of each file, by its name below the folder `code`."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Raises BenchError: too_many_operators, damaged_model."""
        self.texts = {
            name.partition("/code/")[2]: archive.read(name)
            for name in archive.namelist()
            if "/code/" in name and name.endswith(".py")
        }
        if sum(text.count(b"\n") for text in self.texts.values()) > MOST_LINES:
            raise BenchError("too_many_operators", f"The code of this model has more than {MOST_LINES:,} lines.")
        if any(map(_is_deep, self.texts.values())):
            said = f"The code of this model is nested more than {MOST_NESTED:,} deep, which no compiler writes."
            raise BenchError("damaged_model", f"{said} Save the model again with torch.jit.save.")

    def check_attributes(self, module: Any) -> None:
        """What a module keeps is of the type that its class declares; PyTorch does not ask. Raises BenchError: damaged_model."""
        declared = dict(self._declared())
        for path, part in module.named_modules():
            for name, kind in declared.get(part._c.qualified_name, ()):
                value = part._c.getattr(name) if part._c.hasattr(name) else None
                if not isinstance(value, KINDS[kind]):
                    where = f"{path}.{name}".lstrip(".")[:80]
                    said = f"The attribute {where} of this model is declared as {kind}, and the file holds something else there."
                    raise BenchError("damaged_model", f"{said} Save the model again with torch.jit.save.")

    def _declared(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        """Each class by its whole name, with its attributes of a plain type."""
        for file, content in self.texts.items():
            text = content.decode("utf-8", "replace")
            starts = [*CLASS.finditer(text)]
            for start, end in zip(starts, [*(one.start() for one in starts[1:]), len(text)], strict=False):
                whole = f"{file.removesuffix('.py').replace('/', '.')}.{start[1]}"
                yield whole, [(name, kind) for name, kind in DECLARED.findall(text, start.end(), end)]


def _is_deep(text: bytes) -> bool:
    depth = 0
    for bracket in BRACKETS.finditer(text):
        depth += 1 if bracket[0] in b"([{" else -1
        if depth > MOST_NESTED:
            return True
    return SIGNS.search(text) is not None
