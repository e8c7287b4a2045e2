"""What the pages of notices take. Each error says what to do; times are wall times of the course."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from courseplatform.core.form_fields import DayField
from courseplatform.courses.models import Course
from courseplatform.notices.kinds import KINDS, MailChoice
from courseplatform.notices.models.announcements import Announcement
from courseplatform.notices.models.surveys import Question
from courseplatform.notices.services.announcements import Draft
from courseplatform.notices.services.surveys import QuestionDraft, SurveyDraft

LONGEST_TEXT = 20_000
MOST_OPTIONS = 12
DATE = {"required": "Choose a day.", "invalid": "Write the day as 2026-10-31."}
TIME = {"required": "Choose an hour.", "invalid": "Write the hour as 14:30."}


class AnnouncementForm(forms.Form):
    """`course`: whose wall the hours are on. was_published: then audience, urgency and hour are facts and not asked for."""

    title = forms.CharField(max_length=160, error_messages={
        "required": "Write a title: it is the subject of the mail.", "max_length": "Keep the title below 160 characters."})  # fmt: skip
    text = forms.CharField(max_length=LONGEST_TEXT, error_messages={
        "required": "Write what the course should know.",
        "max_length": "This is longer than 20 000 characters. Link to a document instead."})  # fmt: skip
    audience = forms.ChoiceField(choices=Announcement.Audience.choices, required=False)
    is_public = forms.BooleanField(required=False)
    is_urgent = forms.BooleanField(required=False)
    is_pinned = forms.BooleanField(required=False)
    when = forms.ChoiceField(choices=[("now", "now"), ("later", "later")], required=False)
    goes_out_on = DayField(required=False, error_messages=DATE)
    goes_out_at = forms.TimeField(required=False, error_messages=TIME)
    tell_again = forms.BooleanField(required=False)
    made_with = forms.UUIDField(required=False)
    revision = forms.IntegerField(required=False, min_value=0)

    def __init__(self, *args: Any, course: Course, now: datetime, was_published: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.course, self.now, self.was_published = course, now, was_published

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        found["audience"] = found.get("audience") or Announcement.Audience.EVERYBODY
        if found.get("is_public") and found["audience"] != Announcement.Audience.EVERYBODY:
            self.add_error("is_public", "Only what is for everybody in the course can be shown to visitors too.")
        if found.get("when") == "later" and not self.was_published:
            self._check_hour(found)
        else:
            found["goes_out_on"] = found["goes_out_at"] = None
        return found

    def _check_hour(self, found: dict[str, Any]) -> None:
        day, at = found.get("goes_out_on"), found.get("goes_out_at")
        for name, value, words in (("goes_out_on", day, DATE), ("goes_out_at", at, TIME)):
            if value is None and name not in self.errors:
                self.add_error(name, words["required"])
        if day and at and self.course.wall(day, at) <= self.now:
            self.add_error("goes_out_at", "This hour has passed. Choose a later one, or publish now.")
        if day and day > self.now.date() + timedelta(days=400):
            self.add_error("goes_out_on", "This is more than a year away. Check the year.")

    def draft(self) -> Draft:
        names = ("title", "text", "audience", "is_public", "is_urgent", "is_pinned", "goes_out_on", "goes_out_at")
        return Draft(**{name: self.cleaned_data[name] for name in names})


class SurveyForm(forms.Form):
    title = forms.CharField(max_length=160, error_messages={"required": "Write a title, for example Mid-term survey."})
    intro = forms.CharField(max_length=LONGEST_TEXT, required=False)
    opens_on = DayField(error_messages=DATE)
    opens_at = forms.TimeField(error_messages=TIME)
    closes_on = DayField(error_messages=DATE)
    closes_at = forms.TimeField(error_messages=TIME)
    gives_credit = forms.BooleanField(required=False)
    usual_questions = forms.BooleanField(required=False)
    made_with = forms.UUIDField(required=False)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        begin, end = ((found.get(f"{name}_on"), found.get(f"{name}_at")) for name in ("opens", "closes"))
        if None not in (*begin, *end) and end <= begin:
            self.add_error("closes_at", "It must close after it opens.")
        return found

    def draft(self) -> SurveyDraft:
        names = ("title", "intro", "opens_on", "opens_at", "closes_on", "closes_at", "gives_credit")
        return SurveyDraft(**{name: self.cleaned_data[name] for name in names})


class QuestionForm(forms.Form):
    kind = forms.ChoiceField(choices=Question.Kind.choices)
    text = forms.CharField(max_length=300, error_messages={
        "required": "Write the question.", "max_length": "Keep the question below 300 characters."})  # fmt: skip
    is_required = forms.BooleanField(required=False)
    low = forms.CharField(max_length=40, required=False)
    high = forms.CharField(max_length=40, required=False)
    options = forms.CharField(max_length=2000, required=False)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        lines = list(dict.fromkeys(line.strip() for line in (found.get("options") or "").splitlines() if line.strip()))
        if found.get("kind") == Question.Kind.CHOICE:
            if not 2 <= len(lines) <= MOST_OPTIONS:
                self.add_error("options", f"Write 2 to {MOST_OPTIONS} different choices, one on each line.")
            if any(len(line) > 120 for line in lines):
                self.add_error("options", "Keep each choice below 120 characters.")
        found["options"] = tuple(lines) if found.get("kind") == Question.Kind.CHOICE else ()
        if found.get("kind") != Question.Kind.SCALE:
            found["low"] = found["high"] = ""
        return found

    def draft(self) -> QuestionDraft:
        return QuestionDraft(
            **{n: self.cleaned_data[n] for n in ("kind", "text", "is_required", "low", "high", "options")}
        )


class AnswerForm(forms.Form):
    """One field a question, named `q` and its number."""

    def __init__(self, *args: Any, questions: list[Question], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.questions = questions
        for question in questions:
            self.fields[question.field_name] = _field(question)

    def values(self) -> dict[int, str]:
        return {question.pk: str(self.cleaned_data[question.field_name]).strip() for question in self.questions}


def _field(question: Question) -> forms.Field:
    if question.kind == Question.Kind.TEXT:
        words = {"required": "Write a few words.", "max_length": "Keep it below 4000 characters."}
        return forms.CharField(max_length=4000, required=question.is_required, error_messages=words)
    choices = [str(n) for n in range(1, 6)] if question.kind == Question.Kind.SCALE else list(question.options)
    words = {"required": "Choose one.", "invalid_choice": "Choose one of those that are offered."}
    return forms.ChoiceField(choices=[(c, c) for c in choices], required=question.is_required, error_messages=words)


def read_preferences(data: Any) -> dict[str, MailChoice]:
    """The choices of the preferences page. Raises ValidationError for a choice that there is none of."""
    found = {}
    for kind in KINDS:
        value = data.get(f"mail-{kind}")
        if value is None:
            continue
        if value not in MailChoice.values:
            raise ValidationError("Choose one of the three ways for each kind.", code="unknown_choice")
        found[kind] = MailChoice(value)
    return found
