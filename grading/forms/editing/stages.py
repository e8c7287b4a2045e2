"""The stages of a pipeline as rows of the form of an assignment."""

from typing import Any

from grading.forms.editing.fields import choice, line, lines, plain, whole
from grading.forms.editing.input_fields import shapes_of, shapes_shown
from grading.forms.editing.rows import Item, RowForm
from grading.spec.pipeline import MOST_CALLS, PREVIOUS, usual_title

FEEDS_WORDS = [("previous", "the answers before"), ("own", "made-up numbers")]
# Key of the file -> field, where they are not called the same.
FIELDS = {"input": "shapes"}


class StageForm(RowForm):
    """One model of a pipeline. Its key is how its file is called."""

    folded = ("shapes",)

    key = line("Name of the file", "Without its ending: detect", required=True)
    title = line("Title", "Empty: made of the name.")
    calls = whole("Times for one input", f"1 to {MOST_CALLS}: two eyes, 2.", placeholder="1", least=1)
    feeds = choice(
        "It is given",
        FEEDS_WORDS,
        "Made-up numbers where a crop or a decoder lies between. The first stage: the lab's input.",
    )
    shapes = lines(
        "Shape of its own input",
        "Only on made-up numbers. One layout a line: NCHW 1, 3, 64, 64. Empty: as its model says.",
        rows=2,
    )

    def __init__(self, prefix: str, kind: str, held: Item, data: Any) -> None:
        shown = {**held, "shapes": shapes_shown(held.get("input", {}).get("shapes", {}))}
        super().__init__(data, prefix=prefix, initial=shown | {"kind": "stage"})

    @property
    def kind_words(self) -> str:
        return "Stage"

    def clean_shapes(self) -> dict[str, list[int | float]]:
        return shapes_of(self.cleaned_data["shapes"])

    def entry(self) -> Item:
        """What is usual stays unwritten."""
        data = self.cleaned_data
        found: Item = {"title": data["title"]} if data["title"] not in ("", usual_title(data["key"])) else {}
        found |= {"calls": plain(data["calls"])} if data["calls"] not in (None, 1) else {}
        found |= {"feeds": data["feeds"]} if data["feeds"] not in ("", PREVIOUS) else {}
        return found | ({"input": {"shapes": data["shapes"]}} if data["shapes"] else {})
