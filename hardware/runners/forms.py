"""The forms of runners."""

from typing import Any

from django import forms
from django.db.models import Q

from courseplatform.courses.access import Visit
from courseplatform.teams.models import Team
from hardware.course_devices import profiles_of
from hardware.models import Item, Kind, Runner


class RunnerForm(forms.Form):
    name = forms.CharField(
        max_length=60,
        label="Name",
        help_text="As it stands on the board: pi4-01.",
        error_messages={"required": "Give the runner a name."},
    )
    device = forms.ChoiceField(
        label="Board", help_text="What it is: labs ask for a board by its device profile.", error_messages={"required": "Say which board it is."}
    )  # fmt: skip
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

    def __init__(self, *args: Any, visit: Visit, runner: Runner | None = None, **more: Any) -> None:
        """runner: the one that is edited, filled in as it is."""
        if runner is not None:
            held = {name: getattr(runner, name) for name in ("name", "device", "team", "item")}
            more["initial"] = held | {"tags": " ".join(runner.tags)}
        super().__init__(*args, **more)
        kept = runner.device if runner is not None else ""
        found = sorted(profiles_of(visit.course, with_retired=True).items(), key=lambda pair: pair[1].name)
        current = profiles_of(visit.course)
        devices: Any = self.fields["device"]
        asked = [] if kept else [("", "choose one")]
        devices.choices = asked + [(slug, profile.name) for slug, profile in found if slug in current or slug == kept]
        items: Any = self.fields["item"]
        teams: Any = self.fields["team"]
        boards = Item.objects.filter(stockroom__courses__course=visit.course, product__kind=Kind.BOARD)
        own = runner.item_id if runner is not None else None
        boards = boards.filter(Q(runner=None) | Q(pk=own)).exclude(Q(status=Item.Status.RETIRED) & ~Q(pk=own))
        items.queryset = boards.select_related("product").order_by("tag")
        teams.queryset = Team.objects.filter(course=visit.course).order_by("name")

    def values(self) -> dict[str, Any]:
        """As the services take them."""
        return self.cleaned_data | {"tags": self.cleaned_data["tags"].split()}
