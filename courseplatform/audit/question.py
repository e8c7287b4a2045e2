"""What the page of the audit is asked: filters and the place in the list, as they stand in the address."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from courseplatform.audit.models import Act
from courseplatform.core.errors import BadInput
from courseplatform.core.form_fields import DayField
from courseplatform.courses.models import Course


class QuestionForm(forms.Form):
    who = forms.CharField(required=False, max_length=120)
    about = forms.CharField(required=False, max_length=120)
    act = forms.ChoiceField(
        required=False,
        choices=[("", "everything"), *Act.choices],
        error_messages={"invalid_choice": "Choose one of the list."},
    )
    day = DayField(required=False)
    q = forms.CharField(required=False, max_length=120)


@dataclass(frozen=True)
class Place:
    """Where a page begins: at this instant, after so many lines of it that were shown before."""

    at: datetime
    skip: int = 0

    @classmethod
    def of(cls, text: str) -> "Place | None":
        """Raises BadInput (`bad_cursor`)."""
        if not text:
            return None
        moment, _, skip = text.partition("~")
        try:
            at = parse_datetime(moment)
        except ValueError:
            at = None
        if at is None or timezone.is_naive(at) or not (skip.isdecimal() and len(skip) < 5):
            raise BadInput("This place in the list is none of ours. Begin at the newest.", code="bad_cursor")
        return cls(at, int(skip))

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.skip}"


@dataclass(frozen=True)
class Question:
    """who, about, words: parts of names or addresses, and of what was done. since, until: the day, [since, until)."""

    who: str = ""
    about: str = ""
    act: str = ""
    words: str = ""
    since: datetime | None = None
    until: datetime | None = None
    place: Place | None = None

    @classmethod
    def of(cls, course: Course, given: dict[str, Any], before: str = "") -> "Question":
        """given: clean values of the form. A day is one of the course's zone."""
        day = given.get("day")
        since = datetime.combine(day, time(), tzinfo=course.tz) if day else None
        until = datetime.combine(day + timedelta(days=1), time(), tzinfo=course.tz) if day else None
        return cls(
            given["who"].strip(),
            given["about"].strip(),
            given["act"],
            given["q"].strip(),
            since,
            until,
            Place.of(before),
        )

    def address(self, day: str, place: Place | None = None) -> str:
        """The same question as a query string, at another place of the list."""
        parts = {
            "who": self.who,
            "about": self.about,
            "act": self.act,
            "day": day,
            "q": self.words,
            "before": str(place) if place else "",
        }
        return urlencode({name: value for name, value in parts.items() if value})

    def everything(self) -> "Question":
        return replace(self, place=None)
