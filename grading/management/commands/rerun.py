"""manage.py rerun"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from courseplatform.accounts.models import User
from courseplatform.core.errors import AppError, NotHere
from courseplatform.courses.access import Visit, visit_of
from courseplatform.courses.closing import check_not_closed
from grading.models.assignments import Assignment
from grading.models.reruns import Rerun, RerunKind, RerunStatus
from grading.reruns.rules import of_before
from grading.reruns.table import Row, counts_of, table_of
from grading.reruns.words import headline, lines_words, signed
from grading.services.rerun_applying import rerun_carry_on
from grading.services.reruns import rerun_apply, rerun_begin, rerun_discard

NOTHING, CHANGES, REFUSED = 0, 1, 2


class Command(BaseCommand):
    """`manage.py rerun COURSE LAB [--points | --measure] [--apply | --discard] --as E-MAIL --reason WHY`: docs/rules.md.

    Exit codes: 0, no grade changes, or what was asked is done; 1, a dry run, and grades would change; 2, refused, with the reason.
    """

    help = (
        "Show what the rules of now change in a lab, and apply it. Without --apply nothing is written, but for --measure, which puts the models in line. "
        "Exit codes: 0 no grade changes, or done; 1 grades would change; 2 refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("course", metavar="COURSE", help="slug of the course")
        parser.add_argument("lab", metavar="LAB", help="slug of the lab in it")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--points", action="store_true", help="count the stored results by the rules of now")
        what.add_argument("--measure", action="store_true", help="put every model in line again, behind all live work")
        then = parser.add_mutually_exclusive_group()
        then.add_argument(
            "--apply",
            action="store_true",
            help="let the table hold: of --points, or of the re-run that is to be decided",
        )
        then.add_argument("--discard", action="store_true", help="discard the re-run that is to be decided")
        parser.add_argument("--as", dest="person", default="", metavar="E-MAIL", help="the instructor who does it")
        parser.add_argument("--reason", default="", help="why: students whose grade changes read it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            code = self._run(options)
        except AppError as error:
            self.stderr.write(f"{error.message} ({error.code})")
            code = REFUSED
        if code:
            sys.exit(code)

    def _run(self, options: dict[str, Any]) -> int:
        row = _lab(options["course"], options["lab"])
        if options["points"]:
            return self._points(row, options)
        if options["measure"]:
            made = rerun_begin(visit=_visit(options), assignment=row, kind=RerunKind.MEASURE, reason=options["reason"])
            self.stdout.write(
                f"{made.items.count()} models are in line. Call this again without --measure to see how far they are."
            )
            return NOTHING
        standing = (
            Rerun.objects.standing()
            .select_related("assignment__course", "assignment__hidden_set")
            .filter(assignment=row)
            .first()
        )
        if standing is None:
            others, otherwise = of_before(row)
            self.stdout.write(
                f"{others} results stand by the rules of before, {otherwise} of them measured otherwise. No re-run is to be decided."
            )
            return NOTHING
        return self._decide(standing, options)

    def _points(self, row: Assignment, options: dict[str, Any]) -> int:
        """The dry run is the real one, taken back: what it shows is what applying writes."""
        visit = _visit(options)
        with transaction.atomic():
            reason = options["reason"] or ("" if options["apply"] else "A dry run from the command line.")
            made = rerun_begin(visit=visit, assignment=row, kind=RerunKind.POINTS, reason=reason)
            changes = self._show(table_of(made))
            if options["apply"]:
                rerun_apply(visit=visit, rerun=made)
            else:
                transaction.set_rollback(True)
        if not options["apply"]:
            self.stdout.write("Nothing is written. Add --apply to let it hold.")
            return CHANGES if changes else NOTHING
        return self._carry_on(made)

    def _decide(self, rerun: Rerun, options: dict[str, Any]) -> int:
        if options["discard"]:
            rerun_discard(visit=_visit(options), rerun=rerun)
            self.stdout.write("Discarded; no grade changed.")
            return NOTHING
        if rerun.status == RerunStatus.MEASURING and not options["apply"]:
            total = rerun.items.count()
            self.stdout.write(f"{total - rerun.items.filter(state='waiting').count()} of {total} models are measured.")
            return NOTHING
        changes = self._show(table_of(rerun)) if rerun.status == RerunStatus.READY else False
        if not options["apply"]:
            return CHANGES if changes else NOTHING
        rerun_apply(visit=_visit(options), rerun=rerun)
        return self._carry_on(rerun)

    def _carry_on(self, rerun: Rerun) -> int:
        rerun_carry_on(rerun=rerun)
        self.stdout.write("Applied.")
        return NOTHING

    def _show(self, rows: Iterable[Row]) -> bool:
        """Returns whether a grade changes."""
        rows = list(rows)
        counts = counts_of(rows)
        self.stdout.write(headline(counts))
        for row in rows:
            notes = " ".join(note["text"] for note in row["notes"])
            said = ". ".join(filter(None, (lines_words(row["lines"]), notes)))
            self.stdout.write(
                f"{row['name']:<24} {row['now']:>7} {row['then']:>7} {signed(Decimal(row['change'])):>7}  {said}"
            )
        return bool(counts["rise"] + counts["fall"])


def _lab(course: str, slug: str) -> Assignment:
    rows = Assignment.objects.filter(is_withdrawn=False).select_related("course", "hidden_set")
    found = rows.filter(course__slug=course, slug=slug).first()
    if found is None:
        raise NotHere(f"There is no lab {slug} in a course {course}.")
    return found


def _visit(options: dict[str, Any]) -> Visit:
    person = User.objects.filter(email__iexact=options["person"]).first() if options["person"] else None
    if person is None:
        raise NotHere("Say with --as, by e-mail address, which instructor of the course does it.")
    visit = visit_of(person, options["course"])
    check_not_closed(visit.course)
    return visit
