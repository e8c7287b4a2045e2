"""Files that are no models and that people send all the same: reports, archives, tables, course files, arrays, pictures, notes, and JSON of programs.

`every_document(turned)` yields what should not break anything: known bad shapes, and good files cut off and with bits turned, by a fixed seed.
tests/hostile/test_bad_documents.py reads some of them with the product's own readers, tests/load/bad_files.py many more.
"""

from tests.hostile.bad_documents import bodies, files, texts
from tests.hostile.bad_files.case import Case, cuts, flips


def every_document(turned: int) -> list[Case]:
    """The kind is the name up to the first hyphen. turned: copies of each good file with some bits changed."""
    found = [*files.cases(), *texts.cases(), *bodies.cases()]
    for kind, (ending, whole) in (files.good() | texts.good() | bodies.good()).items():
        places = {"first-byte": 1, "head": 12, "half": len(whole) // 2, "last-byte": len(whole) - 1}
        found += [*cuts(kind, ending, whole, places), *flips(kind, ending, whole, turned)]
        found.append(Case(f"{kind}-empty.{ending}", b"", "nothing in it"))
        found.append(
            Case(f"{kind}-page.{ending}", b"<!doctype html><script>alert(1)</script>", "a page under another name")
        )
        found.append(Case(f"{kind}-doubled.{ending}", whole + whole, "two files in one", may_run=True))
    assert len({case.name for case in found}) == len(found)
    return found
