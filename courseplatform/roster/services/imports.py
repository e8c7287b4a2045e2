"""A roster file: read once, looked at, applied exactly as it was looked at."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from courseplatform.accounts.models import User
from courseplatform.core.errors import Conflict
from courseplatform.core.states import move
from courseplatform.courses.access import Visit
from courseplatform.courses.models import STAFF, Enrolment, Role
from courseplatform.roster.models import IMPORT_MOVES, RosterChange, RosterEntry, RosterImport, RosterImportMove
from courseplatform.roster.reading.people import ParsedRow, parse
from courseplatform.roster.selectors import plan as planning
from courseplatform.roster.selectors.plan import Line, Plan, plan_make
from courseplatform.roster.services.history import change
from courseplatform.roster.services.invitations import invitations_withdraw_for
from courseplatform.roster.services.locks import course_lock
from courseplatform.roster.services.members import enrolment_drop, greet, sections_named

What = RosterChange.What
STALE = "The list of people changed since this preview was shown, so nothing was applied. Look at the new preview, and apply that."


def roster_import_create(*, visit: Visit, data: bytes, file_name: str = "", mail_domain: str = "") -> RosterImport:
    """Read a file into a preview. Only the allowed columns are kept; the file is not. Raises as `parse` does."""
    parsed = parse(data, mail_domain=mail_domain)
    found: Any = {
        "system": parsed.system, "shape": parsed.shape, "encoding": parsed.encoding, "used": parsed.used, "unread": parsed.unread[:200],
        "skipped": parsed.skipped[:200],
    }  # fmt: skip
    rows: Any = [row.to_json() for row in parsed.rows]
    return RosterImport.objects.create(
        course=visit.course, made_by=visit.person, file_name=file_name[:120], mail_domain=mail_domain, found=found,
        rows=rows,
    )  # fmt: skip


def plan_of(roster_import: RosterImport) -> Plan:
    return plan_make(roster_import.course, [ParsedRow.of_json(row) for row in roster_import.rows])


def roster_import_apply(
    *,
    visit: Visit,
    roster_import: RosterImport,
    digest: str,
    drop: Iterable[int] = (),
    invite: bool = True,
) -> RosterImport:
    """Do what the preview with this digest said, and drop those missing people whose enrolments are in `drop`.

    Applying again adds nothing and gives the same row.

    Raises:
        Conflict: `stale_preview`, when the people of the course changed since the preview.
    """
    try:
        with transaction.atomic():
            return _apply(visit, roster_import.pk, digest, set(drop), invite)
    except IntegrityError as error:  # an account or an ID that somebody else made in this very moment
        raise Conflict(STALE, code="stale_preview") from error


def _apply(visit: Visit, pk: int, digest: str, drop: set[int], invite: bool) -> RosterImport:
    course_lock(visit.course)
    found = RosterImport.objects.select_related("course").get(pk=pk, course=visit.course)
    if found.status == RosterImport.Status.APPLIED:
        return found
    plan = plan_of(found)
    if plan.digest != digest:
        raise Conflict(STALE, code="stale_preview")
    now = timezone.now()
    writer = _Writer(visit, plan, f"import {found.pk}", now)
    joined = writer.write()
    dropped = writer.drop(drop)
    invited = greet(visit=visit, enrolments=joined, key=f"import-{found.pk}", invite=invite)
    counts = Counter(line.verdict for line in plan.lines)
    refused = [[line.rows, line.name, line.reason] for line in plan.of(planning.REFUSED)]
    result: Any = {**counts, "dropped": dropped, "invited": invited, "refused_rows": refused[:200]}
    return move(found, moves=IMPORT_MOVES, to=RosterImport.Status.APPLIED, by=visit.by, history=RosterImportMove, result=result, applied_at=now)  # fmt: skip


class _Writer:
    """Writes a plan in few statements, inside the transaction of `_apply`."""

    def __init__(self, visit: Visit, plan: Plan, why: str, now: datetime) -> None:
        self.visit, self.plan, self.why, self.now = visit, plan, why, now
        self.changes: list[RosterChange] = []
        kinds = {name: kind for line in plan.writes for name, kind in line.row.sections}
        self.sections = {section.name.lower(): section for section in sections_named(visit.course, list(kinds), kinds)}

    def write(self) -> list[Enrolment]:
        """Returns the enrolments that are new, active again, or whose mail went to an address that is no longer theirs."""
        joined = self._newcomers()
        for line in self.plan.of(planning.RETURNS, planning.CHANGED):
            if self._change(line) and line.verdict == planning.CHANGED and line.known:
                joined.append(line.known.enrolment)
        joined += self._return()
        RosterChange.objects.bulk_create(self.changes)
        return joined

    def _note(self, enrolment: Enrolment, what: str, old: str, new: str) -> None:
        self.changes.append(change(enrolment, what, old, new, by=self.visit.by, why=self.why))

    def _newcomers(self) -> list[Enrolment]:
        lines = self.plan.of(planning.NEW, planning.JOINS)
        people = {
            line.row.email: User(email=line.row.email, name=line.name[:120]) for line in self.plan.of(planning.NEW)
        }
        for person in people.values():
            person.set_unusable_password()
        User.objects.bulk_create(people.values())
        people |= {line.row.email: self.plan.state.accounts[line.row.email] for line in self.plan.of(planning.JOINS)}
        enrolments = Enrolment.objects.bulk_create(
            Enrolment(course=self.visit.course, person=people[line.row.email], role=Role.STUDENT) for line in lines
        )
        entries = RosterEntry.objects.bulk_create(
            RosterEntry(
                enrolment=enrolment, course=self.visit.course, sis_id=line.row.sis_id, login=line.row.login, canvas_id=line.row.canvas_id,
                email=line.row.email, registrar_name=line.row.registrar_name[:200],
            )
            for enrolment, line in zip(enrolments, lines, strict=True)
        )  # fmt: skip
        in_section = RosterEntry.sections.through
        in_section._default_manager.bulk_create(
            in_section(rosterentry_id=entry.pk, coursesection_id=self.sections[name.lower()].pk)
            for entry, line in zip(entries, lines, strict=True)
            for name in dict.fromkeys(name.lower() for name, _ in line.row.sections)
        )
        for enrolment in enrolments:
            self._note(enrolment, What.ENROLLED, "", enrolment.get_role_display())
        return enrolments

    def _change(self, line: Line) -> bool:
        """Returns whether the account has another address now; the link that was sent to the old one is void then."""
        assert line.known is not None
        entry, person = line.known.entry, line.known.enrolment.person
        has_moved = any(found.what == What.EMAIL for found in line.changes)
        for found in line.changes:
            self._note(line.known.enrolment, found.what, found.old, found.new)
            if found.what == What.EMAIL:
                person.email = found.new
                person.save(update_fields=["email"])
            if found.what in (What.EMAIL, What.REGISTRAR_EMAIL):
                entry.email = found.new
            elif found.what in (What.SIS_ID, What.LOGIN, What.CANVAS_ID, What.NAME):
                setattr(entry, found.what, found.new)
        if line.changes:
            entry.save()
        if any(found.what == What.SECTIONS for found in line.changes):
            entry.sections.set({self.sections[name.lower()] for name, _ in line.row.sections})
        if has_moved:
            invitations_withdraw_for(enrolment=line.known.enrolment, by=self.visit.by, why="the address changed")
        return has_moved

    def _return(self) -> list[Enrolment]:
        found = [line.known.enrolment for line in self.plan.of(planning.RETURNS) if line.known]
        for enrolment in found:
            enrolment.is_active, enrolment.left_at = True, None
            self._note(enrolment, What.RETURNED, "", enrolment.get_role_display())
        Enrolment.objects.bulk_update(found, ["is_active", "left_at"], batch_size=200)
        return found

    def drop(self, chosen: set[int]) -> int:
        """Only people whom the preview showed as missing, and never staff."""
        gone = [known.enrolment for known in self.plan.missing if known.enrolment.pk in chosen]
        for enrolment in gone:
            assert enrolment.role not in STAFF
            enrolment_drop(enrolment=enrolment, by=self.visit.by, why=f"{self.why}: not in the file", now=self.now)
        return len(gone)
