"""Facts of the second opinion: the document with its defaults, its times, and how late a hand-in is.

The numbers of the questions (Q) stand at the top of `second_opinion.py`.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

UTC = ZoneInfo("UTC")
NO_EXTENSION: dict = {}


class Facts:
    """The document with its defaults written out, and the times in it understood."""

    def __init__(self, document):
        self.zone = ZoneInfo(document["zone"])
        self.people = document["people"]
        self.teams = document.get("teams") or {}
        self.assignments = document["assignments"]
        policy = document["policy"]
        self.unit = {"kind": "calendar_day", "boundary": "00:00", "due_day": "free", "hours": 24, "clock": "wall"} | (
            policy.get("unit") or {}
        )
        self.edge = policy.get("edge") or ("late" if self.unit["kind"] == "calendar_day" else "on_time")
        self.whole = policy.get("minute") == "whole"
        self.grace = {"minutes": 0, "at": "first"} | (policy.get("grace") or {})
        self.weekend = policy.get("weekend") or "counts"
        self.cap = policy.get("cap")
        self.asked = policy.get("spend") == "asked"
        self.order = policy.get("order") or "submit_time"
        self.over = {"rule": "penalty", "partial": True} | (policy.get("over") or {})
        penalty = policy.get("penalty") or {}
        self.penalty = {"kind": "percent_of_max", "steps": [], "each": 0, "most": None, "used_unit_costs": 0} | penalty
        self.team_rule = policy.get("team") or "each"
        self.attempt = policy.get("attempt") or "active"
        self.passing = policy.get("pass")
        self.named_banks = "banks" in policy
        self.banks = policy["banks"] if self.named_banks else [policy["bank"] | {"name": None}]
        self.grants, self.extensions, self.requests = (
            document.get(key) or [] for key in ("grants", "extensions", "requests")
        )
        self.excused = {(line["person"], line["assignment"]) for line in document.get("excused") or []}
        self.submissions = [line for line in document.get("submissions") or [] if line.get("counted", True)]

    def instant(self, text, fold=0):
        """A moment in UTC from ISO with offset, course wall time, or a day (its 00:00)."""
        moment = datetime.fromisoformat(str(text))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.zone, fold=fold or 0)
        return moment.astimezone(UTC)

    def local(self, wall):
        """A wall time as a moment: skipped by a clock change it is an hour later, twice there it is the first."""
        return wall.replace(tzinfo=self.zone, fold=0).astimezone(UTC)

    def wall(self, moment):
        return moment.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def compared(self, moment):
        return moment.replace(second=0, microsecond=0) if self.whole else moment

    def at(self, submission):
        return self.instant(submission["at"], submission.get("fold"))

    def due(self, assignment):
        return self.instant(self.assignments[assignment]["due"])

    def members(self, team, moment):
        return [m["person"] for m in self.teams[team] if self._within(m, moment)]

    def _within(self, membership, moment):
        start, end = membership.get("from"), membership.get("to")
        return (not start or self.instant(start) <= moment) and (not end or moment < self.instant(end))

    def team_of(self, person, submission):
        """The team that a hand-in of this person concerns: the one that owns it, else the person's at that time."""
        if submission["owner"] in self.teams:
            return submission["owner"]
        return next((team for team in self.teams if person in self.members(team, self.at(submission))), None)

    def attempts(self, person, assignment):
        """The person's counted attempts in the order of time."""
        mine = [
            s
            for s in self.submissions
            if s["assignment"] == assignment
            and (s["owner"] == person or (s["owner"] in self.teams and person in self.members(s["owner"], self.at(s))))
        ]
        return sorted(mine, key=lambda s: (self.at(s), str(s["id"])))

    def options(self, person, submission):
        """The extensions of which one may count; no extension is one of them, unless one keeps its penalty."""
        owners = {person, self.team_of(person, submission)}
        mine = [e for e in self.extensions if e["owner"] in owners and e["assignment"] == submission["assignment"]]
        keeps = any(e.get("keeps_penalty") and e.get("units") for e in mine)
        return mine if keeps else [NO_EXTENSION, *mine]

    def effective_due(self, assignment, extension):
        due = self.due(assignment)
        if extension.get("until"):
            due = max(due, self.instant(extension["until"]))
        if self.grace["at"] == "shift":
            due += timedelta(minutes=self.grace["minutes"])
        return self.compared(due)


def boundaries_until(facts, due, at):
    """Every boundary up to and including `at`, one by one, before any grace."""
    wall = facts.wall(due)
    found = []
    if facts.unit["kind"] == "hours":
        step = timedelta(hours=facts.unit["hours"])
        number = 0
        while True:
            if number == 0:
                boundary = due
            else:
                boundary = (
                    due + number * step if facts.unit["clock"] == "elapsed" else facts.local(wall + number * step)
                )
            if boundary > at:
                return found
            found.append(boundary)
            number += 1
    if facts.unit["due_day"] == "counts" and due <= at:
        found.append(due)
    day = wall.date()
    while True:
        boundary = facts.local(datetime.combine(day, time.fromisoformat(str(facts.unit["boundary"]))))
        if boundary > at:
            return found
        if boundary > due:
            found.append(boundary)
        day += timedelta(days=1)


def units_late(facts, due, at):
    """Counted boundaries that a hand-in at `at` has passed; both instants are already those that are compared."""
    grace = timedelta(minutes=facts.grace["minutes"])
    if facts.grace["at"] == "first" and at <= due + grace:
        return 0
    later = grace if facts.grace["at"] == "every" else timedelta(0)
    count = 0
    weekends = set()
    for boundary in boundaries_until(facts, due, at):
        moved = boundary + later
        exact_is_late = facts.edge == "late" and boundary != due and not later
        if not (at > moved or (at == moved and exact_is_late)):
            continue
        day = facts.wall(moved).date()
        if day.weekday() < 5 or facts.weekend == "counts":
            count += 1
        elif facts.weekend == "one":
            weekends.add(day - timedelta(days=day.weekday() - 5))
    return count + len(weekends)


def past_cutoff(facts, submission, extension, due, late):
    """Whether the cutoff of the assignment refuses a hand-in that is `late` units after `due`."""
    cutoff = facts.assignments[submission["assignment"]].get("cutoff")
    units = extension.get("units") or 0
    if cutoff is None:
        return False
    if isinstance(cutoff, dict):
        return late - units > cutoff["units"]
    limit = facts.instant(cutoff)
    if units:
        if late <= units:
            return False
        step = timedelta(hours=facts.unit["hours"]) if facts.unit["kind"] == "hours" else timedelta(days=1)
        elapsed = facts.unit["kind"] == "hours" and facts.unit["clock"] == "elapsed"
        limit = limit + units * step if elapsed else facts.local(facts.wall(limit) + units * step)
    return facts.compared(facts.at(submission)) > max(facts.compared(limit), due)
