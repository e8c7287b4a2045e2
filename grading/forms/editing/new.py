"""With what a new assignment begins, and what it is called."""

from typing import Any

from django import forms
from django.utils.text import slugify

from grading.course_file.assignment_item import Item
from grading.course_file.assignment_starts import BY_KEY, STARTS
from grading.course_file.placed import Placed
from grading.forms.editing.fields import SHORT
from grading.models.assignments import Assignment

COPY = "copy"
DATES = (("weeks", "moved by whole weeks to this term"), ("empty", "left empty"))


class NewForm(forms.Form):
    start = forms.ChoiceField(label="Begin with", widget=forms.RadioSelect)
    source = forms.ChoiceField(label="Copy of", required=False)
    dates = forms.ChoiceField(label="Its dates", choices=DATES, required=False)
    short = forms.CharField(label="Short name", max_length=40, help_text="As in tables: Lab 3", widget=SHORT)
    title = forms.CharField(
        label="Title", max_length=160, required=False, help_text="Empty in a copy: as it was.", widget=SHORT
    )
    slug = forms.CharField(
        label="Name in addresses",
        max_length=60,
        required=False,
        help_text="Empty: made of the short name.",
        widget=SHORT,
    )

    def __init__(
        self, groups: list[tuple[str, list[Assignment]]], data: Any = None, initial: Item | None = None
    ) -> None:
        """groups: what may be copied, by the name of its course."""
        super().__init__(data, initial={"start": STARTS[0].key} | (initial or {}))
        self.sources = {f"{row.pk}": row for _, rows in groups for row in rows}
        starts = [(start.key, f"{start.title}: {start.says}") for start in STARTS]
        copy = [(COPY, "A copy of an assignment")] if groups else []
        self.fields["start"].choices = [*starts, *copy]  # type: ignore[attr-defined]
        choices = [(name, [(f"{row.pk}", row.full_title) for row in rows]) for name, rows in groups]
        self.fields["source"].choices = choices  # type: ignore[attr-defined]
        if not groups:
            del self.fields["source"], self.fields["dates"]

    @property
    def is_copy(self) -> bool:
        return bool(self.cleaned_data["start"] == COPY)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("start") == COPY and not found.get("source") and "source" not in self.errors:
            self.add_error("source", forms.ValidationError("Choose what is copied.", code="missing"))
        if found.get("short") and not found.get("slug") and not slugify(found["short"]) and "slug" not in self.errors:
            said = "No address can be made of this short name. Write one: small letters, digits and hyphens."
            self.add_error("slug", forms.ValidationError(said, code="wrong_form"))
        return found

    def names(self) -> Item:
        data = self.cleaned_data
        slug = data["slug"] or slugify(data["short"])[:60]
        return {"slug": slug, "short": data["short"]} | ({"title": data["title"]} if data["title"] else {})

    def item(self) -> Item:
        """The entry of one of the kinds."""
        return {**self.names(), **BY_KEY[self.cleaned_data["start"]].more}

    def copied_from(self) -> Assignment:
        return self.sources[self.cleaned_data["source"]]

    def refuse(self, refused: Placed) -> None:
        field = str(refused.path[0]) if refused.path else ""
        self.add_error(
            field if field in self.fields else None, forms.ValidationError(refused.sentence, code=refused.code)
        )
