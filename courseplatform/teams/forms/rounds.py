"""A round of peer feedback as the staff write it."""

from typing import Any

from django import forms

from courseplatform.core.form_fields import ManyChoice, WallField
from courseplatform.courses.models import Course, Session
from courseplatform.teams.forms.fields import text_field
from courseplatform.teams.models.feedback import FeedbackQuestion
from courseplatform.teams.models.teams import Team
from courseplatform.teams.policy import DEFAULT_QUESTIONS

MOST_QUESTIONS = 12
QUESTION_HELP = (
    "One a line. A scale: the statement, then what 1 and 5 mean, parted by |. A free answer: the question alone."
)


class RoundForm(forms.Form):
    """`opens`, `closes`: wall times of the course's zone."""

    title = text_field("Title", 120, missing="Name the session: Project sharing 1.")
    session = forms.ModelChoiceField(
        Session.objects.none(), label="Session", required=False, empty_label="none of the schedule"
    )
    opens_at = WallField("Open from")
    closes_at = WallField("Open until")
    teams = ManyChoice(Team.objects.none(), label="Who presents", required=False, widget=forms.CheckboxSelectMultiple)
    questions = text_field("Questions", 4000, rows=6, required=False, help_text=QUESTION_HELP)

    def __init__(self, *args: Any, course: Course, is_new: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        session, teams = self.fields["session"], self.fields["teams"]
        assert isinstance(session, forms.ModelChoiceField)
        assert isinstance(teams, ManyChoice)
        session.queryset = course.sessions.exclude(held_on=None)
        teams.queryset = Team.objects.filter(course=course).standing()
        for name in ("opens_at", "closes_at"):
            field = self.fields[name]
            assert isinstance(field, WallField)
            field.zone = course.tz
        if not is_new:
            for name in ("title", "session", "questions"):
                del self.fields[name]

    def clean_questions(self) -> list[tuple[str, str, str, str]]:
        lines = [line.strip() for line in str(self.cleaned_data["questions"]).splitlines() if line.strip()]
        if len(lines) > MOST_QUESTIONS:
            raise forms.ValidationError(f"At most {MOST_QUESTIONS} questions; these are {len(lines)}.")
        return [question_of(line, number) for number, line in enumerate(lines, start=1)]


def question_of(line: str, number: int) -> tuple[str, str, str, str]:
    """`statement | 1 | 5` or a question alone."""
    parts = [part.strip() for part in line.split("|")]
    if len(parts) not in (1, 3) or not all(parts):
        raise forms.ValidationError(
            f"Line {number}: write the statement alone, or statement | what 1 means | what 5 means."
        )
    if len(parts[0]) > 160 or any(len(part) > 40 for part in parts[1:]):
        raise forms.ValidationError(
            f"Line {number}: at most 160 characters for the question, 40 for each end of the scale."
        )
    if len(parts) == 1:
        return FeedbackQuestion.Kind.TEXT, parts[0], "", ""
    return FeedbackQuestion.Kind.SCALE, parts[0], parts[1], parts[2]


def default_questions() -> str:
    return "\n".join(
        " | ".join((text, low, high)) if kind == FeedbackQuestion.Kind.SCALE else text
        for kind, text, low, high in DEFAULT_QUESTIONS
    )
