"""A second, naive implementation of the late-day contract, written without a look at the product's.

`report(document)` takes a valid document (plain values, as YAML gives them) and returns `{verdicts, balances, passes}`,
without explanations and findings. It refuses nothing: an invalid document gives nonsense.

Where the contract leaves a case open (Q = question, D = what this file decides):

 1. Q Which attempts are a person's? D All counted ones that the person owns, and those of a team handed in while the person
    was a member; `attempt` chooses among them for each person, so somebody who left keeps what the team handed in before.
    Nobody needs the team's own choice: it is the same for all who were members all the time.
 2. Q `active`, several active in sight of one person (own and team's)? D The latest of the active ones.
 3. Q `active` and none is: is "the last" also "not past the cutoff"? D Yes, as with `last`.
 4. Q `last`, all past the cutoff? D The latest of all (refused).
 5. Q Two attempts at one instant: which is later? D The greater id. Attempts and the order of drawing are compared with
    their seconds, also with `minute: whole`.
 6. Q `best`, equal `final_percent`? D Accepted first, then fewer bank units, then fewer days late, then the later attempt.
    Without `raw_percent` an attempt comes after all that have one, by `max_percent`.
 7. Q `best` or `last_affordable`, two assignments due at one instant ("the other time" is not known yet)? D The time of
    the person's first attempt, then the name. The generator avoids it.
 8. Q Until and units given together, "the longest counts"? D One alone counts: the one with which the assignment ends best
    (accepted, then maximum, then fewest bank units, then fewest days late).
 9. Q "Never worse", yet `keeps_penalty` units stay penalised where the bank could have covered them? D The meaning of
    `keeps_penalty` goes first: its units are not offered to the bank. Any other extension is ignored where it would be worse
    (a Sunday due time with `weekend: skipped`, extended to Monday morning).
10. Q `keeps_penalty` with `over: refuse | zero`, or `no_late`? D Its units are never "not covered": the work is accepted and
    loses by `penalty` for them.
11. Q `keeps_penalty` on `until`? D It has no units: no effect. The generator avoids it.
12. Q A unit extension and a cutoff *instant*? D The cutoff moves by that many units (hours by the policy's clock, or calendar
    days); and what the extension's units cover wholly is not past it.
13. Q A team's extension and a member's own hand-in? D It counts: "everybody's", if a member when handing in.
14. Q Does `grace: shift` move the due time for cutoff and grants, `first` and `every` not? D Yes: the words say so. A cutoff
    at the due time thus refuses inside a `first` grace.
15. Q `every`, exactly at boundary + grace with `edge: late`? D "Its end is inside": on time. (Grace 0: edge decides.)
16. Q `every` with `weekend`: the day of the boundary before or after the grace? D After: the boundary "is that much later".
17. Q `wall`: two boundaries at one instant (01:30 + 1 h skipped, + 2 h)? D Two boundaries.
18. Q Are `boundary` times of calendar days skipped or doubled by a clock change treated as `wall` does? D Yes.
19. Q A bank without `assignments`? D It pays for every assignment that no other bank names. An assignment without a bank, or
    a person without a team where a team's bank pays: balance 0, `charged_to` null.
20. Q `charged_to` when nothing was drawn? D The bank's owner all the same.
21. Q `team` of a verdict on a member's own hand-in? D Null.
22. Q `all`: able to cover what? D Each member's own min(late units, cap, requested): only a balance fails it.
23. Q `all`, `poorest`: who are the members? D Members at the hand-in, without excused ones, also those who are judged by
    another attempt.
24. Q One team bank, one assignment, members judged by two hand-ins of that team? D It pays once, for the greater need.
25. Q `asked`: whose requests? D Those of the person and of the team (that handed in, or of the person at that time).
26. Q `most` and `used_unit_costs`: which is added last? D The cost, after `most`; the sum is at most 100.
27. Q `cap` with raw above 100 and no loss? D No loss, no limit.
28. Q Excused and handed in: does it count as turned in too? D Yes; the needed number is lowered all the same, not below 0.
29. Q `minute: whole` for due times, `until` and cutoff? D They lose their seconds too. Grants and memberships do not.
30. Q Grants in force less than drawn (submit order)? D The balance is 0, not negative; in `balances` all grants count.
31. Q A grant's `from` and the due time: day or instant? D The due time is at or after `from` (a day: its 00:00).
32. Q The cover of a request, a grant, a bank in halves? D Whole units are assumed everywhere.
"""

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from tests.grading.late.facts import Facts, past_cutoff, units_late


@dataclass
class Outcome:
    """What one hand-in is worth to one person, before rounding."""

    days_late: int
    used: int
    loss: Fraction
    accepted: bool
    past_cutoff: bool
    in_full: bool
    raw: Fraction | None
    kind: str

    @property
    def maximum(self):
        return 100 - self.loss

    @property
    def final(self):
        if self.raw is None:
            return None
        if self.loss == 0:
            return self.raw
        if self.kind == "percent_of_earned":
            return self.raw * (100 - self.loss) / 100
        if self.kind == "cap":
            return min(self.raw, 100 - self.loss)
        return max(Fraction(0), self.raw - self.loss)


class Ledger:
    """What was drawn so far."""

    def __init__(self, facts):
        self.facts = facts
        self.drawn = defaultdict(int)  # (owner, bank) -> units
        self.paid = defaultdict(int)  # (owner, bank, assignment, who handed in) -> units

    def bank_of(self, assignment):
        named = [bank for bank in self.facts.banks if assignment in (bank.get("assignments") or [])]
        general = [bank for bank in self.facts.banks if not bank.get("assignments")]
        return (named + general + [None])[0]

    def payer(self, person, submission):
        bank = self.bank_of(submission["assignment"])
        if bank is None:
            return None
        return person if bank["owner"] == "person" else self.facts.team_of(person, submission)

    def key(self, person, submission):
        bank = self.bank_of(submission["assignment"])
        hand_in = person if bank["owner"] == "person" else submission["owner"]
        return (self.payer(person, submission), bank["name"], submission["assignment"], hand_in)

    def granted(self, owner, bank, due=None):
        """Units granted, with `due` only those in force for what is due then."""
        mine = [
            g for g in self.facts.grants if g["owner"] == owner and (g.get("bank") is None or g["bank"] == bank["name"])
        ]
        return sum(g["days"] for g in mine if due is None or not g.get("from") or self.facts.instant(g["from"]) <= due)

    def available(self, person, submission, due):
        """Units the bank still has for this; what it already paid for this very hand-in is there."""
        owner, bank = self.payer(person, submission), self.bank_of(submission["assignment"])
        if owner is None:
            return 0
        balance = bank["days"] + self.granted(owner, bank, due) - self.drawn[owner, bank["name"]]
        return max(0, balance + self.paid[self.key(person, submission)])

    def draw(self, person, submission, units):
        if self.payer(person, submission) is None:
            return
        key = self.key(person, submission)
        more = max(0, units - self.paid[key])
        self.paid[key] += more
        self.drawn[key[0], key[1]] += more

    def balances(self):
        result = {}
        for bank in self.facts.banks:
            for owner in self.facts.people if bank["owner"] == "person" else self.facts.teams:
                left = bank["days"] + self.granted(owner, bank) - self.drawn[owner, bank["name"]]
                if self.facts.named_banks:
                    result.setdefault(owner, {})[bank["name"]] = left
                else:
                    result[owner] = left
        return result


def lateness(facts, submission, extension):
    """(effective due time, units late, units the bank is asked for)."""
    due = facts.effective_due(submission["assignment"], extension)
    late = units_late(facts, due, facts.compared(facts.at(submission)))
    return due, late, max(0, late - (extension.get("units") or 0))


def wanted(facts, person, submission, need):
    """The units that a bank without bottom would cover: by cap and requests."""
    line = facts.assignments[submission["assignment"]]
    cap = 0 if line.get("no_late") else line.get("cap", facts.cap)
    limits = [need] if cap is None else [need, cap]
    if facts.asked:
        owners = {person, facts.team_of(person, submission)}
        limits.append(
            sum(
                r["units"]
                for r in facts.requests
                if r["owner"] in owners and r["assignment"] == submission["assignment"]
            )
        )
    return min(limits)


def covered(facts, ledger, person, submission, need, due):
    """Units the bank covers, by the rule for teams with personal banks."""
    want = wanted(facts, person, submission, need)
    balance = ledger.available(person, submission, due)
    bank = ledger.bank_of(submission["assignment"])
    if facts.team_rule == "each" or submission["owner"] not in facts.teams or bank is None or bank["owner"] == "team":
        return min(want, balance)
    others = [
        other
        for other in facts.members(submission["owner"], facts.at(submission))
        if other != person and (other, submission["assignment"]) not in facts.excused
    ]
    for other in others:
        tries = [lateness(facts, submission, extension) for extension in facts.options(other, submission)]
        balances = [ledger.available(other, submission, their_due) for their_due, _, _ in tries]
        if facts.team_rule == "poorest":
            balance = min(balance, max(balances))
        elif not any(have >= wanted(facts, other, submission, t[2]) for have, t in zip(balances, tries, strict=True)):
            return 0
    if facts.team_rule == "all" and balance < want:
        return 0
    return min(want, balance)


def loss_of(facts, assignment, uncovered, used):
    """Percent lost for uncovered units and for bank units used."""
    penalty = facts.penalty
    steps = [Fraction(str(step)) for step in penalty["steps"]]
    each = Fraction(str(penalty["each"]))
    if uncovered == 0:
        loss = Fraction(0)
    elif uncovered <= len(steps):
        loss = steps[uncovered - 1]
    else:
        loss = (steps[-1] if steps else 0) + each * (uncovered - len(steps))
    if penalty["most"] is not None:
        loss = min(loss, Fraction(str(penalty["most"])))
    if penalty["kind"] == "points":
        loss = loss * 100 / Fraction(str(facts.assignments[assignment]["points"]))
    return min(Fraction(100), min(Fraction(100), loss) + used * Fraction(str(penalty["used_unit_costs"])))


def judged_with(facts, ledger, person, submission, extension):
    """The outcome where this extension counts."""
    raw = submission.get("raw_percent")
    raw = None if raw is None else Fraction(str(raw))
    kind = facts.penalty["kind"]
    assignment = submission["assignment"]
    if (person, assignment) in facts.excused:
        return Outcome(0, 0, Fraction(0), accepted=True, past_cutoff=False, in_full=True, raw=raw, kind=kind)
    due, late, need = lateness(facts, submission, extension)
    kept = min(late, extension.get("units") or 0) if extension.get("keeps_penalty") else 0
    past = past_cutoff(facts, submission, extension, due, late)
    use = covered(facts, ledger, person, submission, need, due)
    in_full = use == need and not past
    rule = "refuse" if facts.assignments[assignment].get("no_late") else facts.over["rule"]
    days, accepted = need + kept, True
    if past or (not in_full and rule == "refuse"):
        use, loss, accepted = 0, Fraction(100), False
    elif not in_full and rule == "zero":
        use, loss = (use if facts.over["partial"] else 0), Fraction(100)
    else:
        if not in_full and not facts.over["partial"]:
            use = 0
        loss = loss_of(facts, assignment, days - use, use)
    return Outcome(days, use, loss, accepted=accepted, past_cutoff=past, in_full=in_full, raw=raw, kind=kind)


def judge(facts, ledger, person, submission):
    outcomes = [
        judged_with(facts, ledger, person, submission, extension) for extension in facts.options(person, submission)
    ]
    return max(outcomes, key=lambda o: (o.accepted, not o.past_cutoff, o.maximum, -o.used, -o.days_late))


def chosen(facts, ledger, person, attempts):
    """The attempt that is judged."""
    if facts.attempt == "active" and any(s.get("active") for s in attempts):
        return [s for s in attempts if s.get("active")][-1]
    outcomes = [judge(facts, ledger, person, s) for s in attempts]
    pairs = list(zip(attempts, outcomes, strict=True))
    if facts.attempt in ("active", "last"):
        in_time = [s for s, o in pairs if not o.past_cutoff]
        return (in_time or attempts)[-1]
    if facts.attempt == "last_affordable":
        in_full = [s for s, o in pairs if o.in_full]
        return in_full[-1] if in_full else next((s for s, o in pairs if o.days_late > 0), attempts[0])

    def rank(number):
        o = outcomes[number]
        return (o.raw is not None, o.maximum if o.final is None else o.final, o.accepted, -o.used, -o.days_late, number)

    return attempts[max(range(len(attempts)), key=rank)]


def in_order(facts, ledger):
    """(person, assignment, attempts) in the order in which the banks are drawn."""
    by_balance = facts.attempt in ("best", "last_affordable")
    rows = []
    for person in facts.people:
        for assignment in facts.assignments:
            attempts = facts.attempts(person, assignment)
            if not attempts:
                continue
            submitted = facts.at(attempts[0] if by_balance else chosen(facts, ledger, person, attempts))
            due = facts.due(assignment)
            first = (due, submitted) if by_balance or facts.order == "due_date" else (submitted, due)
            rows.append((*first, str(assignment), str(person), person, assignment, attempts))
    return [row[4:] for row in sorted(rows, key=lambda row: row[:4])]


def two_decimals(number):
    """Rounded half up."""
    return None if number is None else float(Fraction(int(number * 100 + Fraction(1, 2)), 100))


def passes(facts, verdicts):
    if facts.passing is None:
        return {}
    result = {}
    for person in facts.people:
        of = facts.passing["of"]
        needed = max(0, facts.passing["turned_in"] - sum((person, assignment) in facts.excused for assignment in of))
        turned_in = sum(v["person"] == person and v["assignment"] in of and v["accepted"] for v in verdicts)
        result[person] = {"ok": turned_in >= needed, "reasons": [f"{turned_in} turned in, {needed} needed"]}
    return result


def report(document: dict) -> dict:
    """Verdicts by person and assignment, balances, passes; the document is valid."""
    facts = Facts(document)
    ledger = Ledger(facts)
    verdicts = []
    for person, assignment, attempts in in_order(facts, ledger):
        submission = chosen(facts, ledger, person, attempts)
        outcome = judge(facts, ledger, person, submission)
        ledger.draw(person, submission, outcome.used)
        verdicts.append(
            {
                "person": person,
                "team": submission["owner"] if submission["owner"] in facts.teams else None,
                "assignment": assignment,
                "submission_id": submission["id"],
                "charged_to": ledger.payer(person, submission),
                "days_late": outcome.days_late,
                "free_days_used": outcome.used,
                "penalty_percent": two_decimals(outcome.loss),
                "max_percent": two_decimals(outcome.maximum),
                "final_percent": two_decimals(outcome.final),
                "accepted": outcome.accepted,
            }
        )
    verdicts.sort(key=lambda v: (str(v["person"]), str(v["assignment"])))
    return {"verdicts": verdicts, "balances": ledger.balances(), "passes": passes(facts, verdicts)}
