"""What the page of a run shows when nothing was measured: what happened, what to do, what it cost."""

from typing import Any

from grading.models.runs import Phase, Run, step_of
from grading.selectors.run_ways import ways_out
from hardware.leases import SUPERSEDED
from hardware.models import NOT_COUNTED, Outcome

Rows = list[dict[str, Any]]

HEADLINES = {
    "input_mismatch": "The input differs from the lab's",
    "output_mismatch": "The output differs from the lab's",
    "stage_mismatch": "Two stages do not fit together",
    "non_finite_output": "The model answers with NaN or infinity",
    "timed_out": "It took longer than the lab allows",
    "out_of_memory": "It needs more memory than the lab allows",
    "crashed": "The model crashed",
    "rejected_by_staff": "The staff rejected what was measured",
}


def stopped_part(run: Run, state: str, attempts: str) -> dict[str, Any]:
    """attempts: how many are left, in words."""
    cancelled = "A newer attempt took its place" if run.error_code == SUPERSEDED else "This run was cancelled"
    titles = {"ours": "Our machine failed, not your model", "cancelled": cancelled}
    title = titles.get(state) or HEADLINES.get(run.error_code) or run.label
    sentence = run.error_message or ("Nothing was measured." if state == "cancelled" else "")
    details = run.error_details if isinstance(run.error_details, dict) else {}
    return {
        "verdict": {"title": title, "sentence": sentence},
        "code": run.error_code,
        "compare": details.get("compare", []),
        "todo": ways_out(run, state, attempts),
        "cost_sentence": f"{_cost(run, state)} {attempts}",
        "checked": _checked(run),
    }


def _cost(run: Run, state: str) -> str:
    if state == "rejected":
        return "One attempt."
    if state == "refused":
        return "Nothing. The check comes before an attempt is counted, and no late day is touched."
    if run.outcome in NOT_COUNTED:
        return "Nothing. This run is not counted as an attempt, and no late day is touched."
    return "One attempt, because the model had passed the check and ran."


def _checked(run: Run) -> Rows:
    """Which steps passed before it stopped."""
    phase, _ = step_of(run.phase)
    reached = list(Phase).index(phase) if phase else 0
    names = [
        "It opens, and is what its name says",
        "Input and output are the lab's",
        "It runs",
        "Accuracy on hidden inputs",
    ]
    if run.outcome == Outcome.REFUSED:
        reached = 1 if run.error_code in {"input_mismatch", "output_mismatch", "stage_mismatch"} else min(reached, 2)
    else:
        reached = 3 if phase in {Phase.ACCURACY, Phase.POINTS} else 2
    states = ["good" if i < reached else "bad" if i == reached else "todo" for i in range(len(names))]
    return [{"label": name, "state": state} for name, state in zip(names, states, strict=True)]
