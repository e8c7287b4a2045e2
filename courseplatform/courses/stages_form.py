"""The form of a project's stages: a row for each, and empty ones for more. A row without a title is no stage."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.text import slugify

from courseplatform.core.form_fields import DayField, ExactField
from courseplatform.courses.forms import DAY
from courseplatform.courses.models import Course
from courseplatform.courses.new_form import ONE_LINE
from courseplatform.courses.stages import stages_of

MOST, MORE = 20, 2


class StageForm(forms.Form):
    key = forms.SlugField(required=False, max_length=60, widget=forms.HiddenInput)
    title = forms.CharField(required=False, max_length=80, validators=[ONE_LINE])
    first = DayField(label="First day", required=False, widget=DAY)
    last = DayField(label="Last day", required=False, widget=DAY)
    budget_mah = ExactField(label="Budget, mAh", required=False, min_value=0, max_digits=12, decimal_places=3)
    assignment = forms.ChoiceField(label="Handed in with", required=False)

    def __init__(self, *args: Any, assignments: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["assignment"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "nothing"), *assignments]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        rest = ("first", "last", "budget_mah", "assignment")
        if not data.get("title") and any(data.get(name) for name in rest) and not self.initial:
            self.add_error("title", "A stage needs a title. Empty the whole row to leave it out.")
        if data.get("budget_mah") == 0:
            self.add_error("budget_mah", "A budget is more than 0 mAh. Leave it empty for one charge.")
        return data

    @property
    def is_stage(self) -> bool:
        return bool(self.cleaned_data.get("title"))


class BaseStages(forms.BaseFormSet):  # type: ignore[type-arg]
    def items(self) -> list[dict[str, Any]]:
        """Entries of `project.stages`, as the course file writes them."""
        rows = [form.cleaned_data for form in self.forms if form.is_stage]
        used, found = {row["key"] for row in rows if row["key"]}, []
        for row in rows:
            key = row["key"] or _free_key(row["title"], used)
            used.add(key)
            found.append(_item(key, row))
        return found


def stages_form(
    course: Course, assignments: list[tuple[str, str]], data: Mapping[str, Any] | None = None
) -> BaseStages:
    """assignments: (slug, name) of what a stage may end with."""
    made = forms.formset_factory(
        StageForm, formset=BaseStages, extra=MORE, max_num=MOST, absolute_max=MOST + MORE, validate_max=True
    )
    said = [item if isinstance(item, dict) else {} for item in course.fact("project", "stages", default=[])]
    rows = [
        {
            "key": stage.key, "title": stage.title, "first": stage.first, "last": stage.last, "assignment": stage.assignment,
            "budget_mah": item.get("budget_mah", ""),
        }
        for stage, item in zip(stages_of(course), said, strict=True)
    ]  # fmt: skip
    found = made(data, initial=rows, form_kwargs={"assignments": assignments})
    assert isinstance(found, BaseStages)
    return found


def _item(key: str, row: dict[str, Any]) -> dict[str, Any]:
    days = {name: row[field].isoformat() for name, field in (("from", "first"), ("until", "last")) if row[field]}
    budget = row["budget_mah"]
    number = {} if budget is None else {"budget_mah": int(budget) if budget == int(budget) else float(budget)}
    return {
        "key": key,
        "title": row["title"],
        **days,
        **number,
        **({"assignment": row["assignment"]} if row["assignment"] else {}),
    }


def _free_key(title: str, used: set[str]) -> str:
    base = slugify(title)[:50] or "stage"
    return next(key for n in range(1, MOST * 2) if (key := base if n == 1 else f"{base}-{n}") not in used)
