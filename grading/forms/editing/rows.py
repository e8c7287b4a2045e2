"""Rows of a form that are added, taken away and moved by submit buttons, so that nothing of it needs a script."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django import forms
from django.forms.utils import ErrorDict
from django.http import QueryDict
from django.utils.text import slugify

Item = dict[str, Any]
MOST = 100  # of any kind; the course file takes fewer
COUNT = "count"
FRESH = {"is_needed": "on"}  # what a row says that was added just now


class Quiet(forms.Form):
    """A form that is only shown again, with a row more or less: what was typed stays, and nothing is called wrong yet."""

    is_quiet = False

    @property
    def errors(self) -> ErrorDict:
        return ErrorDict() if self.is_quiet else super().errors


class RowForm(Quiet):
    """One row. `kind` says which fields it has; to change it one takes the row away and adds another."""

    use_required_attribute = False
    folded: tuple[str, ...] = ("key",)  # fields that are seldom needed
    kind = forms.CharField(widget=forms.HiddenInput, required=False)

    def entry(self) -> Item:
        """What the file says of this row."""
        raise NotImplementedError

    @property
    def main(self) -> list[forms.BoundField]:
        return [field for field in self if not field.is_hidden and field.name not in self.folded]

    @property
    def more(self) -> list[forms.BoundField]:
        return [self[name] for name in self.folded]

    @property
    def more_words(self) -> str:
        words = [str(field.label) for field in self.more]
        return ", ".join(words[:1] + [word.lower() for word in words[1:]])

    @property
    def is_more_open(self) -> bool:
        return any(field.errors for field in self.more)


Make = Callable[[str, str, Item, Any], RowForm]


class Rows:
    """All rows of one name.

    make: (prefix, kind, entry of the file or {}, data) -> the form of a row. kind_of: what kind an entry is.
    """

    def __init__(self, name: str, make: Make, held: list[Item], data: Any, kind_of: Callable[[Item], str]) -> None:
        self.name = name
        if data is None:
            self.forms = [make(f"{name}-{n}", kind_of(entry), entry, None) for n, entry in enumerate(held)]
        else:
            kinds = [str(data.get(f"{name}-{n}-kind", "")) for n in range(count_of(data, name))]
            self.forms = [make(f"{name}-{n}", kind, {}, data) for n, kind in enumerate(kinds)]

    def __iter__(self) -> Iterator[RowForm]:
        return iter(self.forms)

    @property
    def count_name(self) -> str:
        return f"{self.name}-{COUNT}"

    @property
    def count(self) -> int:
        return len(self.forms)

    def be_quiet(self) -> None:
        for form in self.forms:
            form.is_quiet = True

    def is_valid(self) -> bool:
        return not [form for form in self.forms if not form.is_valid()]

    def entries(self, usual_key: str) -> list[Item]:
        """What the file says of all rows. A row without a key gets one from its title."""
        found, used = list[Item](), {form.cleaned_data.get("key", "") for form in self.forms}
        for form in self.forms:
            key = form.cleaned_data.get("key") or free_key(slugify(form.cleaned_data["title"])[:40] or usual_key, used)
            used.add(key)
            found.append({"key": key, **form.entry()})
        return found

    def refuse(self, n: int, path: tuple[Any, ...], error: forms.ValidationError, names: Mapping[str, str]) -> None:
        """Put a refusal beside its field; one that is about the whole row stands above it. names: key of the file -> field."""
        form = self.forms[n]
        steps = [step for step in path if isinstance(step, str)]
        field = next((names.get(step, step) for step in reversed(steps) if names.get(step, step) in form.fields), None)
        form.add_error(field, error)


def free_key(key: str, used: set[str]) -> str:
    found, n = key, 2
    while found in used:
        found, n = f"{key}-{n}", n + 1
    return found


def count_of(data: Any, name: str) -> int:
    text = str(data.get(f"{name}-{COUNT}", "0"))
    return min(int(text), MOST) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


def rearranged(data: QueryDict, do: str) -> QueryDict:
    """The same form after a button of its rows: `parts:add:pdf`, `parts:remove:2`, `parts:up:2`, `parts:down:2`. Anything else: as it was."""
    name, verb, what = (*do.split(":"), "", "", "")[:3]
    count, found = count_of(data, name), data.copy()
    order: list[int | None] = list(range(count))
    n = int(what) if what.isascii() and what.isdecimal() and len(what) < 4 else -1
    if verb == "add" and count < MOST:
        order.append(None)
    elif verb == "remove" and 0 <= n < count:
        order.pop(n)
    elif verb in ("up", "down") and 0 <= n < count and 0 <= (other := n - 1 if verb == "up" else n + 1) < count:
        order[n], order[other] = order[other], order[n]
    for key in [key for key in found if key.startswith(f"{name}-") and key.removeprefix(f"{name}-")[:1].isdecimal()]:
        del found[key]
    for new, old in enumerate(order):
        if old is None:
            for field, value in ({"kind": what} | FRESH).items():
                found[f"{name}-{new}-{field}"] = value
        for key in data if old is not None else ():
            if key.startswith(f"{name}-{old}-"):
                found.setlist(f"{name}-{new}-{key.removeprefix(f'{name}-{old}-')}", data.getlist(key))
    found[f"{name}-{COUNT}"] = str(len(order))
    return found
