"""What a lab asks of a board besides its kind: words that somebody gave it, a power sensor, whose it may be. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

# May a team's own board (theirs, or one that they have on loan) measure what the team handed in?
ALLOWED, REQUIRED, REFUSED = "allowed", "required", "refused"
OWN_BOARD = (ALLOWED, REQUIRED, REFUSED)
MOST_TAGS, LONGEST_TAG = 8, 24


@dataclass(frozen=True)
class Needs:
    """tags: all of them have to stand with the board. power_sensor: it measures its own power. own_board: a word of OWN_BOARD; `required`: only the
    team's own board measures it, `refused`: only boards that work for everybody do."""

    tags: tuple[str, ...] = ()
    power_sensor: bool = False
    own_board: str = ALLOWED

    @property
    def words(self) -> str:
        """As it stands after "board": " tagged camera with a power sensor that is the team's own"; "" where nothing is asked."""
        said = f" tagged {listed(self.tags)}" if self.tags else ""
        said += " with a power sensor" if self.power_sensor else ""
        return said + {REQUIRED: " that is the team's own", REFUSED: " of the course"}.get(self.own_board, "")


NOTHING = Needs()


def is_tag(word: str) -> bool:
    """Lower-case letters, digits, hyphens, dots and underscores, at most 24."""
    is_short = 0 < len(word) <= LONGEST_TAG
    return is_short and word == word.lower() and all(letter.isalnum() or letter in "-_." for letter in word)


def listed(words: Sequence[str]) -> str:
    """a, b and c"""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
