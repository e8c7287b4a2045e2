"""Late days: the only place that computes lateness and what it costs. Facts in, verdicts and their explanation out.

No Django and no database: whoever has the facts may ask, the site and `manage.py late_report` alike. docs/late-days.md gives every rule and
the cases that the published policies leave open; each of those is decided for the student.

    grading/late/facts.py      what is asked and what is answered
    grading/late/clock.py      boundaries: calendars, clock changes, grace, weekends
    grading/late/lateness.py   how late one attempt is for one person: extensions, cutoff
    grading/late/money.py      what the bank pays, what the rest costs
    grading/late/choosing.py   which of several attempts is judged, where that depends on what they come to
    grading/late/passing.py    whether enough is handed in to pass
    grading/late/words.py      the explanation of a verdict, with words_of_time.py and words_of_money.py
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from grading.late.choosing import best, last_affordable, sharing
from grading.late.facts import (
    Assessment,
    Bank,
    Deadline,
    Draw,
    Extension,
    Grant,
    HandIn,
    Membership,
    Policy,
    Request,
    Verdict,
)
from grading.late.lateness import Lateness, Relief, latenesses
from grading.late.money import Cover, Holding, Outcome, cover_group, final_percent, outcome_of, wanted
from grading.late.passing import passes_of
from grading.late.words import explain

Fact = TypeVar("Fact", Extension, Request)
Balances = dict[tuple[str, str], int]


def assess(
    policy: Policy,
    deadlines: Mapping[str, Deadline],
    submissions: Iterable[HandIn],
    extensions: Iterable[Extension] = (),
    grants: Iterable[Grant] = (),
    memberships: Iterable[Membership] = (),
    *,
    people: Iterable[str],
    teams: Iterable[str] = (),
    excused: Iterable[tuple[str, str]] = (),
    requests: Iterable[Request] = (),
    names: Mapping[str, str] | None = None,
    explained: bool | str = True,
) -> Assessment:
    """What every hand-in costs, and what is left in every bank.

    Args:
        policy: the rules, and the zone in which they count.
        deadlines: by the assignment's name.
        submissions: all attempts; those of a name in `people` are that person's, others a team's.
        extensions, grants, requests: in any order; the same facts in any order give the same answer.
        memberships: who was in which team and when; a person is never in two at once.
        people, teams: everybody who has a bank, also who handed in nothing.
        excused: (person, assignment): never late, never charged.
        names: what explanations call an owner, where that is not its key.
        explained: off, verdicts say no words: for comparing whole courses, which is twice as fast without. A name: only those of that assignment do.

    Returns:
        One verdict for each person and assignment handed in, sorted by assignment and person; balances of every owner; passes.
    """
    term = _Term(
        policy, dict(deadlines), frozenset(people), frozenset(teams), list(memberships), frozenset(excused),
        _by_work(extensions), _by_work(requests), list(grants), dict(names or {}), explained,
    )  # fmt: skip
    for one in sorted(_rounds(term, submissions), key=_Round.order_of(policy)):
        term.settle(one)
    return term.assessment()


class Trials:
    """The same facts with one more hand-in, tried again and again: what stands before it in the order is settled once.

    Arguments as of `assess`.
    """

    def __init__(
        self, policy: Policy, deadlines: Mapping[str, Deadline], submissions: Iterable[HandIn], extensions: Iterable[Extension] = (),
        grants: Iterable[Grant] = (), memberships: Iterable[Membership] = (), *, people: Iterable[str], teams: Iterable[str] = (),
        excused: Iterable[tuple[str, str]] = (), requests: Iterable[Request] = (),
        names: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        term = _Term(
            policy, dict(deadlines), frozenset(people), frozenset(teams), list(memberships), frozenset(excused),
            _by_work(extensions), _by_work(requests), list(grants), dict(names or {}), explained=False,
        )  # fmt: skip
        self._hand_ins, self._order = list(submissions), _Round.order_of(policy)
        self._rounds = sorted(_rounds(term, self._hand_ins), key=self._order)
        self._after = [term]  # after so many rounds

    def with_one(self, hand_in: HandIn, *, explained: bool = False) -> Assessment:
        """What `assess` says of the facts with this hand-in. Rounds of other assignments are as they were. explained: its own verdicts say words."""
        others = [one for one in self._rounds if one.assignment != hand_in.assignment]
        alike = [one for one in self._hand_ins if one.assignment == hand_in.assignment]
        term = self._after[0]
        rounds = sorted([*others, *_rounds(term, [*alike, hand_in])], key=self._order)
        differ = (n for n, (one, was) in enumerate(zip(rounds, self._rounds, strict=False)) if one != was)
        same = next(differ, len(self._rounds))
        found = self._settled(same).fork()
        found.explained = explained and hand_in.assignment
        for one in rounds[same:]:
            found.settle(one)
        return found.assessment()

    def units_of(self, person: str, hand_in: HandIn) -> set[int]:
        """How many units late it may be judged to be: several only where extensions compete, and the bank decides between them."""
        return {late.days_late for late in self._after[0].latenesses(person, hand_in)}

    def without(self) -> Assessment:
        """What `assess` says of the facts alone."""
        return self._settled(len(self._rounds)).assessment()

    def _settled(self, many: int) -> "_Term":
        for one in self._rounds[len(self._after) - 1 : many]:
            after = self._after[-1].fork()
            after.settle(one)
            self._after.append(after)
        return self._after[many]


def _by_work(facts: Iterable[Fact]) -> dict[tuple[str, str], list[Fact]]:
    found: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        found[fact.owner, fact.assignment].append(fact)
    return found


@dataclass
class _Round:
    """Attempts at one assignment among which each person has one judged. One attempt, where the policy names it beforehand."""

    assignment: str
    due: datetime
    at: datetime
    pools: dict[str, list[HandIn]]  # person -> attempts, earliest first

    @staticmethod
    def order_of(policy: Policy) -> "Callable[[_Round], tuple[object, ...]]":
        """Banks are drawn in this order. Which attempt is the best depends on the balance, so those rounds go by due time."""
        by_submit = policy.order == "submit_time" and policy.attempt in {"active", "last"}

        def key(one: "_Round") -> tuple[object, ...]:
            times = (one.at, one.due) if by_submit else (one.due, one.at)
            return (*times, one.assignment, sorted(one.pools), sorted(h.id for p in one.pools.values() for h in p))

        return key


@dataclass
class _Term:
    """The facts of a course, and what its banks have paid so far."""

    policy: Policy
    deadlines: dict[str, Deadline]
    people: frozenset[str]
    teams: frozenset[str]
    memberships: list[Membership]
    excused: frozenset[tuple[str, str]]
    extensions: dict[tuple[str, str], list[Extension]]
    requests: dict[tuple[str, str], list[Request]]
    grants: list[Grant]
    names: dict[str, str]
    explained: bool | str = True
    attempts: dict[tuple[str, str], int] = field(default_factory=dict)
    drawn: Balances = field(default_factory=lambda: defaultdict(int))
    paid: dict[tuple[str, str, str], int] = field(default_factory=lambda: defaultdict(int))
    draws: list[Draw] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.of_person: dict[str, list[Membership]] = defaultdict(list)
        self.of_team: dict[str, list[Membership]] = defaultdict(list)
        for one in self.memberships:
            self.of_person[one.person].append(one)
            self.of_team[one.team].append(one)
        self.granted: dict[tuple[str, str], list[Grant]] = defaultdict(list)
        for grant in self.grants:
            self.granted[grant.owner, grant.bank].append(grant)

    def fork(self) -> "_Term":
        """A term of its own that has come as far: what is settled in one is not in the other. How many attempts there are is for words alone."""
        found = copy(self)
        found.drawn, found.paid = self.drawn.copy(), self.paid.copy()
        found.draws, found.verdicts = self.draws.copy(), self.verdicts.copy()
        return found

    def assessment(self) -> Assessment:
        rule, verdicts = self.policy.pass_rule, tuple(sorted(self.verdicts, key=lambda v: (v.assignment, v.person)))
        passes = passes_of(rule, self.people, self.excused, verdicts) if rule is not None else {}
        return Assessment(verdicts, self.final_balances(), passes, tuple(self.draws))

    # -- who

    def judged_people(self, hand_in: HandIn) -> list[str]:
        """Whose attempt it is: the person, or the team's members when it was handed in."""
        if hand_in.owner in self.people:
            return [hand_in.owner]
        return sorted({m.person for m in self.of_team[hand_in.owner] if m.holds_at(hand_in.at)})

    def team_of(self, person: str, hand_in: HandIn) -> str | None:
        if hand_in.owner not in self.people:
            return hand_in.owner
        return next((m.team for m in self.of_person[person] if m.holds_at(hand_in.at)), None)

    def owners_of(self, person: str, hand_in: HandIn) -> list[str]:
        team = self.team_of(person, hand_in)
        return [person] if team is None else [person, team]

    def payer(self, bank: Bank | None, person: str, hand_in: HandIn) -> str | None:
        if bank is None:
            return None
        return person if bank.owner == "person" else self.team_of(person, hand_in)

    # -- how late

    def latenesses(self, person: str, hand_in: HandIn) -> list[Lateness]:
        deadline = self.deadlines[hand_in.assignment]
        if (person, hand_in.assignment) in self.excused:
            return [Lateness(deadline.due, 0, Relief(), deadline.due)]
        mine = [e for owner in self.owners_of(person, hand_in) for e in self.extensions[owner, hand_in.assignment]]
        return latenesses(self.policy, deadline, hand_in, mine)

    def requested(self, person: str, hand_in: HandIn) -> list[Request]:
        return [r for owner in self.owners_of(person, hand_in) for r in self.requests[owner, hand_in.assignment]]

    # -- what is there

    def holding(self, bank: Bank | None, owner: str | None, hand_in: HandIn, due: datetime) -> Holding:
        """Bank and grants in force for what is effectively due then, less what was drawn so far for other work."""
        if bank is None or owner is None:
            return Holding()
        key = (owner, bank.name)
        granted = sum(g.days for g in self.granted[key] if self._in_force(g.since, due))
        return Holding(bank.days, granted, self.drawn[key] - self._paid_before(bank, owner, hand_in))

    def _in_force(self, since: date | datetime | None, due: datetime) -> bool:
        if since is None:
            return True
        return due >= since if isinstance(since, datetime) else due.astimezone(self.policy.zone).date() >= since

    def final_balances(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for bank in self.policy.banks:
            for owner in sorted(self.people if bank.owner == "person" else self.teams):
                key = (owner, bank.name)
                found[owner][bank.name] = bank.days + sum(g.days for g in self.granted[key]) - self.drawn[key]
        return dict(found)

    def _excused_from(self, assignment: str) -> frozenset[str]:
        return frozenset(person for person, name in self.excused if name == assignment)

    # -- what it costs

    def outcomes(self, hand_in: HandIn) -> dict[str, Outcome]:
        """What this attempt comes to now for everybody whose it is, also for those who are judged by another one; draws nothing."""
        policy, deadline = self.policy, self.deadlines[hand_in.assignment]
        bank = policy.bank_for(hand_in.assignment)
        alone = {person: self._alone(person, hand_in, bank) for person in self.judged_people(hand_in)}
        if hand_in.owner in self.people or (bank is not None and bank.owner == "team"):
            return alone
        covers = {person: outcome.cover for person, outcome in alone.items()}
        covers = cover_group(policy, covers, self._excused_from(hand_in.assignment))
        return {person: outcome_of(policy, deadline, one.lateness, covers[person]) for person, one in alone.items()}

    def _alone(self, person: str, hand_in: HandIn, bank: Bank | None) -> Outcome:
        """What it comes to with nobody else in sight, under the extension with which that is best; of equals the first."""
        policy, deadline = self.policy, self.deadlines[hand_in.assignment]
        asked = sum(r.units for r in self.requested(person, hand_in)) if policy.spend == "asked" else None
        payer = self.payer(bank, person, hand_in)
        tried = []
        for late in self.latenesses(person, hand_in):
            holding = self.holding(bank, payer, hand_in, late.effective_due)
            cover = Cover.alone(wanted(policy, deadline, late, asked), holding)
            tried.append(outcome_of(policy, deadline, late, cover))
        if len(tried) == 1:
            return tried[0]
        return max(tried, key=lambda one: (one.accepted, one.maximum, -one.charged, -one.lateness.days_late))

    def _paid_before(self, bank: Bank, owner: str, hand_in: HandIn) -> int:
        """What the bank paid for this assignment already: it pays once, a team's for the member who needs most.

        A team pays for a member's own hand-in beside that. A person who was judged by another attempt can still cover this one.
        """
        if bank.owner == "team" and hand_in.owner in self.people:
            return 0
        return self.paid[owner, bank.name, hand_in.assignment]

    def settle(self, one: _Round) -> None:
        """Choose each person's attempt, draw for it, and write the verdicts."""
        chosen: dict[str, HandIn] = {person: pool[0] for person, pool in one.pools.items()}
        if any(len(pool) > 1 for pool in one.pools.values()):
            chosen = self._choose(one)
        attempts = sorted({h.id: h for h in chosen.values()}.values(), key=lambda h: (h.at, h.id))
        for hand_in in attempts:
            self._charge(hand_in, sorted(person for person, h in chosen.items() if h.id == hand_in.id))

    def _choose(self, one: _Round) -> dict[str, HandIn]:
        found = {h.id: self.outcomes(h) for h in {h.id: h for pool in one.pools.values() for h in pool}.values()}
        pick = best if self.policy.attempt == "best" else last_affordable
        return {
            person: pick(self.policy, [(h, found[h.id][person]) for h in pool]) for person, pool in one.pools.items()
        }

    def _charge(self, hand_in: HandIn, people: list[str]) -> None:
        bank = self.policy.bank_for(hand_in.assignment)
        every = self.outcomes(hand_in)
        outcomes = {person: every[person] for person in people}
        most: dict[str, int] = {}
        for person, outcome in outcomes.items():
            payer = self.payer(bank, person, hand_in)
            self.verdicts.append(self._verdict(hand_in, person, payer, outcome))
            if payer is not None:
                most[payer] = max(most.get(payer, 0), outcome.charged)
        for payer, units in most.items():
            if bank is not None:
                self._draw(bank, payer, hand_in, units - self._paid_before(bank, payer, hand_in))

    def _draw(self, bank: Bank, owner: str, hand_in: HandIn, units: int) -> None:
        if units > 0:
            self.drawn[owner, bank.name] += units
            if bank.owner == "person" or hand_in.owner not in self.people:
                self.paid[owner, bank.name, hand_in.assignment] += units
            self.draws.append(Draw(owner, bank.name, hand_in.assignment, hand_in.id, units))

    def _verdict(self, hand_in: HandIn, person: str, payer: str | None, outcome: Outcome) -> Verdict:
        policy, deadline = self.policy, self.deadlines[hand_in.assignment]
        final = final_percent(policy, outcome, hand_in.raw_percent)
        late = outcome.lateness
        is_explained = self.explained in (True, hand_in.assignment)
        words = explain(
            policy, deadline, hand_in, outcome, payer=payer and self.names.get(payer, payer), final=final,
            is_excused=(person, hand_in.assignment) in self.excused, requests=self.requested(person, hand_in),
            attempts=self.attempts[person, hand_in.assignment],
        )  # fmt: skip
        return Verdict(
            person, None if hand_in.owner in self.people else hand_in.owner, hand_in.assignment, hand_in.id, payer,
            late.days_late, outcome.charged, outcome.lost, outcome.maximum, final, outcome.accepted,
            tuple(words) if is_explained else (),
        )  # fmt: skip


# -- which attempt


def _rounds(term: _Term, submissions: Iterable[HandIn]) -> Iterator[_Round]:
    pools: dict[str, dict[str, list[HandIn]]] = defaultdict(lambda: defaultdict(list))
    for hand_in in sorted((h for h in submissions if h.is_counted), key=lambda h: (h.at, h.id)):
        for person in term.judged_people(hand_in):
            pools[hand_in.assignment][person].append(hand_in)
    for assignment, of_people in pools.items():
        term.attempts |= {(person, assignment): len(pool) for person, pool in of_people.items()}
        for group in _groups(term, of_people):
            last = max(pool[-1].at for pool in group.values())
            yield _Round(assignment, term.deadlines[assignment].due, last, group)


def _groups(term: _Term, of_people: dict[str, list[HandIn]]) -> Iterator[dict[str, list[HandIn]]]:
    """People who share an attempt are judged together."""
    if term.policy.attempt in {"active", "last"}:
        named = {person: [_named(term, person, pool)] for person, pool in of_people.items()}
        yield from sharing(named)
    else:
        yield from sharing(of_people)


def _named(term: _Term, person: str, pool: list[HandIn]) -> HandIn:
    """The active attempt; if none is, or where the policy says so, the last that is not past the cutoff."""
    if term.policy.attempt == "active":
        active = [hand_in for hand_in in pool if hand_in.is_active]
        if active:
            return active[-1]
    if term.deadlines[pool[-1].assignment].cutoff is None:
        return pool[-1]
    in_time = (hand_in for hand_in in reversed(pool) if not term.latenesses(person, hand_in)[0].is_cut)
    return next(in_time, pool[-1])
