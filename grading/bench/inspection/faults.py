"""What PyTorch raises about a model, and what it says with it."""

import re

from grading.bench.errors import BenchError

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
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # A traceback of TorchScript ends with what went wrong; all else begins with it.
    told = [line for line in lines if line.startswith(("RuntimeError:", "ValueError:"))][-1:] or lines
    return (told[0] if told else type(error).__name__)[:160]
