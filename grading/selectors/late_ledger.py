"""The ledger of one person or team as the staff read it: every line, every verdict with its explanation, every favour with its reason."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db.models import Q
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from courseplatform.teams.models import Team
from courseplatform.teams.selectors.membership import members_at, memberships_of_person
from grading.anonymity import hidden_assignments
from grading.late.words_of_time import unit_head, units
from grading.late_rows.facts import person_key, policy_for
from grading.models.late_days import (
    Accommodation,
    EntryKind,
    Excuse,
    Extension,
    LateEntry,
    LateRequest,
    LateStale,
    LateVerdict,
)
from grading.returns.running import cost_so_far, running_in, so_far
from grading.selectors.late_nameless import entries_shown, verdicts_shown

Favour = Extension | Accommodation | Excuse
MOST_KEY = 1 << 62
COLUMNS = ("Date", "For", "Bank", "Reason", "For work due since", "By", "Days", "Balance")


@dataclass(frozen=True)
class Line:
    """One line of the ledger and the balance of its bank after it, in late units."""

    entry: LateEntry
    label: str
    balance: int


@dataclass(frozen=True)
class Given:
    """A favour as the page says it. url_name: where it is taken back."""

    row: Favour
    what: str
    url_name: str

    @property
    def is_standing(self) -> bool:
        return self.row.withdrawn_at is None


def student_get(visit: Visit, pk: int) -> User:
    """Also one who left: the ledger stands. Raises NotHere for anybody else."""
    found = Enrolment.objects.filter(course=visit.course, role=Role.STUDENT, person=pk).select_related("person")
    enrolment = found.first() if 0 < pk < MOST_KEY else None
    if enrolment is None:
        raise NotHere("There is no such student in this course.")
    return enrolment.person


def team_get(visit: Visit, slug: str) -> Team:
    """Raises NotHere."""
    team = Team.objects.filter(course=visit.course, slug=slug).select_related("course").first()
    if team is None:
        raise NotHere("There is no such team in this course.")
    return team


def person_page(visit: Visit, person: User) -> dict[str, Any]:
    """What the page of one student shows. Bounded queries, however long the ledger is."""
    memberships = list(memberships_of_person(visit.course, person))
    teams = list(dict.fromkeys(row.team for row in memberships))
    policy = policy_for(visit.course)
    payers = {bank.owner for bank in policy.banks} if policy else set()
    owned = Q(person=person, team=None)
    favours = [
        *_extensions(visit, owned | Q(team__in=teams)),
        *_of_person(visit, person),
    ]
    work = LateVerdict.objects.filter(person=person, assignment__course=visit.course)
    here = [row.team_id for row in memberships if row.until_at is None]
    return _page(visit, owned, favours, work) | {
        "running": _running(visit, [person.pk], here, person_key(person.pk)),
        "name": person.name,
        "person": person,
        "teams": teams,
        "team_pays": "team" in payers,
        "team_now": next((row.team for row in memberships if row.until_at is None), None),
        "has_own_bank": "person" in payers or not payers,
        "is_waiting": LateStale.objects.filter(course=visit.course, person=person).exists(),
    }


def team_page(visit: Visit, team: Team) -> dict[str, Any]:
    """What the page of one team shows: the lines of its own bank, and the verdicts of its hand-ins for each member."""
    owned = Q(team=team)
    work = LateVerdict.objects.filter(Q(submission__team=team) | Q(returned__loan__team=team))
    members = members_at(team)
    return _page(visit, owned, list(_extensions(visit, owned)), work) | {
        "running": _running(visit, [], [team.pk]),
        "name": team.name,
        "team": team,
        "members": members,
        "is_waiting": LateStale.objects.filter(course=visit.course, person__in=members).exists(),
    }


def _running(visit: Visit, people: list[int], teams: list[int], person: str | None = None) -> list[dict[str, Any]]:
    """Returns of these borrowers that are late and not over: what they come to at this moment, which no line has charged."""
    now = timezone.now()
    found = running_in(visit.course, now, people=people, teams=teams, person=person)
    if found is None:
        return []
    facts, rows = found
    return [
        {"at": now, "item": facts.return_work, "so_far": so_far(facts, one.verdict), "cost": cost_so_far(facts, one), "verdict": one.verdict}
        for one in rows
    ]  # fmt: skip


def _page(visit: Visit, owned: Q, favours: list[Given], work: Any) -> dict[str, Any]:
    hidden, policy = hidden_assignments(visit), policy_for(visit.course)
    entries = LateEntry.objects.filter(owned, course=visit.course)
    entries = entries.select_related("assignment", "submission__assignment__course")
    lines = list(_lines(entries_shown(entries, hidden)))
    left: dict[str, int] = {line.entry.bank: line.balance for line in lines}
    return {
        "lines": lines,
        "left": left,
        "sums": _sums(lines),
        "favours": sorted(favours, key=lambda given: given.row.made_at),
        "verdicts": verdicts_shown(
            work.select_related("assignment__course", "submission", "person", "submission__assignment__course"), hidden
        ),
        "requests": [
            {"row": row, "words": units(policy, row.units)}
            for row in LateRequest.objects.filter(owned, assignment__course=visit.course).select_related(
                "assignment", "person"
            )
        ],
        "policy": policy,
        "unit_head": unit_head(policy),
    }


def csv_rows(lines: list[Line]) -> Iterable[list[object]]:
    for line in lines:
        entry = line.entry
        yield [
            entry.made_at.isoformat(), line.label, entry.bank, entry.reason, str(entry.since or ""), entry.actor, entry.days, line.balance,
        ]  # fmt: skip


def _lines(rows: Iterable[LateEntry]) -> Iterable[Line]:
    balance: dict[str, int] = defaultdict(int)
    for entry in rows:
        balance[entry.bank] += entry.days
        label = entry.get_kind_display()
        if entry.assignment is not None:
            label = entry.assignment.short + (", returned" if entry.kind == EntryKind.REFUND else "")
        yield Line(entry, label, balance[entry.bank])


def _sums(lines: list[Line]) -> dict[str, int]:
    """What the balance is made of: given by the policy and by people, spent, returned."""
    found = {"policy": 0, "given": 0, "spent": 0}
    for line in lines:
        kind = "spent" if line.entry.assignment_id else "policy" if line.entry.kind == EntryKind.POLICY else "given"
        found[kind] += line.entry.days
    return found | {"left": sum(found.values())}


def _extensions(visit: Visit, owned: Q) -> Iterable[Given]:
    rows, policy = Extension.objects.filter(owned, assignment__course=visit.course), policy_for(visit.course)
    for row in rows.select_related("assignment", "team"):
        team = f", team {row.team}" if row.team else ""
        kept = ", stays penalised" if row.keeps_penalty else ""
        what = f"until {_day_words(row.until_at, visit)}" if row.until_at else units(policy, row.units)
        yield Given(row, f"Extension of {row.assignment.short}{team}: {what}{kept}", "grading:extension_withdraw")


def _of_person(visit: Visit, person: User) -> Iterable[Given]:
    for rule in Accommodation.objects.filter(course=visit.course, person=person):
        kinds = f" ({', '.join(rule.kinds)})" if rule.kinds else ""
        days = f"{rule.extra_days} day{'s' if rule.extra_days != 1 else ''}"
        yield Given(rule, f"Accommodation: everything is due {days} later{kinds}", "grading:accommodation_withdraw")
    excuses = Excuse.objects.filter(assignment__course=visit.course, person=person).select_related("assignment")
    for excuse in excuses:
        yield Given(excuse, f"Excused from {excuse.assignment.short}", "grading:excuse_withdraw")


def _day_words(at: datetime, visit: Visit) -> str:
    return f"{at.astimezone(visit.course.tz):%a %b %-d, %H:%M %Z}"


def favour_get(visit: Visit, model: type[Favour], pk: int) -> Given:
    """A favour of this course, with its words. Raises NotHere."""
    within = {"course": visit.course} if model is Accommodation else {"assignment__course": visit.course}
    row = cast("Any", model).objects.filter(pk=pk, **within).first() if 0 < pk < MOST_KEY else None
    if row is None:
        raise NotHere("There is no such favour in this course.")
    owned = Q(pk=pk)
    if isinstance(row, Extension):
        return next(iter(_extensions(visit, owned)))
    return next(given for given in _of_person(visit, row.person) if given.row == row)


def people_of_favour(row: Favour) -> list[User]:
    """Whom it was given to: the person, or the members of the team now."""
    team = row.team if isinstance(row, Extension) else None
    return members_at(team) if team else [cast("User", row.person)]
