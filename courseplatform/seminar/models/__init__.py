from courseplatform.seminar.models.highlights import Highlight, HighlightMove, HighlightPerson
from courseplatform.seminar.models.papers import Paper, PaperMove
from courseplatform.seminar.models.rounds import MatchingMove, MatchingRun, PreferenceRound, Ranking, RoundMove
from courseplatform.seminar.models.slots import Duty, Feedback, PresentationSlot, Score, SlotChange, SlotPerson
from courseplatform.seminar.models.swaps import Swap, SwapMove

__all__ = [
    "Duty",
    "Feedback",
    "Highlight",
    "HighlightMove",
    "HighlightPerson",
    "MatchingMove",
    "MatchingRun",
    "Paper",
    "PaperMove",
    "PreferenceRound",
    "PresentationSlot",
    "Ranking",
    "RoundMove",
    "Score",
    "SlotChange",
    "SlotPerson",
    "Swap",
    "SwapMove",
]
