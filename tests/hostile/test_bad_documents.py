"""Bad files that are no models, against the product's own readers: each gets a coded sentence, or is taken for what is good in it.

A part, in a few seconds; `python -m tests.load.bad_files documents` tries more than a thousand.
"""

import resource

import pytest

from tests.hostile.bad_documents import every_document
from tests.hostile.bad_documents.readers import READERS, told

# Of the PDFs, each in a process of its own, those that cost a reader most or are no PDF in truth.
PDFS = (
    "page-loop", "many-pages", "deep-tree", "nested-arrays", "object-bomb", "xref-size", "xref-width", "encrypted", "prev-loop", "page.",
    "cut-half", "flip-00",
)  # fmt: skip
MOST_MORE_MIB = 700


@pytest.fixture(scope="module")
def documents():
    return every_document(turned=2)


def test_there_are_several_hundred_of_all_kinds_beside_the_models(documents):
    kinds = [case.name.partition("-")[0] for case in documents]
    assert len(documents) > 300 and min(kinds.count(kind) for kind in READERS) >= 8


def test_each_bad_document_gets_a_coded_sentence_in_little_time_and_memory(documents, tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    chosen = [case for case in documents if not case.name.startswith("pdf-") or any(part in case.name for part in PDFS)]
    found = {case.name: told(case, tmp_path) for case in chosen}
    assert {name: one.fault for name, one in found.items() if one.fault} == {}
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10) - before < MOST_MORE_MIB
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith("case.")] == []


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("zip-name-up.zip", "unsafe_path"), ("zip-bomb.zip", "zip_bomb"), ("zip-many.zip", "zip_too_many_files"), ("zip-svg.zip", "svg_refused"),
        ("zip-says-encrypted.zip", "zip_encrypted"), ("zip-name-empty.zip", "not_a_zip"), ("slack-bomb.zip", "unpacks_too_large"),
        ("slack-values.zip", "too_many_values"), ("course-laughs.yaml", "findings"), ("course-python.yaml", "findings"),
        ("profile-laughs.yaml", "findings"), ("npy-head-object.npy", "wrong_dtype"), ("npy-pickle-call.npy", "not_npy"), ("npy-nan.npy", "not_finite"),
        ("png-svg.png", "svg_refused"), ("png-pixels.png", "image_too_many_pixels"), ("pdf-encrypted.pdf", "pdf_encrypted"),
        ("canvas-wide.csv", "too_many_columns"), ("canvas-xlsx.csv", "excel_workbook"),
    ],
)  # fmt: skip
def test_known_attacks_are_refused_by_name(documents, tmp_path, name, code):
    assert told(next(case for case in documents if case.name == name), tmp_path).code == code
