"""Files that are made to cost time or memory: refused, or read, in less than it takes to notice."""

import time
import tracemalloc
from contextlib import suppress

import pytest

from courseplatform.core.errors import AppError
from courseplatform.core.sheets.decode import MOST_BYTES
from courseplatform.roster.reading.columns import plain
from grading.canvas.reading import canvas_file
from tests.grading.canvas.files import HEADER

HEAD = ",".join(HEADER).encode()
WIDE = HEAD + b"," * 4_000_000
COSTLY = {
    "commas": WIDE, "blanks in a name": HEAD + b",(1)" + b" " * 4_000_000 + b"x", "parentheses": HEAD + b"," + b"(1) " * 900_000,
    "quotes": b'"' * 4_000_000, "open quotes": HEAD + b'\r\n"' + b'""' * 2_000_000 + b'"x', "lines": HEAD + b"\r\n" + b"\n" * 4_000_000,
    "signs": b";,\t|" * 1_000_000, "heads": b"sep=,\r\n" * 600_000, "a name": HEAD + b"\r\n" + b"x" * 4_000_000 + b",1,2,3,4,5",
}  # fmt: skip


@pytest.mark.parametrize("name", COSTLY)
def test_a_costly_file_is_refused_in_time(name):
    begun = time.process_time()
    with suppress(AppError):
        canvas_file(COSTLY[name][:MOST_BYTES])
    assert time.process_time() - begun < 5


def test_a_line_of_commas_takes_no_memory():
    tracemalloc.start()
    try:
        with pytest.raises(AppError) as refused:
            canvas_file(WIDE)
        assert refused.value.code == "too_many_columns" and tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


def test_the_name_of_a_column_is_read_as_before():
    assert plain("E-mail (required)") == plain("e_mail") == "email"
