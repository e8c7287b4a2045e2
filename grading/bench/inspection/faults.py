"""What PyTorch raises about a model, and what it says with it."""

import re

from grading.bench.errors import BenchError
from hardware.ondevice.words import useful_line

# PyTorch has no error class of its own for an operator that does not like its input.
FAULTS = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError, EOFError)
NO_MEMORY = re.compile(r"can't allocate memory|not enough memory|out of memory|std::bad_alloc", re.IGNORECASE)


def raise_if_memory(error: BaseException) -> None:
    """PyTorch reports a refused allocation as a RuntimeError among others. Raises BenchError: out_of_memory."""
    if NO_MEMORY.search(str(error)):
        said = "This model asks for more memory than a run may use. Make its layers or its input smaller."
        raise BenchError("out_of_memory", said, outcome="out_of_memory") from error


def first_line(error: BaseException) -> str:
    """The line of an error of PyTorch that says what is wrong, shortened."""
    text = str(error).partition("\nWhile executing ")[0]  # then torch.fx tells where in the graph it was
    return useful_line(text, 160) or type(error).__name__
