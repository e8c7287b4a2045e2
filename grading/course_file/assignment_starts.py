"""With what a new assignment begins: the kinds that the courses use, and copies of what was asked before. Pure values, no database."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from grading.course_file.assignment_item import Item

PAGE = {"key": "report", "kind": "pdf", "title": "Report, one page", "pages": 1}
REPORT = {"key": "report", "kind": "pdf", "title": "Report"}
WHO = {"key": "contributions", "kind": "contributions", "title": "Who did what"}
RESULTS = {"key": "results", "kind": "table", "title": "Results"}
SLIDES = {"key": "slides", "kind": "pdf", "title": "Slides"}
CODE = {"key": "code", "kind": "link", "title": "Code", "note": "The repository, at the commit that you hand in."}
RECORDING = {"key": "recording", "kind": "link", "title": "Recording", "required": False}
NOTEBOOK = {"key": "notebook", "kind": "file", "title": "Notebook", "endings": [".ipynb", ".pdf"]}
BENCH: Item = {
    "task": "classification",
    "input": {"shapes": {"NCHW": [1, 3, 32, 32], "NHWC": [1, 32, 32, 3]}},
    "classes": [str(n) for n in range(10)],
    "criteria": [
        {"key": "opens", "title": "Model opens and takes the input", "points": 1, "rule": {"kind": "pass"}},
        {"key": "accuracy", "title": "Accuracy", "metric": "accuracy", "points": 4, "rule": {"kind": "ramp", "from": 0.5, "to": 0.9}},
        {"key": "memory", "title": "Memory at the peak", "metric": "peak_activation_bytes", "points": 2,
         "rule": {"kind": "steps", "steps": [[262144, 1], [1048576, 0.5]]}},
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Start:
    """A kind of work. says: what it begins with. more: what its entry holds beside its name."""

    key: str
    title: str
    says: str
    more: Item


def _items(*pairs: tuple[str, float]) -> list[Item]:
    return [{"key": title.lower().replace(" ", "-"), "title": title, "points": points} for title, points in pairs]


STARTS = (
    Start("individual-lab", "Individual lab", "a model that is measured, a one-page report, the collaboration statement",
          {"kind": "lab", "statement": True, "bench": BENCH, "parts": [PAGE], "points": 10, "rubric": _items(("Report", 3))}),
    Start("team-lab", "Team lab", "a model, a report, who did what, the collaboration statement",
          {"kind": "lab", "individual": False, "statement": True, "bench": BENCH, "parts": [REPORT, WHO], "points": 10, "rubric": _items(("Report", 3))}),
    Start("notebook", "Lab notebook", "a notebook as a file, the collaboration statement",
          {"kind": "notebook", "statement": True, "parts": [NOTEBOOK], "points": 5, "rubric": _items(("Notebook", 5))}),
    Start("weekly-report", "Weekly lab report", "one page as a PDF, a table of results, the collaboration statement",
          {"kind": "report", "individual": False, "statement": True, "parts": [PAGE, RESULTS], "points": 5, "rubric": _items(("Results", 3), ("Writing", 2))}),
    Start("proposal", "Project proposal", "a PDF of a team, who does what",
          {"kind": "proposal", "individual": False, "parts": [{**REPORT, "title": "Proposal", "key": "proposal"}, WHO], "points": 10,
           "rubric": _items(("Task and data", 4), ("Hardware", 2), ("Evaluation", 4))}),
    Start("writeup", "Project write-up", "a PDF of a team, the code, who did what",
          {"kind": "writeup", "individual": False, "parts": [{**REPORT, "title": "Write-up", "key": "writeup"}, CODE, WHO], "points": 10,
           "rubric": _items(("Progress", 6), ("Next steps", 4))}),
    Start("scribe-note", "Scribe note", "a PDF of notes of one lecture",
          {"kind": "scribe_note", "parts": [{**REPORT, "title": "Notes", "key": "notes"}], "points": 5, "rubric": _items(("Notes", 5))}),
    Start("paper-review", "Paper review", "a text of at most 4 000 letters",
          {"kind": "paper_review", "parts": [{"key": "review", "kind": "text", "title": "Review", "letters": 4000}], "points": 2,
           "rubric": _items(("Review", 2))}),
    Start("final-report", "Final report", "a PDF of a team, the code, who did what, the collaboration statement",
          {"kind": "final_report", "individual": False, "statement": True, "parts": [REPORT, CODE, WHO], "points": 20,
           "rubric": _items(("Method", 6), ("Results", 8), ("Writing", 6))}),
    Start("presentation", "Presentation", "slides as a PDF, and a link to a recording if there is one",
          {"kind": "presentation", "individual": False, "parts": [SLIDES, RECORDING], "points": 10, "rubric": _items(("Content", 6), ("Delivery", 4))}),
    Start("hardware-return", "Hardware return", "a date; boards come back at the loan desk",
          {"kind": "hardware_return", "counts": False}),
)  # fmt: skip
BY_KEY = {start.key: start for start in STARTS}
DATED = ("released", "due", "cutoff", "listed_under")


def copied(item: Item, *, weeks: int | None) -> Item:
    """An entry for another place: a draft, its dates later by whole weeks, or without dates (None)."""
    found = {
        key: value for key, value in item.items() if key not in DATED or (key == "cutoff" and isinstance(value, dict))
    }
    if weeks is not None:
        found |= {key: _later(item[key], weeks) for key in DATED if isinstance(item.get(key), str)}
    return found | {"draft": True}


def _later(text: str, weeks: int) -> str:
    return f"{date.fromisoformat(text[:10]) + timedelta(weeks=weeks)}{text[10:]}"


def weeks_between(one: date | None, other: date | None) -> int | None:
    """From the first day of a course to that of another, to the nearest week, so that weekdays stay; None where one has no day."""
    return None if one is None or other is None else round((other - one).days / 7)


def without(item: Item, places: list[tuple[Any, ...]]) -> tuple[Item, list[str]]:
    """The entry without the dates that are refused there, and which these were."""
    gone = [str(path[0]) for path in places if path and path[0] in DATED]
    return {key: value for key, value in item.items() if key not in gone}, sorted(set(gone))
