"""How a model is measured: what goes in and comes out, the limits, and one row for each criterion."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms

from grading.bench.training.setting import METHOD_WORDS, MOST_BATCH, MOST_RANK, OPTIMIZERS
from grading.forms.editing import board_fields, task_fields
from grading.forms.editing.criteria import FIELDS
from grading.forms.editing.fields import choice, line, lines, number, numbers_of, plain
from grading.forms.editing.input_fields import (
    DTYPES,
    USUAL_RANGES,
    normalise_of,
    normalise_shown,
    shapes_of,
    shapes_shown,
)
from grading.forms.editing.rows import Item, Quiet
from grading.ml_tasks.registry import USUAL as USUAL_TASK
from grading.spec import FORMATS, BenchSpec, SpecError, wait_of
from hardware.profiles import DeviceProfile, load_profiles, today_slug

KIB, MIB = 1 << 10, 1 << 20
USUAL = {
    "formats": list(FORMATS), "max_bytes": MIB, "device": "", "devices": [], "wall_s": 60, "memory_bytes": 1 << 30,
    "run_on": "", "board_wait": {"days": 1}, "fallback": "staff",
}  # fmt: skip
PLACE_WORDS = {"": "what the site has", "process": "a process", "container": "a container", "board": "a board"}
FALLBACK_WORDS = {"staff": "ask the staff", "emulation": "measure it here", "wait": "wait on"}
USUAL_TRAINING = {"methods": [str(name) for name in METHOD_WORDS], "optimizer": "sgd", "batch": 8, "rank": 4}
FORMAT_WORDS = {
    "onnx": "ONNX", "tflite": "TFLite", "torchscript": "TorchScript", "torch_export": "torch.export",
}  # fmt: skip
# What a lab asks and what its criteria may name hang on these: the part of the page is drawn anew when one changes.
REDRAWN = {
    "hx-post": "",
    "hx-trigger": "change",
    "hx-target": "#edit-bench",
    "hx-select": "#edit-bench",
    "hx-swap": "outerHTML",
}


class BenchForm(Quiet):
    shapes = lines("Shape of the input", "One layout a line, with the batch: NCHW 1, 3, 32, 32", rows=2)
    dtype = choice("Type of the stored values", DTYPES)
    low = number("Lowest value", placeholder="0")
    high = number("Highest value", placeholder="1")
    divide_by = number(
        "Divided by",
        "Before a model sees them: (value / this - mean) / deviation, in float32. All three empty: as stored.",
    )
    mean = line("Mean", "One number, or one for each channel.")
    std = line("Deviation", "One number, or one for each channel.")
    note = line("About the input")
    task = choice(
        "Task",
        task_fields.CHOICES,
        "What it needs to know stands beside it; without JavaScript after the next preview.",
    )
    formats = forms.MultipleChoiceField(
        label="Formats that are taken",
        choices=list(FORMAT_WORDS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    device = choice("Board that it has to fit", ())
    others = forms.MultipleChoiceField(
        label="Further boards that are looked at", choices=(), required=False, widget=forms.CheckboxSelectMultiple
    )
    run_on = choice("Measured on", list(PLACE_WORDS.items()))
    board_wait = line(
        "Longest wait for a board", "4 hours, 90 minutes or 2 days; empty: 1 day. Only where a board measures."
    )
    fallback = choice("Without a board", list(FALLBACK_WORDS.items()), "Only where a board measures.")
    max_kib = number("Largest file, KiB", placeholder="1024")
    memory_mib = number("Memory of the run, MiB", placeholder="1024")
    wall_s = number("Longest run, s", placeholder="60")
    bonus_most = number("Most extra credit", "Points of all criteria of extra credit together. Empty: their sum.")
    training = forms.MultipleChoiceField(
        label="Ways of training that are looked at", choices=[(str(m), words) for m, words in METHOD_WORDS.items()], required=False,
        widget=forms.CheckboxSelectMultiple, help_text="What one update step would cost on each board. Nothing is trained.",
    )  # fmt: skip
    optimizer = choice("Optimizer", [(name, name) for name in OPTIMIZERS], "Only where training is looked at.")
    batch = number("Inputs of one step", f"1 to {MOST_BATCH}.", placeholder="8")
    rank = number("Rank of low rank", f"1 to {MOST_RANK}.", placeholder="4")

    def __init__(self, held: Item, data: Any, profiles: Mapping[str, DeviceProfile] | None = None) -> None:
        """profiles: the devices of the course; those that are shipped where None."""
        self.of_task = task_fields.chosen_task(data, "bench-task", held)
        super().__init__(
            data,
            prefix="bench",
            initial=_shown(held) | board_fields.shown(held) | task_fields.shown(self.of_task, held),
        )
        self.held = held
        for name in ("task", "device", "training"):
            self.fields[name].widget.attrs.update(REDRAWN)
        self._put_after("task", task_fields.fields_of(self.of_task))
        self._put_after("fallback", board_fields.fields())
        boards = {slug: profile.name for slug, profile in (profiles or load_profiles()).items()}
        boards |= {slug: slug for slug in devices_of(held) if slug not in boards}
        self.fields["device"].choices = [("", "none"), *boards.items()]  # type: ignore[attr-defined]
        self.fields["others"].choices = list(boards.items())  # type: ignore[attr-defined]

    def _put_after(self, name: str, more: Mapping[str, forms.Field]) -> None:
        before = list(self.fields)
        at = before.index(name) + 1
        self.fields |= more
        self.order_fields([*before[:at], *more, *before[at:]])

    def clean_shapes(self) -> dict[str, list[int | float]]:
        return shapes_of(self.cleaned_data["shapes"])

    def clean_mean(self) -> list[int | float]:
        return numbers_of(self.cleaned_data["mean"])

    def clean_std(self) -> list[int | float]:
        return numbers_of(self.cleaned_data["std"])

    def clean_board_wait(self) -> dict[str, int | float] | None:
        text = self.cleaned_data["board_wait"].strip()
        if not text:
            return None
        match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)\s*(minute|hour|day)s?", text, re.IGNORECASE)
        if match is None:
            raise forms.ValidationError("Write a length such as 4 hours, 90 minutes or 2 days.", code="wrong_form")
        found = {f"{match[2].lower()}s": plain(float(match[1]))}
        try:
            wait_of(found)
        except SpecError as error:
            raise forms.ValidationError(beside(str(error)), code="bench_spec") from error
        return found

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if found.get("others") and not found.get("device"):
            said = "Say first which board a model has to fit; the others are looked at beside it."
            self.add_error("device", forms.ValidationError(said, code="missing"))
        return found

    def check_rest(self) -> None:
        """Where something of the assignment cannot be read, the rest of this form is still held to the rules of a spec, so that all that is
        wrong is told at once. Where all can be read, it is checked as one entry of the course file."""
        for name, field in self.fields.items():
            self.cleaned_data.setdefault(name, field.to_python(None))  # what could not be read, as if it were empty
        try:
            BenchSpec.parse(self.spec([]))
        except SpecError as error:
            for sentence in error.sentences:
                place = place_of(sentence)[1]
                if place in self.fields and place not in self.errors:
                    self.add_error(place, forms.ValidationError(beside(sentence), code="bench_spec"))

    def _boards(self) -> Item:
        """One board as `device`, several as `devices`; unchanged, as it was written."""
        first, before = self.cleaned_data["device"], devices_of(self.held)
        others = [slug for slug in self.cleaned_data["others"] if slug != first]
        if before[:1] == [first] and sorted(others) == sorted(before[1:]):
            return {key: self.held[key] for key in ("device", "devices") if key in self.held}
        return {"devices": [first, *others]} if others or "devices" in self.held else {"device": first}

    def _wait(self) -> Item:
        """Only who is measured on a board waits for one: whoever chooses something else need not empty these two."""
        is_board = self.cleaned_data["run_on"] == "board"
        return {key: self.cleaned_data[key] if is_board else None for key in ("board_wait", "fallback")}

    def spec(self, criteria: list[Item]) -> Item:
        """The spec as the file says it. What holds its default and was not written before stays unwritten."""
        data, held = self.cleaned_data, self.held
        before = held.get("input", {})
        given = {name: data[name] for name in ("dtype", "low", "high", "note")}
        usual = {"dtype": "float32", "note": "", **USUAL_RANGES.get(data["dtype"], USUAL_RANGES["float32"])}
        source = {"shapes": data["shapes"] or {}, **_said(given, before, usual), **normalise_of(data, before)}
        limits = {
            "formats": data["formats"], **self._boards(), "wall_s": data["wall_s"],
            "max_bytes": None if data["max_kib"] is None else data["max_kib"] * KIB,
            "memory_bytes": None if data["memory_mib"] is None else data["memory_mib"] * MIB,
            "run_on": data["run_on"], **self._wait(),
        }  # fmt: skip
        found = {"task": self.of_task.name, "input": source, **task_fields.said(self.of_task, data, held)}
        return (
            found
            | _said(limits, held, USUAL)
            | board_fields.said(data, held)
            | self._training()
            | {"criteria": criteria}
        )

    def _training(self) -> Item:
        """Left out where no way of training is ticked; what is usual stays unwritten, as it was."""
        data, before = self.cleaned_data, self.held.get("training", {})
        if not data["training"]:
            return {}
        order = [str(name) for name in before.get("methods", USUAL_TRAINING["methods"])]
        methods = sorted(data["training"], key=lambda name: order.index(name) if name in order else len(order))
        given = {"methods": methods, **{key: data[key] for key in ("optimizer", "batch", "rank")}}
        return {"training": _said(given, before, USUAL_TRAINING)}


def devices_of(held: Item) -> list[str]:
    """The boards of a spec as it is written, by the names of today."""
    names = [held["device"]] if held.get("device") else held.get("devices", [])
    return [today_slug(name) for name in names]


def _said(values: Item, held: Item, usual: Item) -> Item:
    found = {key: plain(value) for key, value in values.items() if value not in (None, "")}
    return {key: value for key, value in found.items() if value != usual[key] or key in held}


def _shown(held: Item) -> Item:
    source = held.get("input", {})
    shapes = source.get("shapes", {})
    found = {
        "shapes": shapes_shown(shapes),
        "low": source.get("low"), "high": source.get("high"), "note": source.get("note", ""), "dtype": source.get("dtype", "float32"),
        "task": held.get("task", USUAL_TASK), **normalise_shown(source),
        "formats": held.get("formats", list(FORMATS)), "wall_s": held.get("wall_s"),
        "bonus_most": held.get("bonus_most"), "device": next(iter(devices_of(held)), ""), "others": devices_of(held)[1:],
        "run_on": held.get("run_on", ""), "fallback": held.get("fallback", "staff"),
        "board_wait": " ".join(f"{amount:g} {unit}" for unit, amount in held.get("board_wait", {}).items()),
    }  # fmt: skip
    training = held.get("training")
    found |= {key: (training or {}).get(key) for key in ("optimizer", "batch", "rank")}
    found["training"] = [] if training is None else training.get("methods", USUAL_TRAINING["methods"])
    found["max_kib"] = plain(held["max_bytes"] / KIB) if "max_bytes" in held else None
    found["memory_mib"] = plain(held["memory_bytes"] / MIB) if "memory_bytes" in held else None
    return found


def beside(sentence: str) -> str:
    """The reader of specs names the place in its sentence; beside the field the rest of it is enough."""
    said = sentence.partition(": ")[2] or sentence
    return said[:1].upper() + said[1:]


PLACE = re.compile(r"criteria\[(\d+)\](\.rule)?(?:\.(\w+))?", re.IGNORECASE)


def place_of(sentence: str) -> tuple[int | None, str]:
    """Where a refusal of grading/spec/ belongs: (number of the criterion or None, name of the field or "")."""
    if match := PLACE.search(sentence):
        name = match[3] or ""
        return int(match[1]), FIELDS.get(name, name) if match[2] else name
    match = re.search(r"spec\.(?:input\.|board\.)?(?:normalise\.)?(\w+)", sentence, re.IGNORECASE)
    names = {"max_bytes": "max_kib", "memory_bytes": "memory_mib", "devices": "device", "board": "device"}
    return None, names.get(match[1], match[1]) if match else ""
