"""When a fit may be offered to the staff at all: enough was measured, and it is better than what stands. Pure Python."""

from collections.abc import Mapping
from typing import Any

# A sweep that was cut short teaches too little: rows, whole networks, and families of these.
LEAST_ROWS, LEAST_WHOLES, LEAST_FAMILIES = 60, 12, 6
# A median error on families that were left out beyond which a prediction says nothing that MACs times a constant would not.
MOST_ERROR = 0.30


def refusal(judged: Mapping[str, Any], *, standing: str, is_own: bool) -> str:
    """Why this fit cannot be adopted, in a sentence; "" where it can.

    Args:
        judged: refitting.Judgement as JSON. standing: what speaks now, in words; "" where nothing does.
        is_own: what stands was fitted to the same networks, on an earlier day. Then both are judged on what they were fitted to, else the
            one that has seen these networks would always look better.
    """
    if judged["rows"] < LEAST_ROWS or judged["wholes"] < LEAST_WHOLES or judged["families"] < LEAST_FAMILIES:
        return (
            f"Too little was measured: {judged['rows']} rows, of them {judged['wholes']} whole networks of {judged['families']} families. "
            f"A fit needs {LEAST_ROWS}, {LEAST_WHOLES} and {LEAST_FAMILIES}. Calibrate the board again."
        )
    error = judged["family_out_median"]
    if error > MOST_ERROR:
        return (
            f"Families that it has not seen are predicted {_percent(error)} off, and more than {_percent(MOST_ERROR)} is no use. "
            "Look whether something else ran on the board, and calibrate it again."
        )
    before = judged["standing_median"]
    compared = judged["in_sample_median"] if is_own else error
    if before is not None and before < compared:
        return f"{standing} is better: {_percent(before)} off on these networks, this fit {_percent(compared)}."
    return ""


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
