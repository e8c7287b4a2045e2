"""The part of an explanation that is about time: due time, extension, grace, boundaries, cutoff."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from itertools import islice
from zoneinfo import ZoneInfo

from grading.late.clock import counted_due, grace_of, is_in_grace, later_by, passed_boundaries, read_clock, units_late
from grading.late.facts import Deadline, HandIn, Policy
from grading.late.lateness import Lateness
from grading.late.money import shown

NAMED_BOUNDARIES = 7


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Tue Oct 4, 23:59 EDT; seconds where there are some."""
    local = at.astimezone(zone)
    clock = f"{local:%H:%M}"
    if local.second or local.microsecond:
        clock = f"{local:%H:%M:%S}" + (f".{local.microsecond:06}".rstrip("0") if local.microsecond else "")
    return f"{local:%a %b} {local.day}, {clock} {local:%Z}"


def unit_word(policy: Policy | None, count: int) -> str:
    """`late days`, or `units of 12 h`, `units of 30 min` where a unit is not a day. Where no policy says what a unit is (None), it is a late day."""
    if policy is not None and policy.unit.kind == "hours" and policy.unit.hours != Fraction(24):
        return f"unit{'' if count == 1 else 's'} of {unit_length(policy)}"
    return "late day" if count == 1 else "late days"


def unit_length(policy: Policy) -> str:
    """`12 h`, `30 min`: how long a unit of hours is. Under an hour in minutes, since 1 min in hours is 0.01666."""
    hours = policy.unit.hours
    return f"{shown(hours)} h" if hours >= 1 else f"{shown(60 * hours)} min"


def unit_head(policy: Policy | None) -> str:
    """The same as the head of a column."""
    return "Days" if unit_word(policy, 2) == "late days" else "Units"


def units(policy: Policy | None, count: int) -> str:
    return f"{count} {unit_word(policy, count)}"


def minutes(policy: Policy) -> str:
    many = shown(policy.grace_minutes)
    return f"{many} minute{'' if many == 1 else 's'}"


def handed_in(policy: Policy, deadline: Deadline, hand_in: HandIn) -> str:
    said = f"Due {moment(deadline.due, policy.zone)}; {hand_in.verb} {moment(hand_in.at, policy.zone)}"
    read = read_clock(policy, hand_in.at)
    if read != hand_in.at:
        return f"{said}, which counts as {read.astimezone(policy.zone):%H:%M}: seconds are dropped."
    return f"{said}."


def extended(policy: Policy, deadline: Deadline, late: Lateness) -> Iterator[str]:
    if late.due > deadline.due:
        yield f"An extension moves the due time to {moment(late.due, policy.zone)}."
    many = late.relief.units
    if many:
        kept = f", which stay{'s' if many == 1 else ''} penalised" if late.relief.keeps_penalty else ""
        yield f"An extension covers {units(policy, many)}{kept}."


def counted(policy: Policy, deadline: Deadline, hand_in: HandIn, late: Lateness) -> Iterator[str]:
    """From the due time to the number of late units."""
    at, due = read_clock(policy, hand_in.at), read_clock(policy, late.due)
    if policy.grace_minutes and at > due:
        yield from _grace(policy, late)
    if is_in_grace(policy, late.due, hand_in.at):
        yield f"{'On time' if at <= due else 'Within the grace, so on time'}: 0 {unit_word(policy, 0)}."
        return
    named = [moment(b, policy.zone) for b in islice(passed_boundaries(policy, late.due, hand_in.at), NAMED_BOUNDARIES)]
    more = f" and {late.units - len(named)} more" if late.units > len(named) else ""
    one, many = _boundary_words(policy)
    if named:
        what = one if late.units == 1 else many
        yield f"{late.units} {what} passed ({'; '.join(named)}{more}) = {units(policy, late.units)}{_weekend(policy)}."
    else:
        yield f"No {one} that counts was passed: 0 {unit_word(policy, 0)}{_weekend(policy)}."
    if _is_at_a_boundary(policy, late.due, hand_in.at):
        so = "counts as passed" if policy.edge_is_late else "is not passed yet"
        yield f"{hand_in.verb.capitalize()} exactly at a {one}, which {so}."


def _boundary_words(policy: Policy) -> tuple[str, str]:
    is_midnight = (
        policy.unit.kind == "calendar_day"
        and str(policy.unit.boundary) == "00:00:00"
        and policy.unit.due_day == "free"
        and (not policy.grace_minutes or policy.grace_at != "every")
    )
    return ("midnight", "midnights") if is_midnight else ("boundary", "boundaries")


def _grace(policy: Policy, late: Lateness) -> Iterator[str]:
    if policy.grace_at == "shift":
        yield f"Grace of {minutes(policy)}: it counts as due {moment(counted_due(policy, late.due), policy.zone)}."
    elif policy.grace_at == "every":
        yield f"Grace of {minutes(policy)}: the due time and each boundary are that much later."
    else:
        end = read_clock(policy, late.due) + grace_of(policy)
        yield f"Grace of {minutes(policy)}: up to {moment(end, policy.zone)} nothing is late, after it all counts from the due time."


def _is_at_a_boundary(policy: Policy, due: datetime, at: datetime) -> bool:
    """Whether the policy's edge decides about this hand-in."""
    late, on_time = (units_late(replace(policy, edge=edge), due, at) for edge in ("late", "on_time"))
    return late != on_time


def _weekend(policy: Policy) -> str:
    return {"counts": "", "skipped": ", Saturdays and Sundays not counted", "one": ", a weekend counted once"}[
        policy.weekend
    ]


def relieved(policy: Policy, late: Lateness) -> Iterator[str]:
    if late.relieved:
        yield f"The extension covers {late.relieved}: {late.units} - {late.relieved} = {late.needed} for the bank."


def cutoff_words(policy: Policy, deadline: Deadline, late: Lateness) -> str:
    """Why the cutoff refuses this."""
    many = late.relief.units
    if isinstance(deadline.cutoff, int):
        most = (
            f"{deadline.cutoff} + {many} of the extension = {deadline.cutoff + many}" if many else f"{deadline.cutoff}"
        )
        return f"{units(policy, late.units)} {'is' if late.units == 1 else 'are'} more than {most}: past the cutoff."
    end = max(deadline.cutoff, late.effective_due) if deadline.cutoff else late.effective_due
    if many:
        moved = later_by(policy, read_clock(policy, end), many)
        return (
            f"Past the cutoff, {moment(end, policy.zone)}, which the extension moves to {moment(moved, policy.zone)}."
        )
    return f"Past the cutoff, {moment(end, policy.zone)}."
