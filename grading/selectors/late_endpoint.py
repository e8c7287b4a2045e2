"""The late-day ledger of one person: what each bank holds, the lines that make it so, and what was decided of each hand-in."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from courseplatform.accounts.models import User
from courseplatform.core.errors import NotHere
from courseplatform.courses.access import Visit
from courseplatform.courses.models import Enrolment, Role
from courseplatform.teams.models import Team
from courseplatform.teams.selectors.membership import team_of
from grading.anonymity import hidden_assignments
from grading.late.facts import Policy, Unit
from grading.late_rows.facts import policy_for
from grading.models.late_days import LateEntry, LateStale, LateVerdict
from grading.selectors.late_nameless import entries_shown, verdicts_shown


@dataclass(frozen=True)
class LedgerBank:
    """One bank of the person, or of the team that the person is in now. The balance is the sum of its lines, in units of the policy."""

    name: str
    team: Team | None
    lines: list[LateEntry]

    @property
    def balance(self) -> int:
        return sum(line.days for line in self.lines)


@dataclass(frozen=True)
class LateLedger:
    """unit: what one late day is; None where the course states no rule. is_counted: no change waits to be counted."""

    person: User
    unit: Unit | None
    banks: list[LedgerBank]
    verdicts: list[LateVerdict]
    is_counted: bool


def late_ledger(visit: Visit, now: datetime, email: str = "") -> LateLedger:
    """One's own, or for staff that of the member with this e-mail address. At most eight queries.

    Raises NotHere: nobody of the course has the address, or a student asks for somebody else.
    """
    person, role = _whose(visit, email)
    policy, team = policy_for(visit.course), team_of(visit.course, person, now)
    owned = Q(person=person) if team is None else Q(person=person) | Q(team=team)
    lines = LateEntry.objects.filter(owned, course=visit.course).select_related("assignment")
    verdicts = LateVerdict.objects.filter(person=person, assignment__course=visit.course)
    verdicts = verdicts.select_related("assignment", "returned").order_by("assignment__position", "assignment")
    hidden = hidden_assignments(visit)
    return LateLedger(
        person,
        policy.unit if policy else None,
        _banks(policy, team, entries_shown(lines, hidden), is_student=role == Role.STUDENT),
        verdicts_shown(verdicts, hidden),
        not LateStale.objects.filter(course=visit.course, person=person).exists(),
    )


def _whose(visit: Visit, email: str) -> tuple[User, str]:
    asked = email.strip().lower()[:254].replace("\0", "")
    if not asked or asked == visit.person.email:
        return visit.person, visit.role
    found = Enrolment.objects.filter(course=visit.course, person__email=asked).select_related("person").first()
    if found is None or not visit.is_staff:
        raise NotHere("Nobody of this course has that address, or these late days are not yours to see.")
    return found.person, found.role


def _banks(
    policy: Policy | None, team: Team | None, lines: Iterable[LateEntry], *, is_student: bool
) -> list[LedgerBank]:
    """The banks of the policy first, as it names them; then those that it named once, and that have lines."""
    found: dict[tuple[bool, str], list[LateEntry]] = defaultdict(list)
    for bank in policy.banks if policy else ():
        if team is not None if bank.owner == "team" else is_student:
            found[bank.owner == "team", bank.name] = []
    for line in lines:
        found[line.team_id is not None, line.bank].append(line)
    return [LedgerBank(name, team if of_team else None, rows) for (of_team, name), rows in found.items()]
