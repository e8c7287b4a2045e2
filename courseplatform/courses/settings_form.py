"""The form of the course's own facts, and what follows from them beyond what a plan says."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from courseplatform.accounts.models import validate_zone
from courseplatform.core import numbers
from courseplatform.core.form_fields import DayField
from courseplatform.courses.course_file.course_part import COURSE
from courseplatform.courses.forms import DAY
from courseplatform.courses.models import Course
from courseplatform.courses.new_form import ONE_LINE
from courseplatform.courses.schedule import day_label
from courseplatform.courses.zones import zone_words

# By the code of what is refused, the field beside which it stands.
FIELD_OF = {"unknown_zone": "zone", "ends_before_it_begins": "ends_on", "outside_the_course": "ends_on"}


def _line(key: str, **more: Any) -> forms.CharField:
    most = COURSE["properties"][key]["maxLength"]
    return forms.CharField(max_length=most, validators=[ONE_LINE, *more.pop("validators", [])], **more)


class SettingsForm(forms.Form):
    number = _line("number", required=False, help_text="As the university writes it: 11-767.")
    title = _line("title")
    term = _line("term", required=False)
    starts_on = DayField(label="First day", required=False, widget=DAY)
    ends_on = DayField(label="Last day", required=False, widget=DAY)
    zone = _line(
        "zone",
        label="Time zone",
        required=False,
        validators=[validate_zone],
        help_text="Continent and city: America/New_York. All times of the course are in it.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    meets = _line(
        "meets", label="When and where it meets", required=False, help_text="In words, for the head of its page."
    )
    summary = forms.CharField(
        required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 6}), help_text="Markdown."
    )

    @classmethod
    def of(cls, course: Course) -> "SettingsForm":
        return cls(initial={name: getattr(course, name) for name in cls.base_fields})

    def values(self) -> dict[str, str]:
        """As the course file writes them; empty for what is left out."""
        data = self.cleaned_data
        days = {key: data[key].isoformat() if data[key] else "" for key in ("starts_on", "ends_on")}
        return {**{name: data[name].replace("\r\n", "\n") for name in self.fields if name not in days}, **days}


def what_follows(course: Course, values: dict[str, str]) -> list[str]:
    """What the new facts do that stands in no line of the file."""
    said, first = [], course.starts_on
    if values["starts_on"] != (first.isoformat() if first else "") and values["starts_on"]:
        day = datetime.fromisoformat(values["starts_on"]).date()
        monday = day - timedelta(days=day.weekday())
        said.append(
            f"Week 1 is that of {day_label(monday, weekday=True)}. No session and no due time moves with the first day; a course "
            "moves as a whole only as a new course."
        )
    if values["zone"] and values["zone"] != course.zone:
        said.append(_zone_sentence(course, values["zone"]))
    return said


def _zone_sentence(course: Course, zone: str) -> str:
    day = course.starts_on or timezone.localdate()
    noon = datetime.combine(day, time(12))
    by = noon.replace(tzinfo=ZoneInfo(zone)) - noon.replace(tzinfo=course.tz)
    keep = f"Times keep their hours and are {zone_words(zone)}"
    if not course.zone or not by:
        return f"{keep}. Members are told."
    moved = f"{numbers.span(abs(by))} {'later' if by > timedelta() else 'earlier'} than now"
    return f"{keep}: sessions begin and work is due {moved}. Members are told."
