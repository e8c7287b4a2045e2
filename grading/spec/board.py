"""What a lab asks of the board that measures: tags, a power sensor, whose it may be, and what a meter that a team reads is worth."""

from dataclasses import dataclass
from typing import Any

from grading.spec.reader import Reader, SpecError
from hardware.runners.needs import ALLOWED, LONGEST_TAG, MOST_TAGS, NOTHING, OWN_BOARD, Needs, is_tag

# What the team's own reading of a meter is worth where the board has no power sensor.
STAFF, TEAM, NONE = "staff", "team", "none"
READINGS = (STAFF, TEAM, NONE)


@dataclass(frozen=True)
class BoardSpec:
    """readings: `staff`: points rest on a reading once one of the staff has seen it; `team`: at once; `none`: none is taken."""

    needs: Needs = NOTHING
    readings: str = STAFF


USUAL = BoardSpec()


def read_board(raw: Any) -> BoardSpec:
    """`board` of a spec. Raises SpecError."""
    reader = Reader(raw, "spec.board")
    tags = reader.take_list("tags", [])
    if not all(isinstance(tag, str) and is_tag(tag) for tag in tags) or len(set(tags)) < len(tags):
        raise SpecError(
            f"spec.board.tags: a tag is a word of small letters, digits and hyphens, at most {LONGEST_TAG}, and stands once."
        )
    if len(tags) > MOST_TAGS:
        raise SpecError(f"spec.board.tags: at most {MOST_TAGS}; a board has no more.")
    needs = Needs(tuple(tags), reader.flag("power_sensor"), reader.choice("own_board", OWN_BOARD, ALLOWED))
    found = BoardSpec(needs, reader.choice("readings", READINGS, STAFF))
    reader.done()
    if needs.power_sensor and "readings" in reader.raw and found.readings != NONE:
        raise SpecError(
            "spec.board.readings: with `power_sensor: true` every board measures it itself; take readings away."
        )
    return found
