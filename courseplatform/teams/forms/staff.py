"""What the staff write: answers, slots, and changes of members."""

from collections.abc import Iterable
from datetime import time
from typing import Any

from django import forms

from courseplatform.accounts.models import User
from courseplatform.core.form_fields import WholeField
from courseplatform.courses.models import STAFF, Course
from courseplatform.teams.forms.fields import (
    OnePerson,
    PersonChoice,
    day_field,
    text_field,
    time_field,
)
from courseplatform.teams.models.slots import Slot
from courseplatform.teams.models.teams import Membership, Team


class DecisionForm(forms.Form):
    decision = forms.ChoiceField(
        label="Answer", choices=[("approve", "Approve"), ("counter", "Ask"), ("reject", "Reject")],
        error_messages={"required": "Approve, ask or reject."},
    )  # fmt: skip
    comment = text_field(
        "Comment or question",
        300,
        required=False,
        rows=3,
        help_text="The team reads it. Needed for a question and for a rejection.",
    )
    seen_revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class BoardAnswerForm(forms.Form):
    run_ref = text_field(
        "Run that verifies it",
        80,
        required=False,
        help_text="A benchmark run of an early lab on this board: one of those below, or what names it elsewhere.",
    )
    run_ref.widget.attrs["list"] = "runs"
    comment = text_field("Comment", 300, required=False, rows=2)


class SlotSeriesForm(forms.Form):
    staff = OnePerson(User.objects.none(), label="With", empty_label=None)
    kind = forms.ChoiceField(label="Kind", choices=Slot.Kind.choices)
    day = day_field("Day")
    starts = time_field("From", help_text="In the course's zone.")
    ends = time_field("To")
    minutes = WholeField(
        label="Minutes each", min_value=5, max_value=240, initial=15,
        error_messages={"min_value": "At least 5 minutes.", "max_value": "At most 240 minutes.", "invalid": "Write a whole number of minutes."},
    )  # fmt: skip
    capacity = WholeField(label="Teams in each", min_value=1, max_value=50, initial=1)
    place = text_field("Place", 80, required=False, help_text="A room, or the name of the call.")
    link = forms.URLField(
        label="Link",
        required=False,
        max_length=300,
        assume_scheme="https",
        error_messages={"invalid": "Write the whole address, with https://."},
    )
    change_until = time_field("Teams may change it until", initial=time(18), help_text="On the day before.")

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["staff"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = User.objects.filter(
            enrolments__course=course, enrolments__role__in=STAFF, enrolments__is_active=True
        ).order_by("name")


class SlotForm(forms.Form):
    day = day_field("Day")
    starts = time_field("From", help_text="In the course's zone.")
    ends = time_field("To")
    capacity = WholeField(label="Teams", min_value=1, max_value=50)
    place = text_field("Place", 80, required=False)
    link = forms.URLField(
        label="Link",
        required=False,
        max_length=300,
        assume_scheme="https",
        error_messages={"invalid": "Write the whole address, with https://."},
    )


class EffectiveForm(forms.Form):
    """Something that holds from a day on."""

    effective_on = day_field("From", required=False, help_text="Its 00:00 in the course's zone. Empty: from now on.")


class MoveForm(EffectiveForm):
    person = OnePerson(
        User.objects.none(),
        label="Who",
        empty_label="Choose somebody",
        error_messages={"required": "Choose who moves."},
    )
    to = forms.ModelChoiceField(Team.objects.none(), label="Into", required=False, empty_label="no team")
    reason = text_field(
        "Reason for a larger team", 200, required=False, help_text="Only where it would pass the course's size."
    )

    def __init__(self, *args: Any, course: Course, people: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        who, where = self.fields["person"], self.fields["to"]
        assert isinstance(who, forms.ModelChoiceField)
        assert isinstance(where, forms.ModelChoiceField)
        who.queryset = User.objects.filter(pk__in=[person.pk for person in people]).order_by("name", "pk")
        where.queryset = Team.objects.filter(course=course).standing()
        self.order_fields(["person", "to", "effective_on", "reason"])


class SplitForm(EffectiveForm):
    name = text_field("Name of the new team", 60, missing="The new team needs a name.")
    people = PersonChoice(
        User.objects.none(), label="Who goes into it", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, members: Iterable[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["people"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = User.objects.filter(pk__in=[row.person_id for row in members]).order_by("name")
        self.order_fields(["people", "name", "effective_on"])


class MergeForm(EffectiveForm):
    into = forms.ModelChoiceField(
        Team.objects.none(),
        label="Into",
        empty_label="Choose a team",
        error_messages={"required": "Choose the team that takes them."},
    )
    reason = text_field("Reason for a larger team", 200, required=False)

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["into"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Team.objects.filter(course=team.course).standing().exclude(pk=team.pk)
        self.order_fields(["into", "effective_on", "reason"])


class ConfirmForm(forms.Form):
    reason = text_field("Reason, if its size is outside the rule", 200, required=False)
