"""The late days of a course as a file of `manage.py late_report`: names instead of keys, and the same verdicts.

Every entry of a long list stands on a line of its own, so that the file can be read and changed by hand.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from courseplatform.core.errors import Conflict
from courseplatform.courses.course_file.writing import to_text
from courseplatform.courses.models import Course
from grading.course_file.late.course_part import KEY
from grading.late.facts import Deadline, Grant, HandIn
from grading.late_rows.facts import Circle, LateFacts, everybody, facts_of

NEVER = "2200-12-31 23:59"  # the due time of work that the policy names and that states none: nobody can be late for it
HEAD = """# The late days of {course} as they are now, for `manage.py late_report`. Names stand for people and teams;
# accommodations stand as extensions, work without a due time as due in 2200.
"""
Item = dict[str, Any]


def late_report_text(course: Course) -> str:
    """Raises Conflict: `no_late_policy`; `not_in_a_file` for a correction below nothing, which the file cannot say."""
    facts = facts_of(everybody(course))
    if facts is None:
        raise Conflict("This course states no late policy, so there is nothing to report.", code="no_late_policy")
    policy = course.facts[KEY]["policy"]
    writer = _Writer(facts, unique_names(facts.circle))
    lists = {
        "grants": writer.grants(), "extensions": writer.extensions(), "excused": writer.excused(), "requests": writer.requests(),
        "submissions": writer.submissions(),
    }  # fmt: skip
    return "".join((
        HEAD.format(course=course.name),
        to_text({"zone": str(course.tz), "policy": policy}),
        _mapping("assignments", writer.assignments(policy)),
        _list("people", writer.people()),
        _mapping("teams", writer.teams()),
        *(_list(key, items) for key, items in lists.items()),
    ))  # fmt: skip


def unique_names(circle: Circle) -> dict[str, str]:
    """Key -> name. Of equal names the later ones get their number in the course."""
    taken: Counter[str] = Counter()
    found = {}
    for key, name in circle.names.items():
        plain = " ".join(name.split())[:180] or key
        taken[plain] += 1
        found[key] = plain if taken[plain] == 1 else f"{plain} ({key})"
    return found


@dataclass
class _Writer:
    facts: LateFacts
    names: Mapping[str, str]

    def people(self) -> list[str]:
        return [self.names[key] for key in self.facts.circle.people]

    def assignments(self, policy: Item) -> dict[str, Item]:
        found = {name: _assignment(deadline) for name, deadline in self.facts.deadlines.items()}
        named = [*policy.get("pass", {}).get("of", [])]
        for bank in policy.get("banks", []):
            named += bank.get("assignments", [])
        return found | {name: {"due": NEVER, "points": 1} for name in named if name not in found}

    def teams(self) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = {self.names[key]: [] for key in self.facts.circle.teams}
        for row in self.facts.memberships:
            within = {"from": row.since, "to": row.until}
            times = {key: _instant(at) for key, at in within.items() if at is not None}
            found[self.names[row.team]].append({"person": self.names[row.person]} | times)
        return found

    def grants(self) -> list[Item]:
        """The file knows no negative grants: corrections are taken off what was given to the same bank from the same day."""
        sums: dict[tuple[str, str, str], int] = defaultdict(int)
        reasons: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        for grant in filter(self._is_of_a_bank, self.facts.grants):
            place = (grant.owner, grant.bank, _since(grant))
            sums[place] += grant.days
            reasons[place].append(grant.reason)
        found = []
        for place, days in sums.items():
            owner, bank, since = place
            if days < 0:
                said = f"{self.names[owner]} was corrected below what was given, which a late_report file cannot say."
                raise Conflict(said, code="not_in_a_file")
            if days:
                more = {"bank": bank, "from": since, "reason": "; ".join(filter(None, reasons[place]))[:400]}
                found.append({"owner": self.names[owner], "days": days} | {k: v for k, v in more.items() if v})
        return found

    def _is_of_a_bank(self, grant: Grant) -> bool:
        """Not so after the policy took another owner: then the old grant pays for nothing, and the file refuses it."""
        owners = {bank.name: bank.owner for bank in self.facts.policy.banks}
        kind = "person" if grant.owner in self.facts.circle.people else "team"
        return owners.get(grant.bank) == kind

    def extensions(self) -> list[Item]:
        found = []
        for one in self.facts.extensions:
            how: Item = {"until": _instant(one.until)} if one.until else {"units": one.units}
            kept = {"keeps_penalty": True} if one.keeps_penalty else {}
            found.append({"owner": self.names[one.owner], "assignment": one.assignment} | how | kept)
        return found

    def excused(self) -> list[Item]:
        return [{"person": self.names[person], "assignment": name} for person, name in self.facts.excused]

    def requests(self) -> list[Item]:
        return [
            {"owner": self.names[one.owner], "assignment": one.assignment, "units": one.units}
            | ({"at": _instant(one.at)} if one.at else {})
            for one in self.facts.requests
        ]

    def submissions(self) -> list[Item]:
        members = defaultdict(list)
        for row in self.facts.memberships:
            members[row.team, row.person].append(row)
        return [
            self._submission(one, by_member=any(row.holds_at(one.at) for row in members[one.owner, one.by or ""]))
            for one in self.facts.submissions
        ]

    def _submission(self, one: HandIn, *, by_member: bool) -> Item:
        found: Item = {"id": one.id, "owner": self.names[one.owner]}
        if one.by is not None and one.by in self.names and (one.by == one.owner or by_member):
            found["by"] = self.names[one.by]
        found |= {"assignment": one.assignment, "at": _instant(one.at)}
        found |= {"active": True} if one.is_active else {}
        found |= {} if one.is_counted else {"counted": False}
        return found | ({} if one.raw_percent is None else {"raw_percent": _number(one.raw_percent)})


def _assignment(deadline: Deadline) -> Item:
    found: Item = {"due": _instant(deadline.due)}
    if deadline.points:
        found["points"] = _number(deadline.points)
    if deadline.cap != "policy":
        found["cap"] = deadline.cap
    if deadline.no_late:
        found["no_late"] = True
    if isinstance(deadline.cutoff, datetime):
        found["cutoff"] = _instant(deadline.cutoff)
    elif deadline.cutoff is not None:
        found["cutoff"] = {"units": deadline.cutoff}
    return found


def _since(grant: Grant) -> str:
    if grant.since is None:
        return ""
    return _instant(grant.since) if isinstance(grant.since, datetime) else grant.since.isoformat()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ") + "Z"


def _number(value: Fraction) -> float | int:
    return int(value) if value.denominator == 1 else round(float(value), 10)


BREAKS = {code: f"\\u{code:04x}" for code in (0x7F, 0x85, 0x2028, 0x2029)}


def _flow(value: Any) -> str:
    """JSON is YAML, but for some characters at which YAML breaks a line or stops."""
    return json.dumps(value, ensure_ascii=False).translate(BREAKS)


def _list(key: str, items: Iterable[Any]) -> str:
    lines = [f"  - {_flow(item)}\n" for item in items]
    return f"{key}:\n{''.join(lines)}" if lines else f"{key}: []\n"


def _mapping(key: str, items: Mapping[str, Any]) -> str:
    lines = [f"  {_flow(name)}: {_flow(item)}\n" for name, item in items.items()]
    return f"{key}:\n{''.join(lines)}" if lines else f"{key}: {{}}\n"
