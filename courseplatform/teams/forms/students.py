"""What students write about their team, and in its name."""

from collections.abc import Iterable
from typing import Any

from django import forms

from courseplatform.accounts.models import User
from courseplatform.courses.models import Course
from courseplatform.teams.forms.fields import (
    OnePerson,
    PersonChoice,
    text_field,
)
from courseplatform.teams.policy import suggestions


class FoundForm(forms.Form):
    name = text_field(
        "Name of the team", 60, missing="A team needs a name.", help_text="Without the word team: Magpie."
    )
    summary = text_field(
        "What you would like to do", 240, required=False, help_text="One line for classmates who look for a team."
    )
    wants_members = forms.BooleanField(label="We look for members", required=False, initial=True)
    people = PersonChoice(User.objects.none(), label="Members", required=False)

    def __init__(self, *args: Any, people: Iterable[User] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if people is None:
            del self.fields["people"]
        else:
            field = self.fields["people"]
            assert isinstance(field, forms.ModelMultipleChoiceField)
            field.queryset = User.objects.filter(pk__in=[person.pk for person in people]).order_by("name")

    def clean_name(self) -> str:
        name = " ".join(str(self.cleaned_data["name"]).split())
        return name[5:] if name.lower().startswith("team ") and len(name) > 5 else name


class DescribeForm(forms.Form):
    project_title = text_field("Project title", 160, required=False)
    summary = text_field(
        "In one line",
        240,
        required=False,
        help_text="What goes in, what comes out: ten hand signs from the camera to text.",
    )
    board_choice = text_field(
        "Board",
        80,
        required=False,
        choices_id="boards",
        help_text="One that the course lends. Own hardware is proposed on its own page.",
    )
    part = text_field("Your part in the project", 80, required=False, help_text="For example model, quantization.")
    wants_members = forms.BooleanField(label="We look for members", required=False)

    def __init__(self, *args: Any, is_member: bool, is_forming: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_member:
            del self.fields["part"]
        if not is_forming:
            del self.fields["wants_members"]


class InviteForm(forms.Form):
    person = OnePerson(
        User.objects.none(), label="Classmate", empty_label="Choose somebody",
        error_messages={"required": "Choose whom to invite.", "invalid_choice": "This classmate has found a team since. Choose another one."},
    )  # fmt: skip
    message = text_field("A word to them", 240, required=False)

    def __init__(self, *args: Any, people: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["person"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = User.objects.filter(pk__in=[person.pk for person in people]).order_by("name", "pk")


class MessageForm(forms.Form):
    message = text_field("A word to the team", 240, required=False)


class ProposalForm(forms.Form):
    suggestion = forms.ChoiceField(label="Where it comes from", required=False)
    title = text_field("Title", 160, missing="Give the project a title.")
    inputs = text_field("What goes in", 120, required=False, help_text="Images, speech, a sensor.")
    output = text_field("What comes out", 120, required=False)
    text = text_field(
        "Proposal",
        20000,
        rows=14,
        missing="Write what you want to do.",
        help_text="Markdown. State the task, the data, the board, and one number to reach.",
    )
    seen_revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, course: Course, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["suggestion"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Our own"), *((item.task, item.words) for item in suggestions(course))]


class BoardForm(forms.Form):
    board = text_field("Board", 80, missing="Name the board.", help_text="With its memory: ESP32-S3, 8 MB PSRAM.")
    why = text_field("Why this one", 300, rows=3, missing="Write what it can do that the course's boards cannot.")


class BookForm(forms.Form):
    slot = forms.IntegerField(
        min_value=1, error_messages={"required": "Choose a slot.", "invalid": "Choose a slot of the list."}
    )
    topic = text_field("What you want to talk about", 200, required=False)


class LookingForm(forms.Form):
    interests = text_field(
        "What interests you",
        240,
        missing="Write what you would like to work on.",
        help_text="Speech on small boards, robotics, energy.",
    )
    skills = text_field("What you bring", 240, required=False, help_text="PyTorch, C, soldering, writing.")
    hours = text_field(
        "When you can meet", 160, required=False, help_text="Tuesday and Thursday afternoon, about 8 hours a week."
    )
    board = text_field("Board you would like", 80, required=False, choices_id="boards")
    is_shown = forms.BooleanField(
        label="Show it to classmates who look and to teams with room", required=False, initial=True
    )
