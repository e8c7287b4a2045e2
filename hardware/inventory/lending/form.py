"""The form of the rules of lending, and its values as the course file writes them."""

import re
from typing import Any

from django import forms

from courseplatform.core.form_fields import WholeField
from hardware.inventory.lending.eligibility import kind_words
from hardware.inventory.lending.policy import LendingPolicy, policy_of
from hardware.models import Kind

DAYS = re.compile(r"\d{1,2}")
MOST_REMINDERS = 8
ONLY_ONE = "the only one there is"


def _number(least: int, most: int, **more: Any) -> WholeField:
    return WholeField(min_value=least, max_value=most, **more)


WHO = [("both", "teams and single students"), ("team", "teams only"), ("person", "single students only")]
ANSWERS = [("staff", "the staff"), ("automatic", "nobody: what is free is granted at once")]
DIGITS = forms.TextInput(attrs={"inputmode": "numeric"})


class LendingForm(forms.Form):
    borrowers = forms.ChoiceField(label="Who borrows", choices=WHO)
    approve = forms.ChoiceField(label="Who answers a request", choices=ANSWERS)
    returns = forms.ChoiceField(required=False, label="Comes back with", help_text="The assignment by which everything for the term is returned.")  # fmt: skip
    remind_days = forms.CharField(required=False, max_length=40, label="Reminders, days before", help_text="7, 1. Empty: none.", widget=DIGITS)  # fmt: skip
    longest_days = _number(1, 366, required=False, label="Longest loan, days", help_text="Of one that is not for the term. Empty: no limit.")  # fmt: skip
    pickup_days = _number(1, 60, label="Released when not picked up, days")
    renewals = _number(0, 20, label="Renewals by the borrower", help_text="0: the staff renew.")
    renew_days = _number(1, 366, label="Each renewal, days")
    open_to_requests = forms.BooleanField(required=False, label="Students may ask on the page")
    team_runners = forms.BooleanField(
        required=False,
        label="A team enrols its lent board as a runner",
        help_text="It measures that team's work alone, and ends with the loan.",
    )
    hold_overdue = forms.BooleanField(required=False, label="Who has something overdue is handed nothing new")

    def __init__(self, data: Any, *, said: dict[str, Any], returns: list[tuple[str, str]], kinds: list[str]) -> None:
        """said: the part of the course file. returns: (slug, name) of what hardware may come back with. kinds: of what is in the stock."""
        self.said, policy = said, policy_of(said)
        self.kinds = [kind for kind in Kind.values if kind in kinds or kind in policy.quota]
        start = {name: getattr(policy, name) for name in self.base_fields}
        start |= {"remind_days": ", ".join(map(str, policy.remind_days))}
        start |= {f"quota_{kind}": number for kind, number in policy.quota.items()}
        super().__init__(data, initial=start)
        self.fields["returns"].choices = [("", ONLY_ONE), *returns]  # type: ignore[attr-defined]
        for kind in self.kinds:
            words = kind_words(kind, 2)
            self.fields[f"quota_{kind}"] = _number(1, 1000, required=False, label=words[0].upper() + words[1:])

    def quota_fields(self) -> list[forms.BoundField]:
        return [self[f"quota_{kind}"] for kind in self.kinds]

    def rule_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.base_fields]

    def clean_remind_days(self) -> list[int]:
        words = self.cleaned_data["remind_days"].replace(",", " ").split()
        if not all(DAYS.fullmatch(word) and int(word) <= 60 for word in words):
            raise forms.ValidationError("Write whole days from 0 to 60: 7, 1.", code="bad_days")
        days = sorted({int(word) for word in words}, reverse=True)
        if len(days) > MOST_REMINDERS:
            raise forms.ValidationError(f"At most {MOST_REMINDERS} reminders are sent for a loan.", code="too_many")
        return days

    def value(self) -> dict[str, Any]:
        """The part `lending`: without what is left empty, and without the usual unless it was written out already."""
        data, usual = self.cleaned_data, LendingPolicy()
        rules = {name: data[name] for name in self.base_fields if data[name] not in (None, "")}
        usual_too = {
            name for name, value in rules.items() if name not in self.said and value == _plain(getattr(usual, name))
        }
        quota = {kind: number for kind in self.kinds if (number := data[f"quota_{kind}"]) is not None}
        return {name: value for name, value in rules.items() if name not in usual_too} | (
            {"quota": quota} if quota else {}
        )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
