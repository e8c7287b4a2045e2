"""What gives points: one row a criterion, by the kind of its rule, and one row a baseline that rules compare with."""

import re
from typing import Any

from django import forms

from grading.forms.editing.fields import choice, line, lines, number, plain, tick, words_of
from grading.forms.editing.limits import (
    HOW,
    conditions_of_text,
    limit_of_text,
    pairs_of_text,
    text_of_conditions,
    text_of_limit,
    text_of_pairs,
)
from grading.forms.editing.metric_choices import Choices, with_held
from grading.forms.editing.rows import Item, RowForm
from grading.spec import KINDS
from grading.spec.device_metrics import FITS
from grading.spec.rules import WITHOUT_METRIC

RULE_WORDS = {
    "pass": "Pass", "ramp": "Ramp", "curve": "Curve", "steps": "Steps", "at_least": "At least", "at_most": "At most", FITS: "Fits the board",
    "all_of": "All of several",
}  # fmt: skip
LIMITS = ("from", "to", "value")
# The field of a key of the rule, where the two are not called the same: `points` is what the criterion gives.
FIELDS = {"points": "corners"}
SEVERAL = "One a line: accuracy >= 0.9, macs <= 0.5 x reference, fits. All must hold."
CORNERS = "A value and the share of the points there, straight lines between: 0.7: 0, 0.8: 0.75, 0.9: 1"
SHARES = "At a limit this share of the points: 4096: 1, 16384: 0.5"


class CriterionForm(RowForm):
    """The kind of a row is that of its rule."""

    folded = ("group", "note", "bonus", "key")

    title = line("Title", required=True)
    points = number("Points", required=True)
    group = line("Group", "The heading it stands under.")
    note = line("Note")
    bonus = tick("Extra credit", "Outside what the lab is worth.")
    key = line("Key", "Empty: made of the title.")

    def __init__(self, prefix: str, kind: str, held: Item, data: Any, *, metrics: Choices) -> None:
        """metrics: what a criterion of this lab may name, in groups."""
        self.of_kind = kind if kind in KINDS else "pass"
        super().__init__(
            data, prefix=prefix, initial={**held, **_rule_shown(held.get("rule", {})), "kind": self.of_kind}
        )
        named = held.get("metric", "") if data is None else data.get(f"{prefix}-metric", "")
        own = _rule_fields(self.of_kind, with_held(metrics, str(named)))
        self.fields |= own
        self.order_fields(["kind", "title", *own, "points", "group", "note", "bonus", "key"])

    @property
    def kind_words(self) -> str:
        return RULE_WORDS[self.of_kind]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        readers = {"steps": pairs_of_text, "corners": pairs_of_text, "conditions": conditions_of_text} | dict.fromkeys(
            LIMITS, limit_of_text
        )
        for name, read in readers.items():
            if found.get(name) in (None, ""):
                continue
            try:
                found[name] = read(found[name])
            except forms.ValidationError as error:
                self.add_error(name, error)
        return found

    def entry(self) -> Item:
        data = self.cleaned_data
        rule: Item = {"kind": self.of_kind} | {key: data[FIELDS.get(key, key)] for key in KINDS[self.of_kind]}
        rule |= {"better": "more"} if data.get("better") == "more" else {}
        rule |= {"monotone": False} if data.get("is_wild") else {}
        found: Item = {"title": data["title"], "points": plain(data["points"]), "rule": rule}
        found |= {"bonus": True} if data.get("bonus") else {}
        return found | {key: data[key] for key in ("metric", "group", "note") if data.get(key)}


def _rule_fields(kind: str, metrics: Choices) -> dict[str, forms.Field]:
    own: dict[str, dict[str, forms.Field]] = {
        "ramp": {"from": line("No points at", HOW, required=True), "to": line("All points at", required=True)},
        "curve": {"corners": line("Corners", CORNERS, required=True), "is_wild": tick("It may go up and down")},
        "steps": {
            "steps": line("Limits and shares", SHARES, required=True),
            "better": choice("Which side is good", [("less", "up to a limit"), ("more", "from a limit on")]),
        },
        "at_least": {"value": line("All points from", HOW, required=True)},
        "at_most": {"value": line("All points up to", HOW, required=True)},
        "all_of": {"conditions": lines("Conditions", SEVERAL)},
    }
    own["all_of"]["conditions"].required = True
    if kind in WITHOUT_METRIC:
        return own.get(kind, {})
    return {"metric": choice("What is measured", metrics), **own[kind]}


def _rule_shown(rule: Item) -> Item:
    found = {key: text_of_limit(rule[key]) for key in LIMITS if key in rule}
    found |= {"steps": text_of_pairs(rule["steps"])} if rule.get("steps") else {}
    found |= {"corners": text_of_pairs(rule["points"])} if rule.get("points") else {}
    found |= {"conditions": text_of_conditions(rule["conditions"])} if rule.get("conditions") else {}
    return found | {"better": rule.get("better", "less"), "is_wild": rule.get("monotone") is False}


class BaselineForm(RowForm):
    """A model that rules compare with. Its key is the name by which they do."""

    folded = ()

    key = line("Name", "As the rules write it: 0.5 x reference", required=True)
    title = line("Title", "As it stands in sentences: the reference model", required=True)
    metrics = line("Its numbers", "Metrics with their values: accuracy 0.91, macs 476000000", required=True)
    source = line("Where they come from")

    def __init__(self, prefix: str, kind: str, held: Item, data: Any) -> None:
        shown = {**held, "metrics": ", ".join(f"{name} {value}" for name, value in held.get("metrics", {}).items())}
        super().__init__(data, prefix=prefix, initial=shown | {"kind": "baseline"})

    @property
    def kind_words(self) -> str:
        return "Baseline"

    def clean_metrics(self) -> Item:
        found: Item = {}
        for word in words_of(self.cleaned_data["metrics"]):
            match = re.fullmatch(r"(\w+)[\s:=]+(\S+)", word, re.ASCII)
            value = limit_of_text(match[2]) if match else None
            if match is None or isinstance(value, dict) or match[1] in found:
                said = "Write each metric once, with its value: accuracy 0.91, macs 476000000"
                raise forms.ValidationError(said, code="wrong_form")
            found[match[1]] = value
        return found

    def entry(self) -> Item:
        data = self.cleaned_data
        source = {"source": data["source"]} if data["source"] else {}
        return {"title": data["title"], **source, "metrics": data["metrics"]}


def baseline_rows(held: Item) -> list[Item]:
    """The baselines of a spec as rows, their name as the key."""
    return [{"key": name, **one} for name, one in held.get("baselines", {}).items()]


def baselines_of(rows: list[Item]) -> Item:
    """And back. Of rows of one name the last counts; the form has refused the others before."""
    return {row["key"]: {key: value for key, value in row.items() if key != "key"} for row in rows}
