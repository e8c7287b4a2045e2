"""Every download of grades leaves a row: who, when, which columns of how many people."""

from collections.abc import Sequence

from courseplatform.courses.access import Visit
from grading.models.book import BookExport


def book_export_note(
    *, visit: Visit, kind: BookExport.Kind, columns: Sequence[str], people: int, shown: str = "", file_name: str = ""
) -> BookExport:
    return BookExport.objects.create(
        course=visit.course, kind=kind, by=visit.person.name[:120], by_person=visit.person,
        columns=list(columns), people=people, shown=shown[:240], file_name=file_name[:160],
    )  # fmt: skip
