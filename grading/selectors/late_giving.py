"""What is about to be given, in one sentence for the preview: to whom, what, and why. Asks the database nothing that is not at hand."""

from collections.abc import Sequence
from typing import Any

from courseplatform.courses.access import Visit
from grading.late.words_of_time import moment, units
from grading.late_rows.facts import policy_for
from grading.models.assignments import CLOSES, AssignmentKind, instant_of

MOST_NAMES = 12


def names(whom: Sequence[str]) -> str:
    """Ruth, Ruth and Daniel, ... and 3 more."""
    shown = [*whom[:MOST_NAMES], *([f"{len(whom) - MOST_NAMES} more"] if len(whom) > MOST_NAMES else [])]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _because(said: str, reason: str) -> str:
    """The reason as the end of the sentence, with its own last mark if it has one."""
    why = " ".join(reason.split())
    return f"{said}: {why}" + ("" if why.endswith((".", "!", "?")) else ".")


def grant_said(visit: Visit, whom: Sequence[str], data: dict[str, Any], bank: str) -> str:
    """Heron gets 2 late days more: their board came late."""
    days, since = data["days"], data["since"]
    what = units(policy_for(visit.course), abs(days))
    if days < 0:
        verb = "loses" if len(whom) == 1 else "each lose"
    else:
        verb = "gets" if len(whom) == 1 else "each get"
        what += " back for a fault of ours" if data["is_refund"] else " more"
    where = f" in the bank {bank}" if bank else ""
    work = f", for work due on or after {since:%b} {since.day}, {since.year}" if since else ""
    return _because(f"{names(whom)} {verb} {what}{where}{work}", data["reason"])


def extension_said(visit: Visit, whom: Sequence[str], data: dict[str, Any], until: str) -> str:
    """Lab 3 is due Fri Oct 6, 23:59 EDT for Ruth: ill. Or: Ruth gets 2 late days of Lab 3 that cost nothing: ill."""
    short, many = data["assignment"].short, data["units"]
    if until:
        at = moment(instant_of(visit.course, until, CLOSES), visit.course.tz)
        kept = "; what is late stays penalised" if data["keeps_penalty"] else ""
        return _because(f"{short} is due {at} for {names(whom)}{kept}", data["reason"])
    verb, cost = "gets" if len(whom) == 1 else "each get", "costs" if many == 1 else "cost"
    kept = f" and {'stays' if many == 1 else 'stay'} penalised" if data["keeps_penalty"] else ""
    what = f"{units(policy_for(visit.course), many)} of {short} that {cost} nothing{kept}"
    return _because(f"{names(whom)} {verb} {what}", data["reason"])


def accommodation_said(whom: Sequence[str], data: dict[str, Any]) -> str:
    """Everything (report) is due 3 days later for Ruth: a letter of the dean."""
    days = f"{data['extra_days']} day{'' if data['extra_days'] == 1 else 's'}"
    kinds = ", ".join(AssignmentKind(kind).label.lower() for kind in data["kinds"])
    return _because(f"Everything{f' ({kinds})' if kinds else ''} is due {days} later for {names(whom)}", data["reason"])


def excuse_said(whom: Sequence[str], data: dict[str, Any]) -> str:
    """Ruth is excused from Lab 3: ill."""
    return _because(f"{names(whom)} is excused from {data['assignment'].short}", data["reason"])
