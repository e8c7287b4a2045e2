"""The form of a late policy: every field of the contract in plain words, and the way between the form and the fields of the course file.

A field that holds its default and was not written before stays unwritten, so that a policy says no more than somebody meant.
"""

from collections.abc import Iterator
from math import isfinite
from typing import Any

from django import forms

from courseplatform.core.form_fields import NumberField, WholeField
from grading.course_file.late.schema import MOST_NUMBER, MOST_UNITS
from grading.course_file.placed import Placed

Tree = dict[str, Any]
BANK_ROWS = 2  # free rows below those that are there
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


def choice(label: str, *pairs: tuple[str, str], help_text: str = "") -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=pairs, required=False, help_text=help_text)


def whole(label: str, help_text: str = "", most: int = MOST_UNITS) -> WholeField:
    return WholeField(label=label, required=False, min_value=0, max_value=most, help_text=help_text)


def number(label: str, help_text: str = "", most: int = MOST_NUMBER) -> NumberField:
    return NumberField(
        label=label, required=False, min_value=0, max_value=most, help_text=help_text
    )  # fmt: skip


OWNERS = (("person", "each person"), ("team", "each team"))
# (field, path below `policy`, default): what stands in the course file where the form says something else.
PLACES: tuple[tuple[str, tuple[str, ...], Any], ...] = (
    ("unit_kind", ("unit", "kind"), "calendar_day"),
    ("unit_boundary", ("unit", "boundary"), "00:00"),
    ("unit_due_day", ("unit", "due_day"), "free"),
    ("unit_hours", ("unit", "hours"), 24),
    ("unit_clock", ("unit", "clock"), "wall"),
    ("edge", ("edge",), ""),
    ("minute", ("minute",), "instant"),
    ("grace_minutes", ("grace", "minutes"), 0),
    ("grace_at", ("grace", "at"), "first"),
    ("weekend", ("weekend",), "counts"),
    ("cap", ("cap",), None),
    ("spend", ("spend",), "automatic"),
    ("order", ("order",), "submit_time"),
    ("over_rule", ("over", "rule"), "penalty"),
    ("over_partial", ("over", "partial"), True),
    ("penalty_kind", ("penalty", "kind"), "percent_of_max"),
    ("penalty_steps", ("penalty", "steps"), []),
    ("penalty_each", ("penalty", "each"), 0),
    ("penalty_most", ("penalty", "most"), None),
    ("penalty_used", ("penalty", "used_unit_costs"), 0),
    ("team", ("team",), "each"),
    ("attempt", ("attempt",), "active"),
    ("pass_turned_in", ("pass", "turned_in"), None),
    ("pass_of", ("pass", "of"), []),
    ("pass_note", ("pass", "note"), ""),
)
GROUPS = (
    ("What a late unit is", "From the due time to the hand-in.", (
        "unit_kind", "unit_boundary", "unit_due_day", "unit_hours", "unit_clock", "edge", "minute", "grace_minutes", "grace_at", "weekend")),
    ("How the bank pays", "Before anything is lost.", ("cap", "spend", "order", "team")),
    ("What the bank does not cover", "Each unit that it does not pay for.", (
        "over_rule", "over_partial", "penalty_kind", "penalty_steps", "penalty_each", "penalty_most", "penalty_used")),
    ("Which attempt, and passing", "", ("attempt", "pass_turned_in", "pass_of", "pass_note")),
)  # fmt: skip


class BankForm(forms.Form):
    """One bank of the policy. A row without days is none."""

    days = whole("Late days")
    owner = choice("Of", *OWNERS)
    name = forms.CharField(label="Name", required=False, max_length=200)
    assignments = forms.MultipleChoiceField(
        label="Pays for", required=False, widget=forms.SelectMultiple(attrs={"size": 4})
    )

    def tree(self) -> Tree | None:
        data = self.cleaned_data
        if data.get("days") is None and not data.get("name"):
            return None
        found: Tree = {"name": data["name"]} if data.get("name") else {}
        if data.get("days") is not None:
            found["days"] = data["days"]
        found["owner"] = data.get("owner") or "person"
        return found | ({"assignments": data["assignments"]} if data.get("assignments") else {})

    def refuse_missing(self) -> None:
        """In the words of the page: the file speaks of keys."""
        missing = "days" if self.cleaned_data.get("days") is None else "name"
        said = "Say how many late days this bank has." if missing == "days" else "Of several banks each has a name."
        self.add_error(missing, forms.ValidationError(said, code="missing_key"))


class PolicyForm(forms.Form):
    unit_kind = choice(
        "A late day is", ("calendar_day", "a day of the calendar"), ("hours", "a number of hours from the due time")
    )
    unit_boundary = forms.TimeField(
        label="By the calendar: a new late day begins at", required=False, widget=CLOCK, help_text="The course's clock."
    )
    unit_due_day = choice(
        "By the calendar: the rest of the due day", ("free", "is free"), ("counts", "is the first late day")
    )
    unit_hours = number("By hours: the length of a unit, in hours", most=MOST_UNITS)
    unit_clock = choice(
        "By hours: over a clock change", ("wall", "by the clock on the wall"), ("elapsed", "by the time that passes")
    )
    edge = choice(
        "Exactly at the end of a late day", ("", "not said: late by the calendar, on time by hours"), ("on_time", "still the day before"),
        ("late", "already the next"),
    )  # fmt: skip
    minute = choice("Seconds", ("instant", "count"), ("whole", "do not count"))
    grace_minutes = number("Minutes of grace", most=100_000)
    grace_at = choice(
        "The grace", ("first", "is given once, after the due time"), ("every", "is given after the due time and each boundary"),
        ("shift", "moves the due time"),
    )  # fmt: skip
    weekend = choice(
        "Saturdays and Sundays", ("counts", "count"), ("skipped", "do not count"), ("one", "count as one day together")
    )
    cap = whole("Most late days on one assignment", "Empty: as many as there are.")
    spend = choice("Late days are spent", ("automatic", "by themselves"), ("asked", "only when somebody asks"))
    order = choice("The bank pays in order of", ("submit_time", "hand-ins"), ("due_date", "due times"))
    team = choice(
        "For a team whose members have banks of their own", ("each", "each pays alone"), ("all", "all can cover it, or nobody is covered"),
        ("poorest", "the poorest covers for all"),
    )  # fmt: skip
    over_rule = choice(
        "What is not covered",
        ("penalty", "costs points"),
        ("refuse", "is refused"),
        ("zero", "is taken, and worth nothing"),
    )
    over_partial = forms.BooleanField(
        label="The bank pays as far as it goes", required=False, help_text="Off: for all of it, or for nothing."
    )
    penalty_kind = choice(
        "The loss is", ("percent_of_max", "% off the maximum"), ("percent_of_earned", "% of what the work earned"), ("points", "points"),
        ("cap", "% lower as the most one can get"),
    )  # fmt: skip
    penalty_steps = forms.CharField(
        label="Lost in all after 1, 2, ... units",
        required=False,
        max_length=400,
        help_text="Like 50, 100. They never fall.",
    )
    penalty_each = number("Then for each further unit")
    penalty_most = number("Never more than", "Empty: up to everything.")
    penalty_used = number("% lost for each unit that the bank pays", most=100)
    attempt = choice(
        "The attempt that is judged", ("active", "the one that counts for the grade"), ("last", "the last one"), ("best", "the best one"),
        ("last_affordable", "the last one that the bank covers"),
    )  # fmt: skip
    pass_turned_in = whole("To pass, this many must be turned in", "Empty: no such rule.")
    pass_of = forms.MultipleChoiceField(
        label="of these", required=False, widget=forms.SelectMultiple(attrs={"size": 6}), help_text="Hold Ctrl or Cmd to choose several."
    )  # fmt: skip
    pass_note = forms.CharField(label="In words", required=False, max_length=300)

    def __init__(self, held: Tree, work: list[tuple[str, str]], data: Any = None) -> None:
        super().__init__(data, initial=_initial(held))
        self.held = held
        self.fields["pass_of"].choices = work  # type: ignore[attr-defined]
        self.banks = [*self._banks(work, data)]

    def _banks(self, work: list[tuple[str, str]], data: Any) -> Iterator[BankForm]:
        held = self.held.get("banks") or ([self.held["bank"]] if "bank" in self.held else [])
        for n in range(len(held) + BANK_ROWS):
            row = BankForm(data, prefix=f"bank{n}", initial=held[n] if n < len(held) else None)
            row.fields["assignments"].choices = work  # type: ignore[attr-defined]
            yield row

    def groups(self) -> list[dict[str, Any]]:
        return [
            {"title": title, "note": note, "fields": [self[name] for name in names]} for title, note, names in GROUPS
        ]

    @property
    def has_refused_bank(self) -> bool:
        return any(row.errors for row in self.banks)

    def is_valid(self) -> bool:
        return all([super().is_valid(), *(row.is_valid() for row in self.banks)])

    def clean_penalty_steps(self) -> list[float]:
        words = self.cleaned_data["penalty_steps"].replace(",", " ").split()
        try:
            found = [float(word) for word in words]
            if not all(isfinite(step) for step in found):
                raise ValueError(words)
            return [_plain(step) for step in found]
        except (ValueError, OverflowError) as error:
            raise forms.ValidationError(
                "Write numbers with commas between them: 50, 100.", code="not_a_number"
            ) from error

    def tree(self) -> Tree:
        """The policy as the course file says it."""
        found: Tree = {}
        self._put_banks(found)
        for field, path, usual in PLACES:
            value = self._value(field)
            if value != usual or _at(self.held, path) is not None:
                _put(found, path, value)
        return _in_order(_without_empty(found), self.held)

    def _value(self, field: str) -> Any:
        value = self.cleaned_data.get(field)
        if hasattr(value, "strftime"):
            return f"{value:%H:%M}"
        usual = next(usual for name, _, usual in PLACES if name == field)
        return usual if value in (None, "") else _plain(value)

    def _put_banks(self, found: Tree) -> None:
        """One bank without a name is `bank`; several, or one with a name, are `banks`."""
        rows = [tree for row in self.banks if (tree := row.tree()) is not None]
        if len(rows) == 1 and not {"name", "assignments"} & set(rows[0]):
            found["bank"] = rows[0]
        elif rows:
            found["banks"] = rows

    def refuse(self, refused: Placed) -> None:
        """Put a refusal beside the field that it is about."""
        error = forms.ValidationError(refused.sentence, code=refused.code)
        path = refused.path
        if path[:1] == ("banks",) and len(path) > 1 and isinstance(path[1], int):
            row = [row for row in self.banks if row.tree() is not None][path[1]]
            if refused.code == "missing_key":
                row.refuse_missing()
                return
            key = str(path[2]) if len(path) > 2 else "days"
            row.add_error(key if key in BankForm.base_fields else "days", error)
        elif path[:1] in (("bank",), ("banks",)):
            self.banks[0].add_error("days", error)
        else:
            self.add_error(field_at(path), error)


def field_at(path: tuple[str | int, ...]) -> str | None:
    """The field of the form for a place of the policy; of a group its first field."""
    names = tuple(step for step in path if isinstance(step, str))
    exact = [field for field, place, _ in PLACES if place == names[: len(place)]]
    within = [field for field, place, _ in PLACES if names and place[: len(names)] == names]
    return next(iter([*exact, *within]), None)


def _initial(held: Tree) -> Tree:
    found = {}
    for field, path, usual in PLACES:
        value = _at(held, path)
        found[field] = usual if value is None else value
    found["penalty_steps"] = ", ".join(f"{step:g}" for step in found["penalty_steps"])
    return found


def _at(tree: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        tree = tree.get(step) if isinstance(tree, dict) else None
    return tree


def _put(tree: Tree, path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        tree = tree.setdefault(step, {})
    tree[path[-1]] = value


def _without_empty(tree: Tree) -> Tree:
    """What says nothing is left out: an empty list or text, and null, which only `cap` may say and which there means the same."""
    found = {key: _without_empty(value) if isinstance(value, dict) else value for key, value in tree.items()}
    return {key: value for key, value in found.items() if value not in (None, "", [], {})}


def _in_order(found: Tree, held: Tree) -> Tree:
    """The keys in the order in which they were written before: only what changed is a change."""
    keys = [*(key for key in held if key in found), *(key for key in found if key not in held)]
    below = {key: held[key] if isinstance(held.get(key), dict) else {} for key in keys}
    return {key: _in_order(found[key], below[key]) if isinstance(found[key], dict) else found[key] for key in keys}


def _plain(value: Any) -> Any:
    """Whole numbers without a point, as the file writes them."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
