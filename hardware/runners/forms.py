"""The forms of runners."""

from typing import Any

from django import forms

from courseplatform.courses.access import Visit
from courseplatform.teams.models import Team
from hardware.course_devices import profiles_of
from hardware.models import Item, Kind


class RunnerForm(forms.Form):
    name = forms.CharField(
        max_length=60,
        label="Name",
        help_text="As it stands on the board: pi4-01.",
        error_messages={"required": "Give the runner a name."},
    )
    device = forms.ChoiceField(label="Board", help_text="What it is: labs ask for a board by its device profile.")
    item = forms.ModelChoiceField(
        queryset=Item.objects.none(), required=False, empty_label="none of the stock", label="Item",
        help_text="While that item is on loan, in repair or retired, the runner takes no work of others.",
    )  # fmt: skip
    team = forms.ModelChoiceField(
        queryset=Team.objects.none(), required=False, empty_label="everybody", label="Works for", help_text="A team's own board serves that team alone."
    )  # fmt: skip
    tags = forms.CharField(
        max_length=200,
        required=False,
        label="Tags",
        help_text="Words that labs may ask for, with spaces between: camera ina219.",
    )

    def __init__(self, *args: Any, visit: Visit, **more: Any) -> None:
        super().__init__(*args, **more)
        found = sorted(profiles_of(visit.course).items(), key=lambda pair: pair[1].name)
        self.fields["device"].choices = [(slug, profile.name) for slug, profile in found]  # type: ignore[attr-defined]
        items: Any = self.fields["item"]
        teams: Any = self.fields["team"]
        boards = Item.objects.filter(stockroom__courses__course=visit.course, product__kind=Kind.BOARD, runner=None)
        items.queryset = boards.exclude(status=Item.Status.RETIRED).select_related("product").order_by("tag")
        teams.queryset = Team.objects.filter(course=visit.course).order_by("name")
