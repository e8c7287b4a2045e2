"""What comes in from the browser, parsed and refused in one place. A choice is always one of this course."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.validators import URLValidator

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError
from courseplatform.core.form_fields import DayField, ExactField, ManyChoice, WholeField
from courseplatform.courses.models import Course, Session
from courseplatform.seminar.models import Duty, Paper, PreferenceRound, SlotPerson
from courseplatform.seminar.pdfs import check_pdf
from courseplatform.seminar.people import students_of
from courseplatform.seminar.selectors.papers import countering_choices
from courseplatform.seminar.selectors.slots import session_choices
from courseplatform.seminar.services.after import FeedbackFacts
from courseplatform.seminar.services.papers import PaperFacts
from courseplatform.seminar.services.slots import SlotFacts

WEB_ONLY = URLValidator(schemes=["http", "https"], message="Write the whole address, beginning with https.")
PICK = "Choose one of the list."


class SessionField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Offers sessions by their day: Tue Oct 31, Compression I."""

    def label_from_instance(self, obj: Session) -> str:
        return f"{obj.held_on:%a %b} {obj.held_on.day}, {obj.title}" if obj.held_on else obj.title


def web_address(label: str) -> forms.CharField:
    missing = {"max_length": "An address has at most 300 characters."}
    return forms.CharField(label=label, max_length=300, required=False, validators=[WEB_ONLY], error_messages=missing)


class SeminarForm(forms.Form):
    """A form whose service may still refuse: then the reason stands above the fields, and nothing that was typed is lost."""

    def attempt(self, call: Callable[[], object]) -> bool:
        """Whether `call` went through."""
        if not self.is_valid():
            return False
        try:
            call()
        except AppError as error:
            self.add_error(None, error.message)
            return False
        return True


class PaperForm(SeminarForm):
    title = forms.CharField(max_length=240, error_messages={"required": "Write the title as it is printed."})
    authors = forms.CharField(max_length=600, required=False)
    venue = forms.CharField(max_length=120, required=False)
    year = WholeField(min_value=1950, max_value=2100, required=False)
    url = web_address("Link")
    topic = forms.CharField(max_length=80, required=False)
    pdf = forms.FileField(required=False)
    reason = forms.CharField(max_length=1000, required=False)

    def clean_pdf(self) -> Any:
        upload = self.cleaned_data.get("pdf")
        if upload:
            try:
                check_pdf(upload)
            except AppError as error:
                raise forms.ValidationError(error.message, code=error.code) from error
        return upload

    @property
    def facts(self) -> PaperFacts:
        found = self.cleaned_data
        return PaperFacts(
            title=" ".join(found["title"].split()), authors=" ".join(found["authors"].split()), venue=found["venue"], year=found["year"],
            url=found["url"], topic=found["topic"], pdf=found["pdf"] or None,
        )  # fmt: skip


class ProposalForm(PaperForm):
    reason = forms.CharField(
        max_length=1000, error_messages={"required": "Say in a sentence why the class should hear about it."}
    )


class AnswerForm(SeminarForm):
    to = forms.ChoiceField(
        choices=[
            (Paper.Status.ACCEPTED, "Accept"),
            (Paper.Status.COUNTERED, "Offer another"),
            (Paper.Status.DECLINED, "Decline"),
        ]
    )
    answer = forms.CharField(max_length=2000, required=False)
    counter = forms.ModelChoiceField(
        queryset=Paper.objects.none(), required=False, error_messages={"invalid_choice": PICK}
    )

    def __init__(self, course: Course, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        choices = countering_choices(course)
        self.fields["counter"].queryset = Paper.objects.filter(pk__in=[paper.pk for paper in choices])  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("to") == Paper.Status.DECLINED and not found.get("answer", "").strip():
            self.add_error("answer", "Say why, so that the student can choose better.")
        return found


FEW = "Write how many, from 1 to 12."


class SlotsForm(SeminarForm):
    session = SessionField(queryset=Session.objects.none(), error_messages={"required": PICK, "invalid_choice": PICK})
    count = WholeField(
        min_value=1, max_value=12, initial=2,
        error_messages={"min_value": FEW, "max_value": FEW, "required": FEW, "invalid": FEW},
    )  # fmt: skip

    def __init__(self, course: Course, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["session"].queryset = _sessions(course)  # type: ignore[attr-defined]


def _sessions(course: Course) -> Any:
    return Session.objects.filter(pk__in=[session.pk for session in session_choices(course)])


class SlotForm(SeminarForm):
    session = SessionField(queryset=Session.objects.none(), error_messages={"required": PICK, "invalid_choice": PICK})
    paper = forms.ModelChoiceField(
        queryset=Paper.objects.none(), required=False, error_messages={"invalid_choice": PICK}
    )
    minutes = WholeField(min_value=1, max_value=240)
    question_minutes = WholeField(min_value=0, max_value=120)
    presenter_places = WholeField(min_value=0, max_value=20)
    reviewer_places = WholeField(min_value=0, max_value=20)
    choose_by = DayField(required=False)

    def __init__(self, course: Course, current: Session, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["session"].queryset = _sessions(course) | Session.objects.filter(pk=current.pk)  # type: ignore[attr-defined]
        self.fields["paper"].queryset = Paper.objects.filter(course=course).readable()  # type: ignore[attr-defined]

    @property
    def facts(self) -> SlotFacts:
        return SlotFacts(**self.cleaned_data)


class DutyForm(SeminarForm):
    person = forms.ModelChoiceField(
        queryset=User.objects.none(), error_messages={"required": PICK, "invalid_choice": PICK}
    )
    role = forms.ChoiceField(choices=Duty.choices)

    def __init__(self, course: Course, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        people = [person.pk for person in students_of(course)]
        self.fields["person"].queryset = User.objects.filter(pk__in=people)  # type: ignore[attr-defined]


class SlidesForm(SeminarForm):
    url = web_address("Slides")
    questions = forms.CharField(max_length=4000, required=False)


class FeedbackForm(SeminarForm):
    """Two numbers, one sentence, one wish: two minutes."""

    SCALE = tuple((number, str(number)) for number in range(1, 6))
    clarity = forms.TypedChoiceField(
        choices=SCALE, coerce=int, error_messages={"required": "Choose a number from 1 to 5."}
    )
    depth = forms.TypedChoiceField(
        choices=SCALE, coerce=int, error_messages={"required": "Choose a number from 1 to 5."}
    )
    good = forms.CharField(max_length=2000, error_messages={"required": "Name one thing that you take with you."})
    better = forms.CharField(max_length=2000, required=False)

    @property
    def facts(self) -> FeedbackFacts:
        return FeedbackFacts(**self.cleaned_data)


class ScoreForm(SeminarForm):
    duty = forms.ModelChoiceField(
        queryset=SlotPerson.objects.none(), error_messages={"required": PICK, "invalid_choice": PICK}
    )
    points = ExactField(min_value=0, max_digits=6, decimal_places=2, error_messages={"required": "Write the points."})
    out_of = ExactField(min_value=0, max_digits=6, decimal_places=2)
    comment = forms.CharField(max_length=4000, required=False)

    def __init__(self, presenters: Any, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["duty"].queryset = presenters  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("points") is not None and found.get("out_of") is not None and found["points"] > found["out_of"]:
            self.add_error("points", f"At most {found['out_of']:g}.")
        return found


class RoundForm(SeminarForm):
    role = forms.ChoiceField(choices=Duty.choices)
    due_on = DayField(error_messages={"required": "Choose the last day.", "invalid": "Write the day as 2026-11-30."})
    due_time = forms.TimeField(error_messages={"required": "Choose the hour.", "invalid": "Write the hour as 23:59."})
    least = WholeField(min_value=0, max_value=20)


class RoundDueForm(SeminarForm):
    due_on = DayField()
    due_time = forms.TimeField()


class OrderForm(SeminarForm):
    """`order`: keys of slots, parted by dots."""

    round = forms.ModelChoiceField(
        queryset=PreferenceRound.objects.none(), error_messages={"invalid_choice": "This round is not here."}
    )
    order = forms.RegexField(r"^(\d{1,11}(\.\d{1,11}){0,199})?$", required=False, max_length=2400)

    def __init__(self, course: Course, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["round"].queryset = PreferenceRound.objects.filter(course=course)  # type: ignore[attr-defined]

    @property
    def keys(self) -> list[int]:
        return [int(key) for key in self.cleaned_data["order"].split(".") if key]


class SwapForm(SeminarForm):
    theirs = forms.ModelChoiceField(
        queryset=SlotPerson.objects.none(), error_messages={"required": PICK, "invalid_choice": PICK}
    )
    answer_by = DayField(
        error_messages={"required": "Choose the last day for the answer.", "invalid": "Write the day as 2026-11-30."}
    )
    reason = forms.CharField(max_length=300, required=False)

    def __init__(self, theirs: Any, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["theirs"].queryset = theirs  # type: ignore[attr-defined]


class HighlightForm(SeminarForm):
    text = forms.CharField(max_length=40_000, required=False, strip=False)
    version = forms.IntegerField(min_value=0)

    def clean_text(self) -> str:
        return str(self.cleaned_data["text"]).replace("\r\n", "\n").replace("\x00", "")


class AssignForm(SeminarForm):
    session = SessionField(queryset=Session.objects.none(), error_messages={"required": PICK, "invalid_choice": PICK})
    people = ManyChoice(
        queryset=User.objects.none(), error_messages={"required": "Choose who writes it.", "invalid_choice": PICK}
    )
    team = forms.CharField(max_length=80, required=False)

    def __init__(self, course: Course, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["session"].queryset = _sessions(course)  # type: ignore[attr-defined]
        self.fields["people"].queryset = User.objects.filter(pk__in=[person.pk for person in students_of(course)])  # type: ignore[attr-defined]
