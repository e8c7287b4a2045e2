"""The page of the assignment by which hardware comes back: to a student what is theirs, to the staff who is missing; and what lateness costs."""

from datetime import datetime
from typing import Any

from courseplatform.core import numbers
from courseplatform.core.badges import Badge
from courseplatform.courses.access import Visit
from courseplatform.teams.selectors.membership import team_now
from grading.late.words_of_time import unit_head
from grading.late_rows.facts import key_of, person_key, policy_for
from grading.models.assignments import Assignment
from grading.models.late_days import LateVerdict
from grading.models.owners import Owner
from grading.returns.dues import return_day_of, return_dues
from grading.returns.running import Running, cost_so_far, running_in, so_far
from grading.returns.work import may_be_return, return_of
from grading.selectors.late_words import cost_words, steps_of, verdict_badge
from hardware.inventory.access import stockroom_of
from hardware.inventory.lending.loan_words import things
from hardware.inventory.selectors.overdue import days_over
from hardware.inventory.selectors.returns import TermBorrower, term_borrowers


def return_part(visit: Visit, item: Assignment, now: datetime) -> dict[str, Any]:
    """Empty for any other assignment, which costs no query. A fixed number of queries else, however much is lent."""
    if not may_be_return(item) or return_of(visit.course) != item:
        return {}
    return {"back": _of_class(visit, item, now) if visit.is_staff else _of_mine(visit, item, now)}


# -- a student's


def _of_mine(visit: Visit, item: Assignment, now: datetime) -> dict[str, Any]:
    """What the person and the team they are in now were lent for the term. owner: whose lateness the page tells before the day of return."""
    team = team_now(visit, now)
    mine = {"people": [visit.person.pk], "teams": [team.pk] if team else []}
    found = term_borrowers(visit.course, now, **mine)
    late = running_in(visit.course, now, **mine, person=person_key(visit.person.pk))
    costs = {one.owner: (so_far(late[0], one.verdict), cost_so_far(late[0], one)) for one in late[1]} if late else {}
    dues = return_dues(visit.course, {one.key for one in found})
    still = [one for one in found if one.out]
    owner = next((Owner(visit.person, one.team) for one in sorted(still, key=lambda one: one.team is None)), None)
    return {
        "owner": owner,
        "rows": [_mine_row(visit, item, one, dues[one.key], costs.get(key_of(*one.key)), now) for one in found],
    }


def _mine_row(
    visit: Visit, item: Assignment, one: TermBorrower, due_at: datetime, cost: tuple[str, str] | None, now: datetime
) -> dict[str, Any]:
    row = {
        "title": f"Team {one.team.name}" if one.team else "Yours",
        "due_at": due_at,
        "out": one.out,
        "back": one.back,
    }
    if not one.out:
        return row | _all_back(visit, item, one)
    if cost:
        late, costs = cost
        said = f"If everything came back now, it {costs}. While something is out, nothing is charged."
        return row | {"badge": Badge("bad", "octagon", late), "sentence": said}
    if due_at < now:
        return row | {"badge": Badge("bad", "octagon", f"{numbers.span(now - due_at)} late"), "sentence": ""}
    day = return_day_of(visit.course, None if one.team else visit.person, one.team)
    badge = Badge("neutral", "clock", f"due in {numbers.span(due_at - now)}")
    return row | {"badge": badge, "sentence": day.late_words if day else ""}


def _all_back(visit: Visit, item: Assignment, one: TermBorrower) -> dict[str, Any]:
    """With what the count decided of it; a moment after the last piece came it may not have decided yet."""
    kept = LateVerdict.objects.filter(assignment=item, person=visit.person, returned__in=one.back).first()
    policy = policy_for(visit.course)
    if kept is None or policy is None:
        return {"badge": Badge("good", "check", "all back"), "sentence": ""}
    said = f"It costs {cost_words(kept, policy)}." if kept.days_late and kept.accepted else ""
    return {"badge": verdict_badge(kept, policy), "sentence": said, "steps": steps_of(kept)}


# -- the staff's


def _of_class(visit: Visit, item: Assignment, now: datetime) -> dict[str, Any]:
    """has_stock: whether there is a page of the day of return to go to."""
    found, policy = term_borrowers(visit.course, now), policy_for(visit.course)
    missing = [one for one in found if one.out]
    late = running_in(visit.course, now) if missing else None
    costs = {one.owner: one for one in late[1]} if late else {}
    dues = return_dues(visit.course, {one.key for one in missing})
    rows = [_class_row(visit, one, dues[one.key], costs.get(key_of(*one.key)), now) for one in missing]
    for row in rows:
        one = row.pop("running")
        row["cost"] = cost_so_far(late[0], one).removeprefix("costs ") if late and one else ""
    return {
        "is_class": True, "owner": None, "has_stock": stockroom_of(visit.course) is not None, "has_policy": policy is not None, "unit": unit_head(policy),
        "borrowers": len(found), "done": len(found) - len(missing), "late": sum(row["days"] > 0 for row in rows),
        "last_at": max((one.last_at for one in found if one.last_at), default=None),
        "missing": sorted(rows, key=lambda row: (-row["days"], row["one"].whom.casefold())),
    }  # fmt: skip


def _class_row(
    visit: Visit, one: TermBorrower, due_at: datetime, running: Running | None, now: datetime
) -> dict[str, Any]:
    """days: late units by the policy, or days of the calendar where the course states none and where nobody is in the team any more."""
    is_judged = policy_for(visit.course) is not None and (one.team is None or one.people)
    by_calendar = 0 if is_judged or due_at >= now else days_over(due_at, now, visit.course)
    return {
        "one": one, "things": things(one.out), "count": len(one.out), "due_at": due_at, "running": running,
        "days": running.verdict.days_late if running else by_calendar,
    }  # fmt: skip
