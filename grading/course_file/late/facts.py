"""The file of `manage.py late_report`: read, checked line by line, and turned into the facts that the late-day rules are asked about."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from courseplatform.courses.course_file.checking import against, refuse
from courseplatform.courses.course_file.reading import FileError, Finding, Path, Source, read
from grading.course_file.late.policy import contradictions, exact, names_twice, policy_of, unlike_any_policy
from grading.course_file.late.schema import LATE_FILE, without_nulls
from grading.course_file.late.times import NoSuchTime, day_or_moment, parse_day, parse_moment
from grading.late.facts import Deadline, Extension, Grant, HandIn, Membership, Policy, Request

MOST_BYTES = 5_000_000
EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True)
class LateFile:
    """The facts of a file, and the file itself for what is odd about it."""

    source: Source
    policy: Policy
    deadlines: dict[str, Deadline]
    people: list[str]
    teams: list[str]
    memberships: list[Membership]
    grants: list[Grant]
    extensions: list[Extension]
    excused: list[tuple[str, str]]
    requests: list[Request]
    submissions: list[HandIn]


def read_late_file(content: bytes) -> LateFile:
    """Raises FileError with every line that cannot be taken."""
    source = read(content, kind="late-day file", most_bytes=MOST_BYTES, clocks_are_text=True)
    refuse(unlike_any_policy(source))
    source = against(LATE_FILE, Source(without_nulls(source.tree, LATE_FILE), source.lines))
    try:
        zone = ZoneInfo(source.tree["zone"])
    except (ValueError, OSError, KeyError) as error:
        said = f"{source.tree['zone']} is no zone; write an IANA name like America/New_York."
        raise FileError([Finding(source.line("zone"), "unknown_zone", said)]) from error
    reader = _Reader(source, zone)
    found = reader.all()
    refuse([*reader.findings])
    refuse(_members_sent(found, source))
    return found


class _Reader:
    """Turns each list of the file into facts and keeps what is wrong on the way."""

    def __init__(self, source: Source, zone: ZoneInfo) -> None:
        self.source, self.tree, self.zone = source, source.tree, zone
        self.findings: list[Finding] = []
        self.people: list[str] = self.tree["people"]
        self.teams: dict[str, list[dict[str, Any]]] = self.tree.get("teams", {})
        self.assignments: dict[str, dict[str, Any]] = self.tree.get("assignments", {})
        self.known = {"person": set(self.people), "team": set(self.teams), "assignment": set(self.assignments)}

    def all(self) -> LateFile:
        self.findings += names_twice(self.source, ("people",), self.people)
        self.findings += [
            Finding(self.source.line("teams", name), "name_twice", f"{name} is a person and a team.")
            for name in self.teams
            if name in self.known["person"]
        ]
        self.findings += contradictions(self.source, ("policy",), self.assignments)
        policy = policy_of(self.tree["policy"], self.zone)
        found = LateFile(
            self.source, policy, self._deadlines(), self.people, list(self.teams), self._memberships(), self._grants(policy),
            self._extensions(), self._excused(), self._requests(), self._submissions(),
        )  # fmt: skip
        if policy.penalty.kind == "points":
            self._need_points()
        return found

    # -- words

    def _wrong(self, path: Path, code: str, sentence: str) -> None:
        self.findings.append(Finding(self.source.line(*path), code, sentence))

    def _known(self, item: dict[str, Any], key: str, kinds: tuple[str, ...], path: Path) -> bool:
        name = item[key]
        if any(name in self.known[kind] for kind in kinds):
            return True
        self._wrong(
            (*path, key),
            "unknown_name",
            f"{_place(path)}.{key} is {name}, which is no {' and no '.join(kinds)} of the file.",
        )
        return False

    def _moment(self, item: dict[str, Any], key: str, path: Path, *, or_day: bool = False) -> datetime | None:
        if key not in item:
            return None
        try:
            if or_day:
                return day_or_moment(item[key], self.zone)
            return parse_moment(item[key], self.zone, item.get("fold") if key == "at" else None)
        except NoSuchTime as error:
            self._wrong((*path, key), error.code, f"{_place(path)}.{key}: {error}")
            return None

    # -- lists

    def _deadlines(self) -> dict[str, Deadline]:
        found = {}
        for name, item in self.assignments.items():
            path: Path = ("assignments", name)
            due = self._moment(item, "due", path)
            cutoff: Any = item.get("cutoff")
            if isinstance(cutoff, dict):
                cutoff = int(cutoff["units"])
            elif cutoff is not None:
                cutoff = self._moment(item, "cutoff", path)
            cap: Any = item.get("cap", "policy")
            found[name] = Deadline(
                due or EVER[0],
                exact(item["points"]) if "points" in item else None,
                int(cap) if isinstance(cap, float) else cap,
                item.get("no_late", False),
                cutoff,
            )
        return found

    def _need_points(self) -> None:
        for name, item in self.assignments.items():
            if not item.get("points"):
                said = f"The penalty is in points, so {name} needs points, the most one can get, above 0."
                self._wrong(("assignments", name), "missing_key", said)

    def _memberships(self) -> list[Membership]:
        rows: list[tuple[Path, Membership]] = []
        for team, members in self.teams.items():
            for n, item in enumerate(members):
                path: Path = ("teams", team, n)
                since, until = (self._moment(item, key, path, or_day=True) for key in ("from", "to"))
                if self._known(item, "person", ("person",), path):
                    rows.append((path, Membership(team, item["person"], since, until)))
                if since and until and since >= until:
                    self._wrong((*path, "to"), "ends_before_it_begins", f"{_place(path)} ends before it begins.")
        by_person: dict[str, list[tuple[Path, Membership]]] = {}
        for row in rows:
            by_person.setdefault(row[1].person, []).append(row)
        for mine in by_person.values():
            mine.sort(key=lambda row: row[1].since or EVER[0])
            for (path, one), (other_path, other) in pairwise(mine):
                if (other.since or EVER[0]) < (one.until or EVER[1]):
                    teams = f"{one.team} and {other.team}" if one.team != other.team else f"{one.team} twice"
                    later = max(path, other_path, key=lambda p: self.source.line(*p))
                    self._wrong(later, "two_teams", f"{one.person} is in {teams} at once.")
        return [row for _, row in rows]

    def _grants(self, policy: Policy) -> list[Grant]:
        found, banks = [], {bank.name: bank for bank in policy.banks}
        for n, item in enumerate(self.tree.get("grants", [])):
            path: Path = ("grants", n)
            is_known = self._known(item, "owner", ("person", "team"), path)
            bank = banks.get(item.get("bank", ""))
            if bank is None:
                code = "unknown_name" if "bank" in item else "missing_key"
                said = (
                    f"is {item['bank']}, which is no bank of the policy"
                    if "bank" in item
                    else "is needed, for there are several banks"
                )
                self._wrong((*path, "bank"), code, f"{_place(path)}.bank {said}.")
            elif is_known and item["owner"] not in self.known[bank.owner]:
                self._wrong(
                    (*path, "owner"), "no_bank", f"{item['owner']} has no such bank; it is one of each {bank.owner}."
                )
            since = self._since(item, path)
            found.append(Grant(item["owner"], int(item["days"]), since, item.get("bank", ""), item.get("reason", "")))
        return found

    def _since(self, item: dict[str, Any], path: Path) -> date | datetime | None:
        try:
            day = parse_day(item.get("from", ""))
        except NoSuchTime as error:
            self._wrong((*path, "from"), error.code, f"{_place(path)}.from: {error}")
            return None
        return day or self._moment(item, "from", path)

    def _extensions(self) -> list[Extension]:
        found = []
        for n, item in enumerate(self.tree.get("extensions", [])):
            path: Path = ("extensions", n)
            self._known(item, "owner", ("person", "team"), path)
            self._known(item, "assignment", ("assignment",), path)
            if ("until" in item) == ("units" in item):
                said = "says until and units; one of them is meant" if "until" in item else "needs until or units"
                self._wrong(path, "two_ways" if "until" in item else "missing_key", f"{_place(path)} {said}.")
            until = self._moment(item, "until", path)
            found.append(
                Extension(
                    item["owner"],
                    item["assignment"],
                    until,
                    int(item.get("units", 0)),
                    item.get("keeps_penalty", False),
                )
            )
        return found

    def _excused(self) -> list[tuple[str, str]]:
        found = []
        for n, item in enumerate(self.tree.get("excused", [])):
            self._known(item, "person", ("person",), ("excused", n))
            self._known(item, "assignment", ("assignment",), ("excused", n))
            found.append((item["person"], item["assignment"]))
        return found

    def _requests(self) -> list[Request]:
        found = []
        for n, item in enumerate(self.tree.get("requests", [])):
            path: Path = ("requests", n)
            self._known(item, "owner", ("person", "team"), path)
            self._known(item, "assignment", ("assignment",), path)
            found.append(Request(item["owner"], item["assignment"], int(item["units"]), self._moment(item, "at", path)))
        return found

    def _submissions(self) -> list[HandIn]:
        found, seen, active = [], set(), set()
        for n, item in enumerate(self.tree.get("submissions", [])):
            path: Path = ("submissions", n)
            self._known(item, "owner", ("person", "team"), path)
            self._known(item, "assignment", ("assignment",), path)
            if "by" in item:
                self._known(item, "by", ("person",), path)
            name = item.get("id", f"submissions[{n}]")
            if name in seen:
                self._wrong((*path, "id"), "name_twice", f"{name} stands twice.")
            seen.add(name)
            work = (item["owner"], item["assignment"])
            if item.get("active") and work in active:
                self._wrong(
                    (*path, "active"),
                    "two_active",
                    f"{work[0]} has two active attempts at {work[1]}; one of them counts.",
                )
            if item.get("active"):
                active.add(work)
            raw = exact(item["raw_percent"]) if "raw_percent" in item else None
            found.append(
                HandIn(
                    name,
                    *work,
                    self._moment(item, "at", path) or EVER[0],
                    item.get("by"),
                    item.get("active", False),
                    item.get("counted", True),
                    raw,
                )
            )
        return found


def _members_sent(found: LateFile, source: Source) -> Iterator[Finding]:
    """Whoever sent an attempt is its owner, or was a member of its team then."""
    people = set(found.people)
    members: dict[tuple[str, str], list[Membership]] = {}
    for one in found.memberships:
        members.setdefault((one.team, one.person), []).append(one)
    for n, hand_in in enumerate(found.submissions):
        if hand_in.by is None or hand_in.by == hand_in.owner:
            continue
        at = source.line("submissions", n, "by")
        if hand_in.owner in people:
            yield Finding(
                at,
                "not_a_member",
                f"{hand_in.by} cannot hand in for {hand_in.owner}; leave `by` out where the staff did.",
            )
        elif not any(m.holds_at(hand_in.at) for m in members.get((hand_in.owner, hand_in.by), ())):
            yield Finding(
                at, "not_a_member", f"{hand_in.by} was no member of {hand_in.owner} when {hand_in.id} was handed in."
            )


def _place(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
