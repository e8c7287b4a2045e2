"""What is handed in: one row a part."""

from typing import Any

from django import forms

from grading.forms.editing.fields import line, lines, number, numbers_of, plain, text_of, tick, whole, words_of
from grading.forms.editing.rows import Item, RowForm
from grading.parts import KINDS, MOST_FILE_MB, MOST_LETTERS, MOST_MODELS, MOST_PDF_MB

LISTS = ("endings", "hosts", "vary", "columns")
KIND_WORDS = {
    "pdf": "PDF", "models": "Family of models", "table": "Table", "link": "Link", "text": "Text", "file": "File", "contributions": "Who did what",
}  # fmt: skip


def _own(name: str, kind: str) -> forms.Field:
    """The field of a key that only some kinds have."""
    most_mb = str(MOST_FILE_MB if kind == "file" else MOST_PDF_MB)
    made: dict[str, Any] = {
        "pages": lambda: whole("Most pages", "Empty: any number."),
        "max_mb": lambda: number("Largest file, MiB", placeholder=most_mb),
        "endings": lambda: line("Endings", "With the dot and commas between: .ipynb, .pdf"),
        "columns": lambda: lines("Columns", "One a line. Empty: the student's own."),
        "rows": lambda: whole("Fewest rows", placeholder="1"),
        "hosts": lambda: line("Where it may point", "Host names with commas between. Empty: anywhere."),
        "letters": lambda: whole("Most letters", placeholder=str(MOST_LETTERS)),
        "least": lambda: whole("Fewest models", placeholder="2"),
        "most": lambda: whole("Most models", placeholder=str(MOST_MODELS)),
        "vary": lambda: line("What varies", "With commas between: depth, width"),
        "sizes": lambda: line("Other input sizes, pixels", "Beside that of the benchmark."),
        "alone": lambda: tick("No single model beside the family"),
    }
    found: forms.Field = made[name]()
    return found


class PartForm(RowForm):
    title = line("Title", required=True)
    note = line("What is expected")
    is_needed = tick("Needed: without it the hand-in is incomplete")
    key = line("Key", "Its name in the record. Empty: made of the title.")

    def __init__(self, prefix: str, kind: str, held: Item, data: Any) -> None:
        self.of_kind = kind if kind in KINDS else "text"
        super().__init__(
            data, prefix=prefix, initial={"is_needed": held.get("required", True), **_shown(held), "kind": self.of_kind}
        )
        for name in KINDS[self.of_kind][1]:
            self.fields[name] = _own(name, self.of_kind)
        self.order_fields(["kind", "title", "note", *KINDS[self.of_kind][1], "key", "is_needed"])

    @property
    def kind_words(self) -> str:
        return KIND_WORDS[self.of_kind]

    def clean_sizes(self) -> list[int | float]:
        return numbers_of(self.cleaned_data["sizes"])

    def entry(self) -> Item:
        data = self.cleaned_data
        found: Item = {"kind": self.of_kind, "title": data["title"]}
        found |= {"note": data["note"]} if data["note"] else {}
        found |= {} if data["is_needed"] else {"required": False}
        for name in KINDS[self.of_kind][1]:
            value = words_of(data[name]) if name in LISTS else data[name]
            if value is not None and value is not False and value not in ("", []):
                found[name] = plain(value)
        return found


def _shown(held: Item) -> Item:
    """The entry of the file as the fields show it."""
    return {key: text_of(value) if isinstance(value, list) else value for key, value in held.items()}
