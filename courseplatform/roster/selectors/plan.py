"""What applying a roster would do, person by person. Nothing is written here; the service applies exactly this."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from courseplatform.courses.models import STAFF, Course
from courseplatform.roster.models import RosterChange
from courseplatform.roster.reading.people import ParsedRow
from courseplatform.roster.selectors.state import CourseState, Known, course_state, other_courses

What = RosterChange.What
NEW, JOINS, RETURNS, CHANGED, UNCHANGED = "new", "joins", "returns", "changed", "unchanged"
STAFF_HERE, LEFT, WAITING, REFUSED = "staff", "left", "waiting", "refused"
WRITES = (NEW, JOINS, RETURNS, CHANGED)


@dataclass(frozen=True)
class Change:
    """One value of somebody that differs. what: a RosterChange.What."""

    what: str
    old: str
    new: str

    @property
    def label(self) -> str:
        return What(self.what).label


@dataclass
class Line:
    """What happens to one person of the file."""

    row: ParsedRow
    verdict: str
    name: str = ""
    known: Known | None = None
    account_id: int | None = None
    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    reason: str = ""

    @property
    def rows(self) -> str:
        return ", ".join(map(str, self.row.rows))


@dataclass
class Plan:
    lines: list[Line]
    missing: list[Known]
    new_sections: list[str]
    state: CourseState

    def of(self, *verdicts: str) -> list[Line]:
        return [line for line in self.lines if line.verdict in verdicts]

    @property
    def writes(self) -> list[Line]:
        return self.of(*WRITES)

    @property
    def digest(self) -> str:
        """Equal as long as applying would do the same: what the person has seen on the page is what happens."""
        facts = [
            [line.verdict, line.row.rows, line.known.enrolment.pk if line.known else None, line.account_id,
             [[change.what, change.old, change.new] for change in line.changes], line.notes, line.reason]
            for line in self.lines
        ]  # fmt: skip
        gone = [known.enrolment.pk for known in self.missing]
        return sha256(json.dumps([facts, gone, self.new_sections]).encode()).hexdigest()


def plan_make(course: Course, rows: Sequence[ParsedRow]) -> Plan:
    """Match each row to somebody of the course by e-mail address, then by ID, and compare."""
    state = course_state(course, (row.email for row in rows))
    planner = _Planner(course, state, other_courses((k.enrolment.person_id for k in state.everybody), course))
    lines = [planner.line(row) for row in rows]
    in_file = {line.known.enrolment.pk for line in lines if line.known and line.verdict not in (LEFT, WAITING)}
    missing = [
        known for known in state.everybody
        if known.enrolment.is_active and known.enrolment.role not in STAFF and known.enrolment.pk not in in_file
    ]  # fmt: skip
    missing.sort(key=lambda known: known.enrolment.person.name.casefold())
    return Plan(lines, missing, planner.new_sections(lines), state)


class _Planner:
    def __init__(self, course: Course, state: CourseState, elsewhere: set[int]) -> None:
        self.course, self.state, self.elsewhere = course, state, elsewhere
        self.taken: dict[int, str] = {}
        self.without_zeros = {sis_id.lstrip("0"): sis_id for sis_id in state.by_sis_id if sis_id.startswith("0")}
        self.section_names = {name.lower(): name for name in course.course_sections.values_list("name", flat=True)}

    def new_sections(self, lines: list[Line]) -> list[str]:
        wanted = {name for line in lines if line.verdict in WRITES for name, _ in line.row.sections}
        return sorted({name.lower(): name for name in wanted if name.lower() not in self.section_names}.values())

    def line(self, row: ParsedRow) -> Line:
        line = Line(row, REFUSED, name=row.name, notes=list(row.notes), reason=row.refusal)
        if not row.refusal:
            self._decide(line)
        return line

    def _decide(self, line: Line) -> None:
        known, clash = self._match(line.row)
        if clash:
            line.reason = clash
            return
        line.known = known
        if line.row.standing != "enrolled":
            line.verdict = LEFT if line.row.standing == "left" else WAITING
        elif known is None:
            self._newcomer(line)
        elif known.enrolment.role in STAFF and not known.enrolment.is_active:
            line.known, line.reason = None, "The person was staff here and left. Take them back on their own page."
        elif before := self.taken.get(known.enrolment.pk):
            line.known, line.reason = None, f"It is the same person as in row {before}."
        else:
            self.taken[known.enrolment.pk] = line.rows
            self._compare(line, known)
        line.name = line.name or (known.enrolment.person.name if known else "")

    def _match(self, row: ParsedRow) -> tuple[Known | None, str]:
        by_email = self.state.by_email.get(row.email) if row.email else None
        by_id = self.state.by_sis_id.get(row.sis_id) or self.state.by_canvas_id.get(row.canvas_id)
        if by_email and by_id and by_email is not by_id:
            other = by_id.enrolment.person.name
            one = by_email.enrolment.person.name
            return (
                None,
                f"Its e-mail address is that of {one} here, its ID that of {other}. Join the two first, or mend the file.",
            )
        full = self.without_zeros.get(row.sis_id)
        if full and not by_email and not by_id:
            return None, f"Its ID {row.sis_id} is {full} here without the leading zeros, which a spreadsheet dropped. Export the file again."  # fmt: skip
        return by_email or by_id, ""

    def _newcomer(self, line: Line) -> None:
        row = line.row
        if not row.email:
            line.reason = "It has no e-mail address, and nobody here has its ID."
            return
        account = self.state.accounts.get(row.email)
        line.name = row.name or row.login or row.email.split("@")[0]
        if account is None:
            line.verdict = NEW
        elif not account.is_active:
            line.reason = "The account of this address is switched off. Ask an operator."
        else:
            line.verdict, line.account_id = JOINS, account.pk

    def _compare(self, line: Line, known: Known) -> None:
        enrolment, row, entry = known.enrolment, line.row, known.entry
        line.account_id = enrolment.person_id
        line.changes = [change for change in (
            self._email(line, known),
            self._sis_id(line, known),
            _text(What.LOGIN, entry.login, row.login),
            _text(What.CANVAS_ID, entry.canvas_id, row.canvas_id),
            _text(What.NAME, entry.registrar_name, row.registrar_name),
            self._sections(known, row),
        ) if change]  # fmt: skip
        if not enrolment.is_active:
            line.verdict = RETURNS
        elif line.changes:
            line.verdict = CHANGED
        else:
            line.verdict = STAFF_HERE if enrolment.role in STAFF else UNCHANGED
        if enrolment.role in STAFF:
            line.notes.append(f"is {enrolment.get_role_display()} here and stays so")

    def _email(self, line: Line, known: Known) -> Change | None:
        """An account that was never used belongs to this course alone: its address follows. Any other address is its owner's."""
        email, person = line.row.email, known.enrolment.person
        if not email or email in (person.email, known.entry.email):
            return None
        if (found := self.state.accounts.get(email)) is not None:
            if found.pk != person.pk:
                line.notes.append(f"{email} is the address of another account; join the two accounts to make them one")
            return None
        is_ours = known.enrolment.role not in STAFF and person.pk not in self.elsewhere
        if is_ours and person.last_login is None and not person.is_demo and not person.has_usable_password():
            return Change(What.EMAIL, person.email, email)
        line.notes.append(
            f"goes on signing in with {person.email}: the account is in use, so only its owner changes that"
        )
        return Change(What.REGISTRAR_EMAIL, known.entry.email, email)

    def _sis_id(self, line: Line, known: Known) -> Change | None:
        new, old = line.row.sis_id, known.entry.sis_id
        if new and old != new and old.lstrip("0") == new and old.startswith("0"):
            line.notes.append(f"its ID {new} is {old} here: a spreadsheet dropped the leading zeros, so {old} stays")
            return None
        return _text(What.SIS_ID, old, new)

    def _sections(self, known: Known, row: ParsedRow) -> Change | None:
        if not row.sections:
            return None
        new = sorted({self.section_names.get(name.lower(), name) for name, _ in row.sections})
        old, to = "; ".join(known.sections), "; ".join(new)
        return Change(What.SECTIONS, old, to) if old != to else None


def _text(what: str, old: str, new: str) -> Change | None:
    """A value that the file leaves out is no change."""
    return Change(what, old, new) if new and new != old else None
