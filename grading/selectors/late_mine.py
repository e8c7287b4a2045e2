"""The page Late days of a student: every bank with its ledger, how each line came to be, and what was given.

The balance is what the rules say now (`assess`); the ledger sums to it, since the count writes the difference. Of a team mate's own work only
what the team's bank paid is shown, not how the team mate's due time was moved.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from courseplatform.core.prepared import Prepared
from courseplatform.courses.access import Visit
from courseplatform.teams.models import Team
from courseplatform.teams.sections import TeamVisit
from courseplatform.teams.selectors.membership import team_now
from grading.late.facts import Assessment, Bank, HandIn, Policy, Verdict
from grading.late.words_of_time import units
from grading.late_rows.facts import LateFacts, circle_of, facts_of, key_of, person_key, policy_for, team_key
from grading.late_rows.reads import ENTRIES
from grading.models.assignments import Assignment
from grading.models.course_work import course_work
from grading.models.late_days import EntryKind, LateEntry
from grading.returns.running import cost_so_far, running_returns, so_far
from grading.returns.work import is_return
from grading.selectors.late_outlook import outlook
from grading.selectors.late_words import percent, policy_line, steps_of

MOST_SQUARES = 12
POLICY_ACTOR = "course policy"
COLUMNS = ("Bank", "Owner", "Date", "For", "Arithmetic", "By", "Days", "Balance")


@dataclass
class Line:
    """One line of the ledger. `at` is an instant; `more`: the rest of the explanation; `balance`: what is left after it.

    is_running: a late return that is not over: `days` is what it costs so far, is not charged, and changes no balance.
    """

    at: datetime
    what: str
    arithmetic: str
    by: str
    days: int = 0
    note: str = ""
    more: list[str] = field(default_factory=list)
    url: str = ""
    is_first: bool = False
    balance: int = 0
    squares: list[bool] = field(default_factory=list)
    is_running: bool = False

    @property
    def days_words(self) -> str:
        said = f"{self.days:+d}".replace("-", "−") if self.days else "0"
        return f"({said})" if self.is_running else said


@dataclass(frozen=True)
class Book:
    """What the page is made from. `work`: the assignments with a due time, by slug."""

    visit: Visit
    facts: LateFacts
    assessment: Assessment
    team: Team | None
    entries: list[LateEntry]
    work: dict[str, Assignment]

    @property
    def me(self) -> str:
        return person_key(self.visit.person.pk)

    def owner_key(self, bank: Bank) -> str | None:
        """Whose bank it is for this person; None: a team's, and the person is in none."""
        if bank.owner == "person":
            return self.me
        return team_key(self.team.pk) if self.team else None

    def entries_of(self, bank: Bank) -> list[LateEntry]:
        return _of_bank(self.entries, bank)


def has_policy(course: Any) -> bool:
    """For the bar: whether the course states a late policy. No query."""
    return "late_policy" in course.facts


def home_section(visit: Visit, now: datetime) -> dict[str, Any] | None:
    """For the course home: what is left in each bank, by the ledger alone. Two queries."""
    policy, course = policy_for(visit.course), visit.course
    rule = course.late_rule or (f"{policy_line(policy)}." if policy else "")
    banks = _banks(visit, policy, now) if policy is not None and not visit.is_staff else []
    return {"rule": rule, "note": course.overlay_note, "banks": banks} if rule else None


def team_section(at: TeamVisit) -> dict[str, Any] | None:
    """For the page of a team: what is left in the banks that are the team's, by the ledger alone. One query."""
    policy = policy_for(at.visit.course)
    banks = [bank for bank in policy.banks if bank.owner == "team"] if policy is not None and at.is_inside else []
    if not banks:
        return None
    entries = list(LateEntry.objects.filter(course=at.visit.course, team=at.team))
    found = [_left(_sums(_of_bank(entries, bank), bank), bank) for bank in banks]
    return {"banks": [row | {"held_words": units(policy, row["held"])} for row in found], "team": at.team}


def _left(sums: dict[str, int], bank: Bank) -> dict[str, Any]:
    left = sum(sums.values())
    held = max(sums["granted"], left)
    return {
        "name": bank.name,
        "left": left,
        "held": held,
        "squares": squares(left, held),
        "sum_words": _sum_words(sums, left),
    }


OWN_ENTRIES = Prepared(
    lambda person, course: LateEntry.objects.filter(team=None, person=person, course=course), person=int, course=int
)
THEIR_ENTRIES = Prepared(
    lambda person, team, course: LateEntry.objects.filter(Q(team=None, person=person) | Q(team=team), course=course),
    person=int, team=int, course=int,
)  # fmt: skip


def _banks(visit: Visit, policy: Policy, now: datetime) -> list[dict[str, Any]]:
    team = team_now(visit, now)
    who = {"person": visit.person.pk, "course": visit.course.pk}
    entries = list(THEIR_ENTRIES(**who, team=team.pk) if team else OWN_ENTRIES(**who))
    own = [bank for bank in policy.banks if bank.owner == "person" or team is not None]
    return [_left(_sums(_of_bank(entries, bank), bank), bank) for bank in own]


def _of_bank(entries: Iterable[LateEntry], bank: Bank) -> list[LateEntry]:
    return [row for row in entries if row.bank == bank.name and (row.team_id is not None) is (bank.owner == "team")]


def page(visit: Visit, now: datetime) -> dict[str, Any]:
    """Everything on the page. A fixed number of queries, whatever the size of the course."""
    policy = policy_for(visit.course)
    if policy is None or visit.is_staff:
        return {"policy": policy_line(policy) if policy else "", "blocks": [], "title": "Late days"}
    book = _book(visit, now)
    blocks = [_block(book, bank, now) for bank in policy.banks]
    of_team = book.team is not None and all(bank.owner == "team" for bank in policy.banks)
    return {
        "title": f"Late days of team {book.team.name}" if of_team and book.team else "Your late days",
        "policy": policy_line(policy),
        "blocks": blocks,
        "is_several": len(blocks) > 1,
        "favours": list(_favours(book)),
        "passes": book.assessment.passes.get(book.me),
        "without_bank": outlook(book.facts, _open_work(book, None), visit.person, book.team, None, now),
    }


def _book(visit: Visit, now: datetime) -> Book:
    facts = facts_of(circle_of(visit.course, {visit.person.pk}))
    if facts is None:
        raise LookupError(visit.course.slug)
    team = next(
        (row.team for row in facts.circle.memberships if row.person_id == visit.person.pk and row.until_at is None),
        None,
    )
    rows = list(ENTRIES(course=visit.course.pk, people=[visit.person.pk], teams=[team.pk] if team else []))
    work = {item.pk: item for item in course_work(visit.course)}
    if withdrawn := {row.assignment_id for row in rows if row.assignment_id} - set(work):
        work |= Assignment.objects.select_related("course").in_bulk(withdrawn)
    for row in rows:
        row.assignment = work.get(row.assignment_id or 0)
    return Book(visit, facts, facts.assessment(), team, rows, facts.work)


def _open_work(book: Book, bank: Bank | None) -> list[Assignment]:
    """Work that this bank pays for and that is not handed in by this person or their team."""
    mine = {book.me, team_key(book.team.pk) if book.team else ""}
    done = {s.assignment for s in book.facts.submissions if s.owner in mine and s.is_counted}
    policy = book.facts.policy
    return [item for slug, item in book.work.items() if slug not in done and policy.bank_for(slug) == bank]


def _block(book: Book, bank: Bank, now: datetime) -> dict[str, Any]:
    key, policy = book.owner_key(bank), book.facts.policy
    name = bank.name or "Late days"
    if key is None:
        return {"name": name, "is_empty": True, "days": units(policy, bank.days)}
    entries = book.entries_of(bank)
    left = book.assessment.balances[key][bank.name]
    sums = _sums(entries, bank)
    lines = _lines(book, bank, key, entries, held=max(sums["granted"], left))
    return {
        "name": name, "left": left, "held": max(sums["granted"], left), "squares": squares(left, max(sums["granted"], left)),
        "unit": units(policy, 2).split(" ", 1)[1], "sum_words": _sum_words(sums, left), "cost_words": _cost_words(book, bank, key),
        "lines": lines, "running": list(_running_lines(book, key, now)), "total": _total(sums), "balance": lines[-1].balance if lines else left, "now": now,
        "is_counting": bool(lines) and lines[-1].balance != left, "owner": str(book.team) if bank.owner == "team" else book.visit.person.name,
        "what_if": outlook(book.facts, _open_work(book, bank), book.visit.person, book.team, left, now),
    }  # fmt: skip


def squares(left: int, held: int) -> list[bool]:
    """A square for each unit, full while it is left; none where there would be too many to count by eye."""
    most = max(held, left)
    return [n < left for n in range(most)] if 0 < most <= MOST_SQUARES else []


def _sums(entries: Iterable[LateEntry], bank: Bank) -> dict[str, int]:
    found = {"granted": 0, "spent": 0, "returned": 0}
    names = {EntryKind.SPEND: "spent", EntryKind.REFUND: "returned"}
    rows = list(entries)
    for row in rows:
        found[names.get(EntryKind(row.kind), "granted")] += row.days
    if not any(row.kind == EntryKind.POLICY for row in rows):
        found["granted"] += bank.days  # the count has not written the first line yet
    return found


def _sum_words(sums: dict[str, int], left: int) -> str:
    returned = f" + {sums['returned']} returned" if sums["returned"] else ""
    return f"{sums['granted']} granted − {-sums['spent']} spent{returned} = {sum(sums.values())}"


def _total(sums: dict[str, int]) -> str:
    return " ".join(f"{n:+d}" for n in sums.values() if n).replace("-", "−")


def _cost_words(book: Book, bank: Bank, key: str) -> str:
    """Whether lateness has cost points, which is what people fear."""
    mine = [
        v for v in book.assessment.verdicts if v.person == book.me and book.facts.policy.bank_for(v.assignment) == bank
    ]
    costly = [v for v in mine if v.penalty_percent]
    if not costly:
        return "Nothing has cost you points."
    said = ", ".join(f"{book.work[v.assignment].short} at most {percent(v.max_percent)} %" for v in costly)
    return f"Lateness has cost you: {said}."


# -- the lines


def _lines(book: Book, bank: Bank, key: str, entries: list[LateEntry], held: int) -> list[Line]:
    """Oldest first, with the running balance. What the policy gives stands first, whenever its line was written."""
    first = next((row for row in entries if row.kind == EntryKind.POLICY), None)
    lines = [_entry_line(book, row, is_first=row is first) for row in entries]
    if first is None and bank.days:
        lines.append(_unwritten(book, bank))
    spent = {_paid_for(book, row) for row in entries if row.kind == EntryKind.SPEND}
    lines += _free_lines(book, bank, key, spent)
    lines.sort(key=lambda line: (not line.is_first, line.at))
    balance = 0
    for line in lines:
        balance += line.days
        line.balance, line.squares = balance, squares(balance, held)
    return lines


def _unwritten(book: Book, bank: Bank) -> Line:
    started = book.team.made_at if bank.owner == "team" and book.team else timezone.now()
    whose = "team" if bank.owner == "team" else "student"
    return Line(started, "Policy", f"every {whose} gets {bank.days}", POLICY_ACTOR, bank.days, is_first=True)


def _entry_line(book: Book, row: LateEntry, *, is_first: bool) -> Line:
    if row.assignment is None:
        note = f"for what is due from {row.since:%b} {row.since.day} on" if row.since else ""
        by = POLICY_ACTOR if is_first else row.actor
        return Line(row.made_at, row.get_kind_display(), row.reason, by, row.days, note, is_first=is_first)
    verdict = _verdict(book, _paid_for(book, row)) if row.kind == EntryKind.SPEND else None
    by = row.submission.person.name if row.submission else row.actor
    line = Line(row.made_at, row.assignment.short, row.reason, by, row.days, url=row.assignment.get_absolute_url())
    if verdict is not None:
        _explain(line, verdict, is_mine=_is_mine(book, verdict))
    elif row.kind == EntryKind.REFUND:
        line.note = "the count gives back what is no longer charged"
    return line


def _paid_for(book: Book, row: LateEntry) -> str:
    """The hand-in that a line paid for, as the facts name it. A line without one paid for hardware that came back late."""
    if row.submission_id is not None or row.assignment is None:
        return str(row.submission_id)
    payer = key_of(row.person_id, row.team_id)
    found = [draw for draw in book.assessment.draws if (draw.owner, draw.bank) == (payer, row.bank)]
    back = (
        one.submission_id for one in found if one.assignment == row.assignment.slug and is_return(one.submission_id)
    )
    return next(back, "")


def _verdict(book: Book, submission: str) -> Verdict | None:
    """Of this person if it is theirs too, else of whoever it cost most."""
    found = [v for v in book.assessment.verdicts if v.submission_id == submission]
    return max(found, key=lambda v: (v.person == book.me, v.free_days_used), default=None)


def _is_mine(book: Book, verdict: Verdict) -> bool:
    return verdict.person == book.me or verdict.team is not None


def _explain(line: Line, verdict: Verdict, *, is_mine: bool) -> None:
    steps = steps_of(verdict)
    line.arithmetic = steps[0]
    counted = next((n for n, step in enumerate(steps) if _counts(step)), None)
    if not is_mine:
        line.note = f"{verdict.free_days_used} paid by the team's bank"
        return
    line.note = steps[counted] if counted is not None else " ".join(steps[1:2])
    rest = [step for step in steps[1:] if step != line.note]
    line.more = rest if len(rest) > 1 else []  # `Maximum: 100 - 0 = 100 %` alone says nothing new


def _counts(step: str) -> bool:
    return " passed" in step or step.startswith(("On time", "Within", "No midnight", "No boundary"))


def _free_lines(book: Book, bank: Bank, key: str, spent: set[str]) -> Iterator[Line]:
    """Judged hand-ins that cost the bank nothing: the person's own and the team's, each once."""
    hand_ins: dict[str, HandIn] = {s.id: s for s in book.facts.submissions}
    seen = set(spent)
    mine = sorted(book.assessment.verdicts, key=lambda v: v.person != book.me)
    for verdict in mine:
        is_here = verdict.person == book.me or (verdict.team is not None and verdict.team == key)
        if verdict.submission_id in seen or not is_here or book.facts.policy.bank_for(verdict.assignment) != bank:
            continue
        if verdict.person == book.me and verdict.charged_to not in (None, key):
            continue  # an earlier team's bank paid
        seen.add(verdict.submission_id)
        hand_in, item = hand_ins[verdict.submission_id], book.work[verdict.assignment]
        person = book.facts.circle.people.get(hand_in.by or "")
        line = Line(hand_in.at, item.short, "", person.name if person else "the staff", url=item.get_absolute_url())
        _explain(line, verdict, is_mine=True)
        yield line


def _running_lines(book: Book, key: str, now: datetime) -> Iterator[Line]:
    """Returns of the person and of their team that are late and not over, and that this bank's owner would pay for."""
    for one in running_returns(book.facts, now, person=book.me, found=book.assessment):
        verdict, item = one.verdict, book.work[one.verdict.assignment]
        if verdict.charged_to == key:
            line = Line(
                now, item.short, f"Running: {so_far(book.facts, verdict)}.", "not charged yet", -verdict.free_days_used
            )
            line.note = f"If everything came back now, it {cost_so_far(book.facts, one)}. While something is out, nothing is charged."
            line.more, line.url, line.is_running = steps_of(verdict), item.get_absolute_url(), True
            yield line


# -- what was given


def _favours(book: Book) -> Iterator[dict[str, Any]]:
    """Extensions, standing accommodations and excuses that hold for this person; what was given, never why."""
    visit, policy = book.visit, book.facts.policy
    given, me, team = book.facts.given, visit.person.pk, book.team.pk if book.team else 0
    mine = [row for row in given.extensions if row.team_id == team or (row.team_id is None and row.person_id == me)]
    for row in mine:
        what = (
            f"due {timezone.localtime(row.until_at):%a %b %-d, %H:%M %Z}"
            if row.until_at
            else f"covers {units(policy, row.units)}"
        )
        kept = "; the lateness stays penalised" if row.keeps_penalty else ""
        yield {"for": row.assignment.short, "url": row.assignment.get_absolute_url(), "what": f"{what}{kept}", "by": row.made_by,
               "kind": "Extension for the team" if row.team_id else "Extension", "at": row.made_at}  # fmt: skip
    for rule in (one for one in given.accommodations if one.person_id == me):
        days = f"{rule.extra_days} day{'s' if rule.extra_days != 1 else ''}"
        whole = f"every {' and '.join(kind.replace('_', ' ') for kind in rule.kinds)}" if rule.kinds else "everything"
        yield {
            "for": whole,
            "url": "",
            "what": f"due {days} later",
            "by": rule.made_by,
            "kind": "Accommodation",
            "at": rule.made_at,
        }
    for excuse in (one for one in given.excuses if one.person_id == me):
        yield {"for": excuse.assignment.short, "url": excuse.assignment.get_absolute_url(), "what": "never late, never charged",
               "by": excuse.made_by, "kind": "Excused", "at": excuse.made_at}  # fmt: skip


def csv_rows(visit: Visit, now: datetime) -> list[list[Any]]:
    """The ledger as it stands on the page; times in the zone of the reader."""
    return [
        [block["name"], block["owner"], timezone.localtime(line.at).isoformat(timespec="seconds"), line.what,
         " ".join(part for part in (line.arithmetic, line.note, *line.more) if part), line.by, 0 if line.is_running else line.days,
         "" if line.is_running else line.balance]
        for block in page(visit, now)["blocks"] if not block.get("is_empty")
        for line in (*block["lines"], *block["running"])
    ]  # fmt: skip
