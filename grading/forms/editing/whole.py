"""The whole form of an assignment: from an entry of the course file to fields and back, and every refusal beside its field."""

import re
from collections.abc import Iterable
from functools import partial
from typing import Any

from django import forms

from grading.course_file.assignment_item import Item
from grading.course_file.placed import Placed
from grading.forms.editing.bench import BenchForm, beside, place_of
from grading.forms.editing.criteria import BaselineForm, CriterionForm, baseline_rows, baselines_of
from grading.forms.editing.fields import SHORT, choice, line, lines, number, plain, text_of, tick, whole, words_of
from grading.forms.editing.metric_choices import metric_choices
from grading.forms.editing.parts import PartForm
from grading.forms.editing.rows import Quiet, Rows
from grading.forms.editing.stages import FIELDS as OF_STAGES
from grading.forms.editing.stages import StageForm
from grading.forms.late_dates import PLACES, DatesForm
from grading.models.assignments import ATTEMPTS, ActiveRule, Assignment, AssignmentKind, NewerAttempt
from grading.regrade_rules import CLOSES_DAYS, LIMIT, OPENS_HOURS
from grading.services.late_settings import Dates
from hardware.course_devices import profiles_of

REGRADES = ("opens_hours", "closes_days", "limit")
USUAL_REGRADES = {"opens_hours": OPENS_HOURS, "closes_days": CLOSES_DAYS, "limit": LIMIT}
OF_PARTS, OF_BENCH = {"required": "is_needed"}, {"steps": "steps"}
DATES = ("released", "due", "cutoff", "cap", "no_late", "active")


class QuietDates(Quiet, DatesForm):
    pass


class EditForm(Quiet):
    short = forms.CharField(label="Short name", max_length=40, help_text="As in tables: Lab 3", widget=SHORT)
    title = forms.CharField(label="Title", max_length=160, required=False, help_text="What it is about.", widget=SHORT)
    kind = choice("Kind", AssignmentKind.choices)
    summary = lines("What is asked for", "Markdown.", rows=8)
    individual = forms.ChoiceField(
        label="Who works on it", choices=[("on", "each person alone"), ("", "teams")], required=False
    )
    points = number("Points")
    percent = number("Share of the grade, %")
    counts = tick("It counts for the grade")
    listed_under = choice("Listed on the schedule beside", ())
    attempts = whole("Attempts that count", placeholder=str(ATTEMPTS), least=1)
    cooldown_minutes = whole("Minutes between two attempts", "Empty: none.")
    newer_attempt = choice("While an older attempt still waits, a newer one", NewerAttempt.choices)
    statement = tick("A collaboration statement has to be there", "Nothing is handed in without it.")
    anonymous = tick("Names are hidden from the staff", "Until the grades are released, each report has a number.")
    statistics_shown = tick(
        "Students see how the released grades are spread", "Median, mean and quartiles, for five people or more."
    )
    has_bench = tick("Models are measured", "Off: no model is taken.")
    hidden_set = choice("Hidden set", ())
    takes_regrades = tick("Regrade requests are taken")
    opens_hours = whole("Hours after the release", placeholder=str(OPENS_HOURS))
    closes_days = whole("Closes after so many days", placeholder=str(CLOSES_DAYS), least=1)
    limit = whole("Requests of each", placeholder=str(LIMIT), least=1)
    shows_leaderboard = tick("Students see a leaderboard", "By nicknames that they choose themselves.")
    leaderboard_metrics = line("What it ranks", "Metrics with commas between them, or points. Empty: the usual ones.")

    def __init__(
        self, row: Assignment, held: Item, data: Any = None, *, days: Iterable[Any] = (), sets: Iterable[tuple[str, str]] = (), is_quiet: bool = False
    ) -> None:  # fmt: skip
        """days: those beside which it may be listed. sets: name and words of the hidden sets that may be chosen."""
        super().__init__(data, initial=_shown(held))
        self.held = held
        beside = [(day.isoformat(), f"{day:%a %b} {day.day}") for day in sorted(day for day in days if day)]
        self._choices("listed_under", [("", "no session"), *beside])
        self._choices("hidden_set", [("", "none yet"), *sets])
        bench = held.get("bench", {})
        self.dates = QuietDates(row, data)
        self.bench = BenchForm(bench, data, profiles_of(row.course))
        self.parts = Rows("parts", PartForm, held.get("parts", []), data, lambda entry: entry["kind"])
        metrics = metric_choices(
            self.bench.of_task,
            has_device=bool(self.bench["device"].value()),
            trains=bool(self.bench["training"].value()),
        )
        make = partial(CriterionForm, metrics=metrics)
        self.criteria = Rows("criteria", make, bench.get("criteria", []), data, lambda entry: entry["rule"]["kind"])
        self.baselines = Rows("baselines", BaselineForm, baseline_rows(bench), data, lambda _: "baseline")
        self.stages = Rows("stages", StageForm, bench.get("pipeline", []), data, lambda _: "stage")
        if is_quiet:
            self.is_quiet = self.dates.is_quiet = self.bench.is_quiet = True
            for rows in (self.parts, self.criteria, self.baselines, self.stages):
                rows.be_quiet()

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("takes_regrades") and all(found.get(name) is None for name in REGRADES):
            self.add_error("limit", forms.ValidationError("Say how many requests each may make.", code="missing"))
        return found

    def is_valid(self) -> bool:
        parts = [super().is_valid(), self.dates.is_valid(), self.parts.is_valid()]
        if self.measures:
            parts += [self.bench.is_valid(), self.criteria.is_valid(), self._baselines_hold(), self.stages.is_valid()]
        if self.measures and not all(parts):
            self.bench.check_rest()
        return all(parts)

    @property
    def measures(self) -> bool:
        return bool(self["has_bench"].value())

    @property
    def is_refused(self) -> bool:
        if not self.is_bound or self.is_quiet:
            return False
        below = [self.dates, self.bench, *self.parts, *self.criteria, *self.baselines, *self.stages]
        return bool(self.errors) or any(form.errors for form in below)

    def _baselines_hold(self) -> bool:
        """Each by itself, and no name twice: a rule would not know which one is meant."""
        if not self.baselines.is_valid():
            return False
        names = [row.cleaned_data["key"] for row in self.baselines]
        for n, name in enumerate(names):
            if name in names[:n]:
                self.baselines.forms[n].add_error("key", forms.ValidationError("This name stands above.", code="twice"))
        return len(set(names)) == len(names)

    def spec(self) -> Item:
        found = self.bench.spec(self.criteria.entries("criterion"))
        stages = self.stages.entries("stage")
        found |= {"pipeline": stages} if stages else {}
        baselines, most = self.baselines.entries("baseline"), self.bench.cleaned_data["bonus_most"]
        found |= {"baselines": baselines_of(baselines)} if baselines else {}
        return found | ({"bonus_most": plain(most)} if most is not None else {})

    def item(self) -> Item:
        """The entry as the course file would say it; what holds its default is left out."""
        data, dates = self.cleaned_data, self.dates.dates()
        found: Item = {"slug": self.held["slug"], "kind": data["kind"] or self.held["kind"], "short": data["short"]}
        found |= {"title": data["title"]} if data["title"] else {}
        found |= {"summary": summary} if (summary := self._summary()) else {}
        found |= {} if data["individual"] else {"individual": False}
        found |= {} if data["counts"] else {"counts": False}
        found |= {"points": plain(data["points"])} if data["points"] else {}
        found |= {"percent": plain(data["percent"])} if data["percent"] is not None else {}
        found |= {"listed_under": data["listed_under"]} if data["listed_under"] else {}
        found |= _of_dates(dates)
        found |= {"attempts": data["attempts"]} if data["attempts"] not in (None, ATTEMPTS) else {}
        found |= {"cooldown_minutes": data["cooldown_minutes"]} if data["cooldown_minutes"] else {}
        newer = data["newer_attempt"]
        found |= {"newer_attempt": newer} if newer not in ("", NewerAttempt.OFFER) else {}
        found |= {"statement": True} if data["statement"] else {}
        found |= {"anonymous": True} if data["anonymous"] else {}
        found |= {"statistics_shown": True} if data["statistics_shown"] else {}
        found |= {"draft": True} if self.held.get("draft") else {}
        found |= {"bench": self.spec()} if data["has_bench"] else {}
        found |= {"hidden_set": data["hidden_set"]} if data["hidden_set"] else {}
        found |= {"parts": parts} if (parts := self.parts.entries("part")) else {}
        # It has a page of its own, where one sees whose grade a change of it moves.
        found |= {"rubric": self.held["rubric"]} if self.held.get("rubric") else {}
        regrades = {name: data[name] for name in REGRADES if data[name] is not None}
        found |= {"regrades": regrades} if data["takes_regrades"] else {}
        return found | ({"leaderboard": board} if (board := self._leaderboard()) else {})

    def _leaderboard(self) -> Item:
        shown: Item = {"shown": True} if self.cleaned_data["shows_leaderboard"] else {}
        metrics = words_of(self.cleaned_data["leaderboard_metrics"])
        return shown | ({"metrics": metrics} if metrics else {})

    def _summary(self) -> str:
        """As it was, when only what ends its lines is another: a browser has its own line ends, and the file its last one."""
        typed = self.cleaned_data["summary"].replace("\r\n", "\n")
        held = str(self.held.get("summary", ""))
        return held if typed.strip() == held.strip() else str(typed) if typed.strip() else ""

    def refuse(self, refused: Placed) -> None:
        """Put a refusal beside the field that it is about."""
        error, path = forms.ValidationError(refused.sentence, code=refused.code), refused.path
        top = str(path[0]) if path else ""
        if top == "parts" and len(path) > 1 and isinstance(path[1], int):
            self.parts.refuse(path[1], path[2:], error, OF_PARTS)
        elif top == "bench":
            self._refuse_bench(refused)
        elif top in DATES:
            field = {"active": "active_rule"}.get(top, PLACES.get(top, top))
            self.dates.add_error(field if field in self.dates.fields else None, error)
        elif top == "regrades":
            self.add_error(str(path[1]) if len(path) > 1 else "closes_days", error)
        elif top == "leaderboard":
            self.add_error("leaderboard_metrics", error)
        else:
            self.add_error(top if top in self.fields else None, error)

    def _refuse_bench(self, refused: Placed) -> None:
        n, field = place_of(refused.sentence)
        name = re.search(r"spec\.baselines\.([\w-]+)(?:\.(\w+))?", refused.sentence, re.IGNORECASE)
        stage = re.search(r"spec\.pipeline\[(\d+)\](?:\.(\w+))?", refused.sentence, re.IGNORECASE)
        error = forms.ValidationError(beside(refused.sentence), code=refused.code)
        if stage and int(stage[1]) < self.stages.count:
            self.stages.refuse(int(stage[1]), (stage[2] or "key",), error, OF_STAGES)
        elif n is not None and n < self.criteria.count:
            self.criteria.refuse(n, (field,), error, OF_BENCH)
        elif name and name[1] in (names := [row.cleaned_data.get("key") for row in self.baselines]):
            self.baselines.refuse(names.index(name[1]), (name[2] or "key",), error, {})
        else:
            self.bench.add_error(field if field in self.bench.fields else None, error)


def _of_dates(dates: Dates) -> Item:
    found: Item = {"released": dates.released} if dates.released else {}
    found |= {"due": dates.due} if dates.due else {}
    found |= {"active": dates.active_rule} if dates.active_rule != ActiveRule.BEST else {}
    return found | dates.late_rules


def _shown(held: Item) -> Item:
    regrades = held.get("regrades") or USUAL_REGRADES
    board = held.get("leaderboard", {})
    found = {
        key: held.get(key)
        for key in (
            "short",
            "title",
            "kind",
            "summary",
            "points",
            "percent",
            "listed_under",
            "cooldown_minutes",
            "hidden_set",
        )
    }
    return found | {
        "individual": "on" if held.get("individual", True) else "", "counts": held.get("counts", True), "statement": held.get("statement", False),
        "anonymous": held.get("anonymous", False), "statistics_shown": held.get("statistics_shown", False),
        "shows_leaderboard": board.get("shown", False), "leaderboard_metrics": text_of(board.get("metrics", [])),
        "attempts": held.get("attempts", ATTEMPTS), "newer_attempt": held.get("newer_attempt", NewerAttempt.OFFER),
        "has_bench": "bench" in held, "takes_regrades": "regrades" in held,
        **{name: regrades.get(name) for name in REGRADES},
    }  # fmt: skip
