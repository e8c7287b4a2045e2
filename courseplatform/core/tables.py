"""Tables that leave the house as CSV."""

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: object) -> str:
    """A spreadsheet must not read a cell as a formula: such a text gets an apostrophe in front. Numbers stay numbers."""
    text = str(value)
    if isinstance(value, int | float) or not text.startswith(FORMULA):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def csv_response(file_name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """UTF-8 with a mark, because spreadsheets guess wrong without one."""
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{file_name}"'
    writer = csv.writer(response)
    writer.writerow([safe_cell(cell) for cell in columns])
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return response
