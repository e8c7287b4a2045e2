"""What a lab asks of a board, as fields of the form of an assignment."""

from typing import Any

from django import forms

from grading.forms.editing.fields import choice, line, text_of, tick, words_of
from grading.forms.editing.rows import Item
from grading.spec.board import NONE, STAFF, TEAM
from hardware.runners.needs import ALLOWED, REFUSED, REQUIRED

USUAL = {"tags": [], "power_sensor": False, "own_board": ALLOWED, "readings": STAFF}
OWN_WORDS = {
    ALLOWED: "any", REQUIRED: "a team's own alone", REFUSED: "the course's alone",
}  # fmt: skip
READING_WORDS = {STAFF: "once seen by staff", TEAM: "at once", NONE: "never: none is taken"}


def fields() -> dict[str, forms.Field]:
    """By name, in their order on the page."""
    return {
        "tags": line("Tags that the board has", "Words that the staff gave boards, with commas: camera, csi. Empty: any board of the kind."),
        "power_sensor": tick("The board measures its power", "Only boards with a power sensor take these runs."),
        "own_board": choice("Whose board", list(OWN_WORDS.items()), "A board that a team has on loan is its own meanwhile."),
        "readings": choice(
            "A team's meter counts", list(READING_WORDS.items()), "For energy, where the board has no power sensor."
        ),
    }  # fmt: skip


def shown(held: Item) -> dict[str, Any]:
    """Of a spec as it is written."""
    board = held.get("board", {})
    return {key: board.get(key, usual) for key, usual in USUAL.items()} | {"tags": text_of(board.get("tags", []))}


def said(data: dict[str, Any], held: Item) -> Item:
    """`board` of the spec, without what is usual and was not written; empty where nothing is asked."""
    if not any(data[key] for key in ("device", "others")):
        return {}
    before = held.get("board", {})
    given = {key: data[key] for key in ("power_sensor", "own_board", "readings")} | {
        "tags": words_of(data["tags"].lower())
    }
    board = {key: given[key] for key, usual in USUAL.items() if given[key] != usual or key in before}
    return {"board": board} if board or "board" in held else {}
