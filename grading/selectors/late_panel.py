"""The aside `If it is late` of a lab and of a receipt, and the heading that counts to the moment when the cost changes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from courseplatform.courses.access import Visit
from grading.late.facts import Policy, Verdict
from grading.late.words_of_time import unit_head, unit_word, units
from grading.late_rows.facts import key_of, person_key
from grading.late_rows.preview import LateRow, LateTable, late_table
from grading.late_rows.reads import GIVEN
from grading.models.assignments import Assignment
from grading.models.owners import Owner
from grading.selectors.late_words import arithmetic, cost_words, percent, policy_line, zone_words

DAY = timedelta(days=1)
SOON = timedelta(hours=1)


def table_for(visit: Visit, assignment: Assignment, owner: Owner, now: datetime) -> LateTable | None:
    """What handing in costs this student, now and later; None for staff, and where no rule or no due time is stated."""
    return None if visit.is_staff else late_table(visit.course, assignment, owner, now)


def panel(table: LateTable, assignment: Assignment, owner: Owner, now: datetime) -> dict[str, Any]:
    """Everything that the aside shows. One query, for what the bank was given."""
    policy = table.facts.policy
    return {
        "bank": _bank_words(table, assignment),
        "change": _change_words(table, now),
        "policy": policy_line(policy),
        "unit": unit_head(policy),
        "rows": _rows(table, now),
        "notes": list(_notes(table)),
        "favours": list(_favours(table, assignment, owner)),
        "asked": _asked(table, assignment, owner),
    }


def _rows(table: LateTable, now: datetime) -> list[dict[str, Any]]:
    """From now on: what could have been handed in earlier is of no use. Where the table has ended, the present moment alone."""
    current = next((n for n, row in enumerate(table.rows) if row.is_now), None)
    if current is None:
        left = None if table.left is None else table.left - table.now.free_days_used
        return [_row(now, table.now, left, is_now=True)]
    return [_row(row.by, row.verdict, row.left, is_now=row.is_now) for row in table.rows[current:]]


def _row(by: datetime, verdict: Verdict, left: int | None, *, is_now: bool) -> dict[str, Any]:
    most = percent(verdict.max_percent) if verdict.accepted else "not taken"
    return {
        "by": by, "late": verdict.days_late, "left": left, "is_now": is_now, "most": most, "is_less": verdict.max_percent < 100,
    }  # fmt: skip


def _bank_words(table: LateTable, assignment: Assignment) -> dict[str, Any] | None:
    """What the bank holds now. `back`: what the attempt that counts has cost it; another one would take its place."""
    policy, payer = table.facts.policy, table.now.charged_to
    bank = policy.bank_for(assignment.slug)
    if bank is None or table.left is None or payer is None:
        return None
    left = table.standing.balances[payer][bank.name]
    held = max(granted(table, bank.name, bank.days), left)
    return {
        "whose": "Your team has" if bank.owner == "team" else "You have",
        "left": left,
        "held": held,
        "unit": unit_word(policy, held),
        "back": max(table.left - left, 0),
    }


def granted(table: LateTable, bank: str, days: int) -> int:
    """What the bank was given, without what was returned for a fault of ours."""
    key = table.now.charged_to or ""
    own, of_team = ([], [int(key[1:])]) if key.startswith("t") else ([int(key[1:])], [])
    given: int = sum(GIVEN(course=table.facts.circle.course.pk, people=own, teams=of_team, bank=bank))
    return days + given


def _change_words(table: LateTable, now: datetime) -> str:
    row, at = table.next_change(), table.changes_at()
    if row is None or at is None:
        return ""
    local = timezone.localtime(at)
    is_near = local.date() - timezone.localdate(now) <= (DAY if not (local.hour or local.minute) else timedelta(0))
    when = f"{local:%H:%M}" if is_near else f"{local:%a %b} {local.day}, {local:%H:%M}"
    return f"From {when} on {_then(table, row)}."


def _then(table: LateTable, row: LateRow) -> str:
    if not row.verdict.accepted:
        return "nothing more is taken"
    current = next(one for one in table.rows if one.is_now)
    if row.verdict.free_days_used > current.verdict.free_days_used:
        return f"it costs {row.verdict.free_days_used} of them"
    return f"at most {percent(row.verdict.max_percent)} % can be reached"


def _notes(table: LateTable) -> Iterator[str]:
    """How the last row comes to its number, and the days in between that are longer or shorter than others."""
    policy = table.facts.policy
    is_over = not any(row.is_now for row in table.rows)
    costly = [row.verdict for row in table.rows if row.verdict.max_percent < 100]
    last = table.now if is_over else costly[-1] if costly else None
    if last is not None and last.days_late:
        yield f"After {units(policy, last.days_late)}: {arithmetic(last)}"
    if table.rows and not is_over:
        yield from clock_changes(policy, table.rows[0].by, table.rows[-1].by)


def clock_changes(policy: Policy, since: datetime, until: datetime) -> Iterator[str]:
    """`Sun Nov 5 has 25 hours (clocks go back) and is one day.`"""
    day, last = since.astimezone(policy.zone).date(), until.astimezone(policy.zone).date()
    while day <= last:
        start = datetime.combine(day, datetime.min.time(), policy.zone)
        end = datetime.combine(day + DAY, datetime.min.time(), policy.zone)
        hours = (end.timestamp() - start.timestamp()) / 3600
        if hours != 24:
            moves = "back" if hours > 24 else "forward"
            is_elapsed = policy.unit.kind == "hours" and policy.unit.clock == "elapsed"
            counts = "real hours are counted" if is_elapsed else "is one day"
            yield f"{day:%a %b} {day.day} has {hours:g} hours (clocks go {moves} in {zone_words(policy.zone)}) and {counts}."
        day += DAY


def _favours(table: LateTable, assignment: Assignment, owner: Owner) -> Iterator[str]:
    """What was given for this work: of accommodations only what they give, as of any extension."""
    facts, me = table.facts, person_key(owner.person.pk)
    if (me, assignment.slug) in facts.excused:
        yield "You are excused: nothing is late here, and nothing is charged."
    keys = {me, key_of(owner.person.pk, owner.team.pk if owner.team else None)}
    mine = [e for e in facts.extensions if e.owner in keys and e.assignment == assignment.slug]
    for one in mine:
        whom = "your team" if one.owner != me else "you"
        kept = ", which stay penalised" if one.keeps_penalty else ""
        if one.until is not None and not one.keeps_penalty:
            local = timezone.localtime(one.until)
            yield f"Extended for {whom} until {local:%a %b} {local.day}, {local:%H:%M %Z}."
        elif one.units:
            yield f"An extension for {whom} covers {units(facts.policy, one.units)} before the bank does{kept}."


def _asked(table: LateTable, assignment: Assignment, owner: Owner) -> dict[str, Any] | None:
    """Where the policy spends only what is asked for: what was asked, and what the form offers."""
    facts = table.facts
    if facts.policy.spend != "asked":
        return None
    keys = {person_key(owner.person.pk), key_of(owner.person.pk, owner.team.pk if owner.team else None)}
    units_asked = sum(r.units for r in facts.requests if r.owner in keys and r.assignment == assignment.slug)
    return {"units": units_asked, "words": units(facts.policy, units_asked), "most": table.left or 0}


def heading(table: LateTable, standing: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
    """The title of the lab page. `until`: the moment it counts to; `standing`: what was handed in, in words, or None."""
    policy, cost = table.facts.policy, table.now
    due = f"{timezone.localtime(table.due):%a %b %-d, %H:%M %Z}"
    changes = table.changes_at()
    earned = f" {standing['sentence']}" if standing and standing["sentence"] else ""
    is_due = f"Due {due}." if now <= table.due else f"It was due {due}."
    if standing and (cost.days_late or not cost.accepted):
        again = "is not taken" if not cost.accepted else f"costs {cost_words(cost, policy)}"
        return {
            "tone": standing["tone"], "title": standing["title"],
            "sentence": f"{is_due}{earned} Another attempt now {again}, if it is the one that counts.",
        }  # fmt: skip
    if not cost.accepted:
        return {"tone": "bad", "title": "Too late for the late policy", "clock": True,
                "sentence": f"{is_due} {_refusal(cost)} You can still hand in: it is kept with its time, and the staff can still extend yours."}  # fmt: skip
    if not cost.days_late:
        after = table.next_change()
        spends = after is not None and after.verdict.accepted and after.verdict.free_days_used
        tone = "warn" if changes is not None and changes - now < SOON and not standing else "neutral"
        return {"tone": tone, "until": changes or table.due, "after": f"left without a {unit_word(policy, 1)}" if spends else "left",
                "sentence": f"{is_due}{earned}", "clock": True}  # fmt: skip
    costs = f"Handing in now costs {_of_the_rest(table)}."
    if changes is None:
        return {"tone": "warn", "until": table.due, "after": "late", "sentence": f"{costs} {is_due}", "clock": True}
    return {
        "tone": "warn",
        "until": changes,
        "after": "until it costs more",
        "sentence": f"{costs} {is_due}",
        "clock": True,
    }


def cost_key(table: LateTable | None, assignment: Assignment, now: datetime) -> str:
    """What handing in costs at this moment, in a form that a page sends back: so that nobody pays more than the page said."""
    if table is None:
        return "late" if assignment.due_at is not None and now > assignment.due_at else "free"
    cost = table.now
    return f"{cost.days_late}/{cost.free_days_used}/{percent(cost.max_percent)}/{int(cost.accepted)}"


def cost_of_now(table: LateTable) -> str:
    """What handing in at this moment costs, in a sentence; empty where it costs nothing."""
    if not table.now.accepted:
        return "The late policy does not take it any more; it is kept with its time."
    return f"Handing in now costs {_of_the_rest(table)}." if table.now.days_late else ""


def _of_the_rest(table: LateTable) -> str:
    """1 of your 3 remaining late days."""
    cost, policy = table.now, table.facts.policy
    if not cost.free_days_used or table.left is None:
        return cost_words(cost, policy)
    most = f", and at most {percent(cost.max_percent)} % can be reached" if cost.penalty_percent else ""
    return f"{cost.free_days_used} of your {table.left} remaining {unit_word(policy, table.left)}{most}"


def _refusal(verdict: Verdict) -> str:
    said = [step for step in verdict.explanation if "refused" in step.lower()]
    return said[-1] if said else "The late policy takes nothing this late."
