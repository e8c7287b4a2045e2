"""The forms with which days are chosen and things are asked for. Days and hours are those of the course's wall."""

from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms

from courseplatform.accounts.models import User
from courseplatform.core.errors import BadInput
from courseplatform.core.form_fields import DayField, WholeField
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from courseplatform.teams.models import Team
from courseplatform.teams.selectors.membership import team_now
from hardware.inventory.lending.eligibility import Borrower, return_day_for
from hardware.inventory.lending.policy import policy_for
from hardware.inventory.lending.time_ranges import DAY_ENDS, TimeRange, check_range, instant_of, start_of
from hardware.models import Item, Kit, Product, Stockroom

Choices = list[tuple[str, Any]]


def day(label: str, **more: Any) -> DayField:
    return DayField(label=label, widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}), **more)


def hour(label: str) -> forms.TimeField:
    return forms.TimeField(
        label=label, required=False, widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"invalid": "Write the hour as 09:30."},
    )  # fmt: skip


class RangeForm(forms.Form):
    """From a day until a day; the hours may stay open. `found` is the range, `until_at` None for the term."""

    from_day = day("From", error_messages={"required": "Choose the day from which you need it."})
    from_time = hour("Hour")
    until_day = day("Until", required=False)
    until_time = hour("Hour")

    def __init__(self, *args: Any, zone: ZoneInfo, now: datetime, **more: Any) -> None:
        super().__init__(*args, **more)
        self.zone, self.now = zone, now
        self.from_at: datetime | None = None
        self.until_at: datetime | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                self._read(cleaned)
            except BadInput as error:
                self.add_error(str(error.details.get("field") or "until_day"), error.message)
        return cleaned

    def _read(self, cleaned: dict[str, Any]) -> None:
        self.from_at = start_of(self.zone, cleaned["from_day"], cleaned.get("from_time"), self.now)
        if cleaned.get("for_term"):
            return
        if not cleaned.get("until_day"):
            raise BadInput("Choose the day until which you need it.", code="no_day", details={"field": "until_day"})
        self.until_at = instant_of(self.zone, cleaned["until_day"], cleaned.get("until_time"), whole=DAY_ENDS, field="until_day")  # fmt: skip
        check_range(TimeRange(self.from_at, self.until_at), zone=self.zone, now=self.now)


class FreeForm(RangeForm):
    """Which days the page What is free when is asked about."""

    @property
    def chosen(self) -> TimeRange | None:
        if self.from_at is None or self.until_at is None or self.errors:
            return None
        return TimeRange(self.from_at, self.until_at)


class DatesForm(RangeForm):
    for_term = forms.BooleanField(required=False, label="For the term, until everything comes back")
    field_order: tuple[str, ...] = ("from_day", "from_time", "for_term", "until_day", "until_time")

    def __init__(self, *args: Any, has_return: bool, **more: Any) -> None:
        super().__init__(*args, **more)
        if not has_return:
            del self.fields["for_term"]


class RequestForm(DatesForm):
    """What, how many, for whom, from when until when, and what for."""

    thing = forms.ChoiceField(
        label="What",
        error_messages={"required": "Choose what you want to borrow.", "invalid_choice": "Choose one of the list."},
    )
    count = WholeField(
        label="How many", min_value=1, max_value=50, initial=1,
        error_messages={"invalid": "Write a number from 1 to 50.", "min_value": "Write a number from 1 to 50.", "max_value": "Write a number from 1 to 50."},
    )  # fmt: skip
    borrower = forms.ChoiceField(
        label="For", error_messages={"required": "Choose for whom it is.", "invalid_choice": "Choose one of the list."}
    )
    why = forms.CharField(
        label="What for",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The staff read it.",
    )
    wait = forms.BooleanField(label="If it is not free then, put it on the waiting list", required=False)
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    field_order = ("thing", "count", "borrower", "from_day", "from_time", "for_term", "until_day", "until_time", "why", "wait")  # fmt: skip

    def __init__(
        self, *args: Any, visit: Visit, stockroom: Stockroom, has_return: bool, now: datetime, **more: Any
    ) -> None:
        super().__init__(*args, zone=visit.course.tz, now=now, has_return=has_return, **more)
        self.visit, self.stockroom = visit, stockroom
        self.item = self._item(self.data.get("thing") or self.initial.get("thing") or "")
        self.things = things_of(stockroom, self.item)
        self.fields["thing"].choices = _choices(self.things)  # type: ignore[attr-defined]
        self.fields["borrower"].choices = borrowers_of(visit, now)  # type: ignore[attr-defined]

    def _item(self, thing: str) -> Item | None:
        """The certain item that a link or the form itself has chosen; the list does not name every item there is."""
        key = thing.removeprefix("item-")
        is_key = thing.startswith("item-") and key.isascii() and key.isdecimal() and len(key) < 19
        return Item.objects.filter(stockroom=self.stockroom, pk=int(key)).select_related("product").first() if is_key else None  # fmt: skip

    def thing_chosen(self) -> dict[str, Any]:
        thing = self.things[self.cleaned_data["thing"]]
        kinds: dict[type, str] = {Kit: "kit", Item: "item", Product: "product"}
        return {kinds[type(thing)]: thing}

    def borrower_chosen(self) -> Borrower:
        kind, pk = self.cleaned_data["borrower"].split("-")
        course = self.visit.course
        if kind == "team":
            return Borrower(course, team=Team.objects.select_related("course").get(course=course, pk=pk))
        mine = self.visit.person
        return Borrower(course, person=mine if pk == str(mine.pk) else User.objects.get(pk=pk))


def things_of(stockroom: Stockroom, item: Item | None = None) -> dict[str, Product | Kit | Item]:
    """What can be reserved, by what the form sends for it: the one item that was chosen, products whose pieces have tags, and kits. Two queries."""
    products = Product.objects.filter(
        stockroom=stockroom, is_counted=False, is_archived=False, items__isnull=False
    ).distinct()
    kits = Kit.objects.filter(stockroom=stockroom, is_retired=False)
    own: dict[str, Product | Kit | Item] = {f"item-{item.pk}": item} if item is not None else {}
    return own | {f"product-{one.pk}": one for one in products} | {f"kit-{one.pk}": one for one in kits}


def _choices(things: dict[str, Product | Kit | Item]) -> Choices:
    found: Choices = [(key, one.name) for key, one in things.items() if isinstance(one, Product)]
    certain = [(key, f"{one.tag}, {one.product.name}") for key, one in things.items() if isinstance(one, Item)]
    if certain:
        found = [("This very one", certain), ("Any of a product", found)]
    in_kits = [(key, f"{one.tag}, {one.name}") for key, one in things.items() if isinstance(one, Kit)]
    return [*found, ("Kits", in_kits)] if in_kits else found


def borrowers_of(visit: Visit, now: datetime) -> Choices:
    """For a student: themself and their team, as far as the course lends to them. For staff: everybody."""
    policy = policy_for(visit.course)
    if not visit.is_staff:
        team = team_now(visit, now)
        mine: Choices = [(f"team-{team.pk}", f"Team {team.name}")] if team and policy.borrowers != "person" else []
        return [*mine, (f"person-{visit.person.pk}", "Me")] if policy.borrowers != "team" else mine
    teams: Choices = [(f"team-{one.pk}", one.name) for one in Team.objects.standing().filter(course=visit.course)]
    here = User.objects.filter(enrolments__course=visit.course, enrolments__is_active=True)
    people: Choices = [(f"person-{one.pk}", one.name or one.email) for one in here.order_by("name", "pk")]
    students = {
        f"person-{pk}"
        for pk in here.filter(enrolments__role=Role.STUDENT, enrolments__course=visit.course).values_list(
            "pk", flat=True
        )
    }
    return [
        ("Teams", teams),
        ("Students", [one for one in people if one[0] in students]),
        ("Staff", [one for one in people if one[0] not in students]),
    ]


def has_return(visit: Visit, now: datetime) -> bool:
    """Whether anything can be lent for the term to this person or their team; staff are asked again for whom they choose."""
    team = team_now(visit, now)
    return bool(return_day_for(visit, visit.person, None) or (team and return_day_for(visit, None, team)))
