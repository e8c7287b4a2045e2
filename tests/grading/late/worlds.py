"""Small valid documents of the late-day contract, made from a seed: every field, every value, near every instant that counts.

`world(seed)` gives the same document for the same seed, with plain values. What the contract leaves open and what would only
show that two programs guess differently is kept out: attempts of one assignment at one instant, two assignments due at one
instant with `best` or `last_affordable`, members' own hand-ins to a team's bank with these two, `keeps_penalty` on `until`.
"""

import random
from datetime import date, datetime, timedelta

from tests.grading.late.facts import UTC, Facts, boundaries_until

# The days on which the clock changes in 2024: forward, back.
CHANGES = {
    "America/New_York": (date(2024, 3, 10), date(2024, 11, 3)),
    "Europe/Zurich": (date(2024, 3, 31), date(2024, 10, 27)),
    "Australia/Adelaide": (date(2024, 10, 6), date(2024, 4, 7)),
}
CLOCKS = ("00:00", "00:30", "01:30", "02:00", "02:30", "03:00", "03:30", "12:00", "17:00", "23:59", "23:59", "23:59:59")
SECOND, TENTH = timedelta(seconds=1), timedelta(milliseconds=100)
SHIFTS = (
    timedelta(0),
    timedelta(0),
    SECOND,
    -SECOND,
    TENTH,
    -TENTH,
    30 * SECOND,
    59 * SECOND,
    timedelta(hours=1),
    -timedelta(hours=1),
)


class Maker:
    """One document in the making."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.zone = self.rng.choice(sorted(CHANGES))
        self.change = self.rng.choice(CHANGES[self.zone])
        self.facts = Facts(
            {"zone": self.zone, "people": [], "assignments": {}, "policy": {"bank": {"days": 0, "owner": "person"}}}
        )
        self.document = {"zone": self.zone}

    def chance(self, percent):
        return self.rng.random() * 100 < percent

    def put(self, target, key, value, percent=75):
        """Sets a field, or leaves it out so that its default is tried too."""
        if self.chance(percent):
            target[key] = value

    def moment(self, first=-5, last=4):
        """A wall time near the clock change that exists, as a moment."""
        while True:
            day = self.change + timedelta(days=self.rng.randint(first, last))
            wall = datetime.fromisoformat(f"{day} {self.rng.choice(CLOCKS)}")
            moment = self.facts.local(wall)
            if self.facts.wall(moment) == wall:
                return moment

    def write(self, moment, fold_key=False):
        """Text for a moment, in one of the forms; the second of two wall times needs an offset or `fold`."""
        local = moment.astimezone(self.facts.zone)
        second = local.fold == 1
        if self.chance(15):
            return {"at": moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"}
        if self.chance(15) or (second and not fold_key):
            return {"at": local.isoformat()}
        wall = local.replace(tzinfo=None, fold=0)
        short = wall.second == 0 and wall.microsecond == 0 and self.chance(80)
        text = wall.isoformat(sep=" ", timespec="minutes" if short else "auto")
        return {"at": text} | ({"fold": 1} if second else {})

    def text(self, moment):
        return self.write(moment)["at"]

    # Who is there

    def add_people(self):
        rng = self.rng
        self.people = ["ann", "bob", "cy", "di"][: rng.choice([1, 2, 3, 3, 4])]
        self.document["people"] = self.people
        teams = {}
        if self.chance(85):
            teams = {name: [] for name in ["t1", "t2"][: rng.randint(1, 2)]}
            for person in self.people:
                self.add_memberships(teams, person)
        self.document["teams"] = teams

    def add_memberships(self, teams, person):
        names = [*teams, *teams, None]
        before = self.rng.choice(names)
        after = self.rng.choice(names) if self.chance(30) else before
        change = self.moment()
        when = str(self.facts.wall(change).date()) if self.chance(50) else self.text(change)
        if before == after:
            if before:
                start = {"from": str(self.change - timedelta(days=20))} if self.chance(20) else {}
                teams[before].append({"person": person} | start | ({"to": None} if self.chance(20) else {}))
            return
        if before:
            teams[before].append({"person": person, "to": when})
        if after:
            teams[after].append({"person": person, "from": when})

    # What is asked of them

    def add_assignments(self):
        rng = self.rng
        self.names = ["lab1", "lab2", "lab3", "quiz"][: rng.choice([1, 2, 3, 3, 4])]
        assignments, dues = {}, set()
        for name in self.names:
            due = self.moment(-5, 3)
            while self.policy.get("attempt") in ("best", "last_affordable") and due.replace(second=0) in dues:
                due = self.moment(-9, 9)
            dues.add(due.replace(second=0))
            line = {"due": self.text(due)}
            if self.policy.get("penalty", {}).get("kind") == "points" or self.chance(20):
                line["points"] = rng.choice([10, 30, 60, 100, 150])
            self.put(line, "cap", rng.choice([None, 0, 1, 2, 3]), 20)
            self.put(line, "no_late", self.chance(70), 12)
            self.put(
                line,
                "cutoff",
                rng.choice([None, {"units": rng.randint(0, 4)}, self.text(due + timedelta(hours=rng.randint(-3, 80)))]),
                40,
            )
            assignments[name] = line
        self.document["assignments"] = assignments

    def add_policy(self):
        rng = self.rng
        policy = self.policy = self.document["policy"] = {}
        kind = rng.choice(["calendar_day", "hours"])
        unit = {"kind": kind}
        if kind == "hours":
            self.put(unit, "hours", rng.choice([1, 6, 12, 24, 24, 48]))
            self.put(unit, "clock", rng.choice(["wall", "elapsed"]))
        else:
            self.put(unit, "boundary", rng.choice(["00:00", "00:00", "02:30", "01:30", "06:00", "17:00"]))
            self.put(unit, "due_day", rng.choice(["free", "counts"]))
        if kind == "hours" or self.chance(80):
            policy["unit"] = unit
        self.put(policy, "edge", rng.choice(["on_time", "late"]), 60)
        self.put(policy, "minute", rng.choice(["instant", "whole"]), 60)
        self.put(
            policy,
            "grace",
            {"minutes": rng.choice([0, 1, 10, 15, 60, 90]), "at": rng.choice(["first", "every", "shift"])},
            50,
        )
        self.put(policy, "weekend", rng.choice(["counts", "skipped", "one"]))
        self.put(policy, "cap", rng.choice([None, 0, 1, 2, 3, 6]), 40)
        self.put(policy, "spend", rng.choice(["automatic", "automatic", "automatic", "asked"]), 60)
        self.put(policy, "order", rng.choice(["submit_time", "due_date"]))
        self.put(policy, "over", {"rule": rng.choice(["penalty", "penalty", "refuse", "zero"])}, 80)
        if "over" in policy:
            self.put(policy["over"], "partial", rng.choice([True, False]))
        self.put(policy, "team", rng.choice(["each", "all", "poorest"]), 85)
        self.put(policy, "attempt", rng.choice(["active", "last", "best", "last_affordable"]), 80)
        self.put(policy, "penalty", self.penalty(), 90)

    def penalty(self):
        """Steps never fall; a cost of used units does not go with a bank that pays all or nothing."""
        rng = self.rng
        kind = rng.choice(["percent_of_max", "percent_of_earned", "points", "cap"])
        numbers = [0, 1, 2.5, 5, 10] if kind == "points" else [0, 10, 12.5, 20, 33.33, 50, 100]
        penalty = {}
        self.put(penalty, "kind", kind, 90 if kind == "percent_of_max" else 100)
        self.put(penalty, "steps", sorted(rng.choices(numbers, k=rng.randint(0, 3))), 60)
        self.put(penalty, "each", rng.choice(numbers[:5]))
        self.put(penalty, "most", rng.choice(numbers[2:]), 30)
        over = self.document["policy"].get("over", {})
        if over.get("rule", "penalty") != "penalty" or over.get("partial", True):
            self.put(penalty, "used_unit_costs", rng.choice([0, 1, 2.5, 10]), 35)
        return penalty

    def add_banks(self):
        rng = self.rng
        if self.chance(60):
            self.policy["bank"] = {
                "days": rng.choice([0, 1, 2, 3, 3, 6]),
                "owner": rng.choice(["person", "person", "person", "team"]),
            }
            self.banks = [self.policy["bank"]]
            return
        names = ["labs", "quizzes", "project"][: rng.randint(1, 3)]
        self.banks = [
            {"name": name, "days": rng.randint(0, 4), "owner": rng.choice(["person", "team"])} for name in names
        ]
        if len(names) > 1 or self.chance(70):
            for bank in self.banks:
                bank["assignments"] = []
            for assignment in self.names:  # one in five belongs to no bank
                if self.chance(80):
                    rng.choice(self.banks)["assignments"].append(assignment)
            self.banks = [bank for bank in self.banks if bank["assignments"]] or [
                {"name": "labs", "days": 2, "owner": "person"}
            ]
        self.policy["banks"] = self.banks

    # What happened to them

    def owners(self):
        return [*self.people, *self.document["teams"]]

    def add_favours(self):
        rng, document = self.rng, self.document
        document["grants"], document["extensions"], document["requests"], document["excused"] = [], [], [], []
        for _ in range(rng.choice([0, 1, 2, 3])):
            bank = rng.choice(self.banks)
            owners = self.people if bank["owner"] == "person" else list(document["teams"])
            if owners:
                grant = {"owner": rng.choice(owners), "days": rng.randint(1, 4), "reason": "ill"}
                self.put(grant, "from", str(self.change + timedelta(days=rng.randint(-5, 4))), 60)
                if "name" in bank:
                    grant["bank"] = bank["name"]
                document["grants"].append(grant)
        for _ in range(rng.choice([0, 0, 1, 2, 3])):
            name = rng.choice(self.names)
            extension = {"owner": rng.choice(self.owners()), "assignment": name}
            if self.chance(50):
                extension["until"] = self.text(self.due(name) + timedelta(hours=rng.choice([-5, 0, 7, 24, 48, 60])))
            else:
                extension["units"] = rng.randint(1, 3)
                self.put(extension, "keeps_penalty", self.chance(60), 40)
            document["extensions"].append(extension)
        if self.policy.get("spend") == "asked" or self.chance(10):
            for _ in range(rng.randint(1, 5)):
                name = rng.choice(self.names)
                at = self.write(self.due(name) + timedelta(hours=rng.randint(-30, 30)), fold_key=True)
                document["requests"].append(
                    {"owner": rng.choice(self.owners()), "assignment": name, "units": rng.randint(1, 3)} | at
                )
        pairs = [{"person": person, "assignment": name} for person in self.people for name in self.names]
        document["excused"] = rng.sample(pairs, k=1) if self.chance(30) else []
        if self.chance(35):
            of = rng.sample(self.names, k=rng.randint(1, len(self.names)))
            self.policy["pass"] = {"turned_in": rng.randint(0, len(of)), "of": of}

    def due(self, assignment):
        return self.facts.instant(self.document["assignments"][assignment]["due"])

    def instants(self, assignment):
        """Instants where a second decides: due times, boundaries, the ends of grace, cutoffs, changes of a team."""
        facts = Facts(self.document)
        line = self.document["assignments"][assignment]
        dues = [self.due(assignment)]
        dues += [
            facts.instant(e["until"])
            for e in self.document["extensions"]
            if "until" in e and e["assignment"] == assignment
        ]
        grace = timedelta(minutes=facts.grace["minutes"])
        found = []
        for due in dues:
            for start in (due, due + grace):
                found += [start, *boundaries_until(facts, start, start + timedelta(days=4))[:8]]
        found += [moment + grace for moment in found]
        if isinstance(line.get("cutoff"), str):
            found.append(facts.instant(line["cutoff"]))
        for members in self.document["teams"].values():
            found += [facts.instant(m[key]) for m in members for key in ("from", "to") if m.get(key)]
        return [moment for moment in found if abs(moment - dues[0]) < timedelta(days=6)]

    def add_submissions(self):
        rng = self.rng
        lines, number = [], 0
        by_balance = self.policy.get("attempt") in ("best", "last_affordable")
        team_bank = any(bank["owner"] == "team" for bank in self.banks)
        owners = [owner for owner in self.owners() if owner not in self.people or not (by_balance and team_bank)]
        for name in self.names:
            instants, taken = self.instants(name), set()
            for owner in owners:
                many = rng.choice([0, 0, 1, 2, 3] if owner in self.people else [1, 1, 2, 3])
                active = rng.randrange(-1, many) if many else -1
                for attempt in range(many):
                    at = rng.choice(instants) + rng.choice(SHIFTS)
                    if at in taken:
                        continue
                    taken.add(at)
                    number += 1
                    line = {"id": f"s{number}", "owner": owner, "assignment": name} | self.write(at, fold_key=True)
                    if attempt == active:
                        line["active"] = True
                    else:
                        self.put(line, "counted", rng.choice([True, False, False]), 15)
                    lines.append(self.signed(line, at))
        rng.shuffle(lines)
        self.document["submissions"] = lines

    def signed(self, line, at):
        """With who handed it in (absent: staff) and what it earned."""
        facts = Facts(self.document)
        members = [line["owner"]] if line["owner"] in self.people else facts.members(line["owner"], at)
        if members and self.chance(80):
            line["by"] = self.rng.choice(members)
        raw = self.rng.choice([100, 90, 75.5, 87.25, 33.33, 0, self.rng.randint(0, 100)])
        self.put(line, "raw_percent", raw, 100 if self.policy.get("attempt") == "best" else 80)
        return line


def world(seed: int) -> dict:
    """A small valid document; the same seed gives the same one."""
    maker = Maker(seed)
    maker.add_people()
    maker.add_policy()
    maker.add_assignments()
    maker.add_banks()
    maker.add_favours()
    maker.add_submissions()
    return {key: value for key, value in maker.document.items() if value not in ([], {})}
