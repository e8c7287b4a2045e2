"""The form of a new course: what it is called, and when it begins."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator

from courseplatform.core.form_fields import DayField
from courseplatform.courses.course_file.course_part import COURSE
from courseplatform.courses.forms import DAY
from courseplatform.courses.new_course import FILE, Source, suggested_day

MOST = {key: COURSE["properties"][key]["maxLength"] for key in ("slug", "title", "term")}
SLUG = RegexValidator(
    COURSE["properties"]["slug"]["pattern"].replace("$", r"\Z"),
    "An address has small letters a to z, digits and hyphens, and begins with a letter or a digit: odml-f27.",
    code="bad_slug",
)
ONE_LINE = RegexValidator(r"\A[^\n\r]*\Z", "Write it on one line.", code="wrong_form")


class NewCourseForm(forms.Form):
    """text: the course file that was sent, where one was. seen: which preview the person has looked at."""

    title = forms.CharField(max_length=MOST["title"], validators=[ONE_LINE])
    term = forms.CharField(max_length=MOST["term"], required=False, validators=[ONE_LINE])
    first_day = DayField(label="First day", widget=DAY)
    slug = forms.CharField(
        label="Address",
        max_length=MOST["slug"],
        validators=[SLUG],
        help_text="Small letters, digits and hyphens: odml-f27. It stays, since links and calendars hold it.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    text = forms.CharField(
        label="The file that you sent",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "class": "mono", "spellcheck": "false"}),
    )

    def __init__(self, source: Source, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if source.key != FILE:
            del self.fields["text"]
        first, term, day = source.starts_on, self.fields["term"], self.fields["first_day"]
        if first is None:
            day.help_text = "What you begin from names no day. Its programme begins on this one, or on the next day with its weekday."
        else:
            day.help_text = (
                f"{source.name} begins on {first:%A}, {first:%b} {first.day}, {first.year}. All dates move by the same whole weeks, "
                f"so weekdays stay: of another weekday, the course begins on the next {first:%A}."
            )
        says = f"{source.term}, moved on with the days where it fits them" if source.term else "none"
        term.help_text = f"Fall 2027. Left empty: {says}."

    @classmethod
    def of(cls, source: Source, text: str = "") -> "NewCourseForm":
        """Not filled in yet."""
        initial = {"title": source.title, "first_day": suggested_day(source), "text": text}
        if source.key == FILE:  # written for the course that is to be made
            initial |= {"first_day": source.starts_on, "term": source.term, "slug": source.slug}
        return cls(source, initial=initial)
