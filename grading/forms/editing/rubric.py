"""The form of a rubric: items with their options, added, moved and taken away by submit buttons, so that nothing of it needs a script.

It speaks as the course file: from entries of `rubric` to fields and back, and every refusal stands beside its field.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.text import slugify

from grading.course_file.placed import Placed
from grading.forms.editing.fields import line, number, plain, tick
from grading.forms.editing.rows import Item, RowForm, Rows, count_of, free_key

ITEMS = "items"
NONE: Mapping[str, Collection[str]] = {}


class OptionForm(RowForm):
    kind_words = "Option"
    folded = ()
    title = line("What is ticked", required=True)
    points = number("Points", required=True)
    key = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, prefix: str, kind: str, held: Item, data: Any) -> None:
        super().__init__(data, prefix=prefix, initial={**held, "kind": kind})

    def entry(self) -> Item:
        return {"title": self.cleaned_data["title"], "points": plain(self.cleaned_data["points"])}


class ItemForm(RowForm):
    kind_words = "Item"
    folded = ()
    title = line("What is graded", required=True)
    points = number("Most points", required=True)
    note = line("What the points are given for")
    exactly_one = tick("Exactly one of its options is ticked")
    extra = tick("Extra credit, beyond what the assignment is worth")
    key = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, prefix: str, kind: str, held: Item, data: Any) -> None:
        super().__init__(data, prefix=prefix, initial={**held, "kind": kind})
        self.options = Rows(f"{prefix}-options", OptionForm, held.get("options", []), data, lambda _: "option")

    def entry(self) -> Item:
        data = self.cleaned_data
        found: Item = {"title": data["title"], "points": plain(data["points"])}
        found |= {"note": data["note"]} if data["note"] else {}
        return found


class RubricForm:
    """The whole rubric. held: as it is now. keys: of every item that there is or was, with those of its options: a new row gets another."""

    def __init__(
        self,
        held: Sequence[Item],
        data: Any = None,
        *,
        keys: Mapping[str, Collection[str]] = NONE,
        is_quiet: bool = False,
    ) -> None:
        self.keys, self.said = keys, list[forms.ValidationError]()
        self.is_quiet = is_quiet
        self.items = Rows(ITEMS, ItemForm, list(held), data, lambda _: "item")
        if is_quiet:
            self.items.be_quiet()
            for item in self.forms:
                item.options.be_quiet()

    def __iter__(self) -> Iterator[ItemForm]:
        return iter(self.forms)

    @property
    def forms(self) -> list[ItemForm]:
        return [form for form in self.items if isinstance(form, ItemForm)]

    @property
    def keys_here(self) -> list[str]:
        return [str(form["key"].value() or "") for form in self.forms]

    def is_valid(self) -> bool:
        parts = [self.items.is_valid(), *(item.options.is_valid() for item in self.forms)]
        return all(parts)

    @property
    def is_refused(self) -> bool:
        return not self.is_quiet and bool(
            self.said or any(one.errors for item in self.forms for one in (item, *item.options))
        )

    def rubric(self) -> list[Item]:
        """As the course file says it; what holds its default is left out."""
        used = {*self.keys, *(form.cleaned_data["key"] for form in self.forms)}
        found = []
        for form in self.forms:
            data = form.cleaned_data
            key = data["key"] or _new_key(data["title"], "item", used)
            entry = {"key": key, **form.entry()}
            entry |= {"options": options} if (options := self._options(form, key)) else {}
            entry |= {"exactly_one": True} if data["exactly_one"] else {}
            found.append(entry | ({"extra": True} if data["extra"] else {}))
        return found

    def _options(self, form: ItemForm, key: str) -> list[Item]:
        used = {*self.keys.get(key, ()), *(row.cleaned_data["key"] for row in form.options)}
        return [
            {"key": row.cleaned_data["key"] or _new_key(row.cleaned_data["title"], "option", used), **row.entry()}
            for row in form.options
        ]

    def refuse(self, refused: Placed) -> None:
        """Put a refusal beside the field that it is about; what is about a whole row stands above it."""
        error, path = forms.ValidationError(refused.sentence, code=refused.code), refused.path
        if not path or not isinstance(path[0], int) or path[0] >= len(self.forms):
            self.said.append(error)
            return
        form: RowForm = self.forms[path[0]]
        if len(path) > 2 and path[1] == "options" and isinstance(path[2], int):
            form, path = list(self.forms[path[0]].options)[path[2]], path[2:]
        field = path[1] if len(path) > 1 and path[1] in ("title", "points", "note") else None
        form.add_error(field, error)


def _new_key(title: str, usual: str, used: set[str]) -> str:
    key = free_key(slugify(title)[:40].strip("-") or usual, used)
    used.add(key)
    return key


def with_items(sent: QueryDict, items: Sequence[Item]) -> QueryDict:
    """The form with these entries put in: one of a key that is there takes its place, another comes at the end."""
    found = sent.copy()
    for item in items:
        count = count_of(found, ITEMS)
        n = next((n for n in range(count) if found.get(f"{ITEMS}-{n}-key") == item["key"]), count)
        for name in [name for name in found if name.startswith(f"{ITEMS}-{n}-")]:
            del found[name]
        for name, value in _typed(f"{ITEMS}-{n}", item).items():
            found[name] = value
        found[f"{ITEMS}-count"] = str(max(count, n + 1))
    return found


def with_option(sent: QueryDict, item: str, option: Item) -> QueryDict:
    """The form with an option put in at the end of the item of this key."""
    found, count = sent.copy(), count_of(sent, ITEMS)
    at = next((n for n in range(count) if sent.get(f"{ITEMS}-{n}-key") == item), None)
    if at is None:
        return found
    name = f"{ITEMS}-{at}-options"
    n = count_of(sent, name)
    for key, value in _typed(f"{name}-{n}", option).items():
        found[key] = value
    found[f"{name}-count"] = str(n + 1)
    return found


def _typed(prefix: str, entry: Item) -> dict[str, str]:
    """An entry as the fields of the form would be sent."""
    found = {f"{prefix}-{name}": str(entry[name]) for name in ("key", "title", "points", "note") if name in entry}
    found |= {f"{prefix}-{name}": "on" for name in ("exactly_one", "extra") if entry.get(name)}
    options = entry.get("options", [])
    for n, option in enumerate(options):
        found |= _typed(f"{prefix}-options-{n}", option)
    return found | {f"{prefix}-options-count": str(len(options))}
