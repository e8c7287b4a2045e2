"""What the staff fill in about late days. People, teams, sections and assignments are always those of the course that is visited."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from django import forms

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError
from courseplatform.core.form_fields import DayField, ManyChoice, TypedWhole, WholeField
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Role
from courseplatform.roster.models import CourseSection
from courseplatform.teams.models import Membership, Team
from grading.late_rows.facts import policy_for
from grading.models.assignments import Assignment, AssignmentKind

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
WHOM = ("people", "teams", "sections", "everybody", "person")
ELSEWHERE = {"owners": "people", "until": "until_day"}  # where a refusal of the services stands on the page


def add_refusal(form: forms.Form, error: AppError) -> None:
    """A refusal of a service, under the field that it names; nothing typed is lost."""
    field = str(error.details.get("field", ""))
    field = ELSEWHERE.get(field, field)
    form.add_error(field if field in form.fields else None, forms.ValidationError(error.message, code=error.code))


class PeopleField(ManyChoice):
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class OneOf(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One row. A number that is too large to be a key is none of them."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.short if isinstance(obj, Assignment) else obj.name)

    def to_python(self, value: Any) -> Any:
        return super().to_python("none" if len(str(value or "")) > 18 and not hasattr(value, "pk") else value)


def students_of(visit: Visit) -> Any:
    found = User.objects.filter(
        enrolments__course=visit.course, enrolments__role=Role.STUDENT, enrolments__is_active=True
    )
    return found.order_by("name", "pk")


def reason_field(help_text: str) -> forms.CharField:
    return forms.CharField(
        label="Reason", required=False, max_length=400, help_text=help_text, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )  # fmt: skip


class CourseForm(forms.Form):
    """A form of one course. `values`: what was filled in, for the digest of what was seen."""

    def __init__(self, visit: Visit, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.visit = visit
        self.fill()

    def fill(self) -> None:
        """The choices of this course."""

    def parts(self) -> list[dict[str, Any]]:
        """The fields as the page groups them: to whom, and the rest."""
        whom = [field for field in self if field.name in WHOM]
        rest = [field for field in self if field.name not in WHOM]
        return [{"title": title, "fields": found} for title, found in (("To whom", whom), ("What", rest)) if found]

    def values(self) -> dict[str, Any]:
        return {name: _plain(value) for name, value in self.cleaned_data.items()}


def _plain(value: Any) -> Any:
    if hasattr(value, "values_list"):
        return sorted(value.values_list("pk", flat=True))
    return value.pk if hasattr(value, "pk") else value if isinstance(value, int | bool | list) else str(value or "")


class OwnersForm(CourseForm):
    """Several people, teams, sections, or everybody: whoever is named in one of the ways."""

    people = PeopleField(
        queryset=User.objects.none(), required=False, label="Students", widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text="Hold Ctrl or Cmd to choose several.",
    )  # fmt: skip
    teams = PeopleField(
        queryset=Team.objects.none(), required=False, label="Teams", widget=forms.SelectMultiple(attrs={"size": 4})
    )
    sections = PeopleField(
        queryset=CourseSection.objects.none(),
        required=False,
        label="Whole sections",
        widget=forms.CheckboxSelectMultiple,
    )
    everybody = forms.BooleanField(required=False, label="Everybody in the course")

    def fill(self) -> None:
        self._set("people", students_of(self.visit))
        self._set("teams", Team.objects.filter(course=self.visit.course))
        self._set("sections", self.visit.course.course_sections.all())
        for name in ("teams", "sections"):
            if not list(self.fields[name].choices):  # type: ignore[attr-defined]
                del self.fields[name]

    def _set(self, name: str, rows: Any) -> None:
        self.fields[name].queryset = rows  # type: ignore[attr-defined]

    def chosen(self, *, as_teams: bool) -> tuple[list[User], list[Team]]:
        """People and teams. A section, or everybody, means the teams of its people where the bank is the teams'."""
        data = self.cleaned_data
        people, teams = list(data["people"]), list(data.get("teams") or ())
        groups = students_of(self.visit)
        if not data["everybody"]:
            groups = groups.filter(enrolments__roster_entry__sections__in=data.get("sections") or ()).distinct()
        if as_teams:
            teams += Team.objects.filter(
                course=self.visit.course, memberships__until_at=None, memberships__person__in=groups
            ).distinct()
        else:
            people += groups
        return list(dict.fromkeys(people)), list(dict.fromkeys(teams))


class GrantForm(OwnersForm):
    days = WholeField(
        label="Late days", required=False, help_text="A negative number is a correction: it takes late days back.",
        widget=TypedWhole({"inputmode": "text"}),
    )  # fmt: skip
    bank = forms.ChoiceField(label="Which bank", required=False)
    since = DayField(
        label="Only for work due on or after", required=False, widget=DAY, help_text="Left empty: for everything."
    )
    is_refund = forms.BooleanField(label="Given back for a fault of ours", required=False)
    reason = reason_field("Students read it; it stands in the ledger for ever.")
    field_order = ("people", "teams", "sections", "everybody", "days", "bank", "since", "is_refund", "reason")

    def fill(self) -> None:
        super().fill()
        policy = policy_for(self.visit.course)
        banks = policy.banks if policy else ()
        self.owner_of_bank = {bank.name: bank.owner for bank in banks}
        self.fields["bank"].choices = [(bank.name, f"{bank.name} (of each {bank.owner})") for bank in banks]  # type: ignore[attr-defined]
        if len(banks) < 2:
            del self.fields["bank"]
        self.initial = {**self.initial, **self._offered(set(self.owner_of_bank.values()))}

    def _offered(self, owners: set[str]) -> dict[str, list[int]]:
        """Whom the page that offered this means, as the owners of banks: the team of a person where only teams have one, and back."""
        people, teams = self.initial.get("people"), self.initial.get("teams")
        now = Membership.objects.filter(course=self.visit.course, until_at=None)
        if people and owners == {"team"}:
            found = now.filter(person__in=people)
            return {"people": [], "teams": list(found.values_list("team", flat=True))}
        if teams and owners == {"person"}:
            found = now.filter(team__in=teams)
            return {"teams": [], "people": list(found.values_list("person", flat=True))}
        return {}

    def bank_name(self) -> str:
        """The name of the bank: the one chosen, or the only one there is."""
        return str(self.cleaned_data.get("bank", next(iter(self.owner_of_bank), "")))

    def is_of_teams(self) -> bool:
        return self.owner_of_bank.get(self.bank_name(), "person") == "team"


class ExtensionForm(OwnersForm):
    assignment = OneOf(queryset=Assignment.objects.none(), label="Assignment", empty_label=None)
    until_day = forms.DateField(label="or: due on", required=False, widget=DAY)
    until_clock = forms.TimeField(
        label="Due at", required=False, widget=CLOCK, help_text="The course's clock; empty: 23:59."
    )
    units = WholeField(
        label="Late days that it covers", required=False, min_value=0, max_value=10_000,
        help_text="They count before the bank pays, and are lost if not needed.",
    )  # fmt: skip
    keeps_penalty = forms.BooleanField(label="They stay late and penalised", required=False)
    reason = reason_field("Stands in the ledger where late days come back.")
    field_order = ("people", "teams", "sections", "everybody", "assignment", "units", "until_day", "until_clock")

    def fill(self) -> None:
        super().fill()
        self._set("assignment", dated(self.visit))

    def until(self) -> str:
        """The wall time as the services take it; empty: none."""
        return wall_text(self.cleaned_data.get("until_day"), self.cleaned_data.get("until_clock"), usual=time(23, 59))


class AccommodationForm(CourseForm):
    person = OneOf(queryset=User.objects.none(), label="Student", empty_label=None)
    extra_days = WholeField(label="Days that everything is due later", min_value=0, max_value=10_000)
    kinds = forms.MultipleChoiceField(
        label="Only for these kinds of work",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None ticked: for all.",
    )
    reason = reason_field("Only the staff see it.")

    def fill(self) -> None:
        self.fields["person"].queryset = students_of(self.visit)  # type: ignore[attr-defined]
        used = dict.fromkeys(Assignment.objects.of(self.visit.course).order_by("kind").values_list("kind", flat=True))
        self.fields["kinds"].choices = [(kind, AssignmentKind(kind).label) for kind in used]  # type: ignore[attr-defined]


class ExcuseForm(CourseForm):
    person = OneOf(queryset=User.objects.none(), label="Student", empty_label=None)
    assignment = OneOf(queryset=Assignment.objects.none(), label="Assignment", empty_label=None)
    reason = reason_field("It stands in the ledger where late days come back.")

    def fill(self) -> None:
        self.fields["person"].queryset = students_of(self.visit)  # type: ignore[attr-defined]
        self.fields["assignment"].queryset = Assignment.objects.of(self.visit.course)  # type: ignore[attr-defined]


class TryForm(CourseForm):
    """A made-up hand-in."""

    owner = forms.ChoiceField(label="Student or team")
    assignment = OneOf(queryset=Assignment.objects.none(), label="Assignment", empty_label=None)
    at = forms.CharField(
        label="Handed in", max_length=40, widget=forms.TextInput(attrs={"type": "datetime-local", "step": 1}),
        help_text="On the course's clock.",
    )  # fmt: skip

    def fill(self) -> None:
        people = [(f"p{pk}", name) for pk, name in students_of(self.visit).values_list("pk", "name")]
        teams = [
            (f"t{pk}", name) for pk, name in Team.objects.filter(course=self.visit.course).values_list("pk", "name")
        ]
        groups: list[tuple[str, Sequence[Any]]] = [("Students", people), *([("Teams", teams)] if teams else [])]
        self.fields["owner"].choices = groups  # type: ignore[attr-defined]
        self.fields["assignment"].queryset = dated(self.visit)  # type: ignore[attr-defined]


def dated(visit: Visit) -> Any:
    return Assignment.objects.of(visit.course).exclude(due_at=None).select_related("course")


def wall_text(day: date | None, clock: time | None, usual: time | None = None) -> str:
    """`2023-10-06 23:59`; a day alone where neither says an hour, which the course file takes as not stated."""
    if day is None:
        return ""
    at = clock or usual
    return f"{day.isoformat()} {at:%H:%M}" if at else day.isoformat()


def wall_parts(text: str) -> tuple[date | None, time | None]:
    """The day and the hour of a stored wall time."""
    if not text:
        return None, None
    found = datetime.fromisoformat(text)
    return found.date(), found.time() if len(text) > 10 else None
