"""Fit the cost model to published measurements, or judge it by what it never saw."""

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from grading.bench.cost.coefficients import PATH, Calibrations, load_calibrations
from grading.bench.cost.published import SWEPT, Row, published_rows, read_rows
from grading.bench.errors import BenchError

FAILED, USAGE = 1, 2


class Command(BaseCommand):
    """`manage.py calibrate [--from CSV]...` writes coefficients; `calibrate --report [--json PATH]` judges them."""

    help = "Fit the cost model to measurements of real boards, or report how well it predicts what was left out."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--report", action="store_true", help="judge and write nothing; exit 1 where a graded group fails"
        )
        parser.add_argument("--json", metavar="PATH", help="with --report: the same as JSON")
        parser.add_argument(
            "--from", action="append", default=[], dest="more", metavar="CSV",
            help="measurements beside the published ones, with the same columns; see docs/measurement.md",
        )  # fmt: skip
        parser.add_argument("--alone", action="store_true", help="with --from: only these, without the published ones")
        parser.add_argument("--output", default=str(PATH), metavar="PATH", help="the file of coefficients")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["json"] and not options["report"]:
            raise CommandError("--json belongs to --report. Say `calibrate --report --json PATH`.", returncode=USAGE)
        if options["alone"] and (not options["more"] or (options["output"] == str(PATH) and not options["report"])):
            said = "--alone belongs to --from, and the file in the tree holds the published ones."
            raise CommandError(f"{said} Say `calibrate --alone --from CSV --output PATH`.", returncode=USAGE)
        try:
            rows = self._rows(options["more"], alone=options["alone"])
            if options["report"]:
                self._report(rows, options["json"])
            else:
                self._write(rows, Path(options["output"]))
        except BenchError as error:
            raise CommandError(f"{error.message} [{error.code}]", returncode=FAILED) from None

    def _rows(self, more: list[str], *, alone: bool) -> list[Row]:
        rows = [] if alone else list(published_rows())
        for name in more:
            try:
                rows += read_rows(Path(name))
            except (OSError, UnicodeDecodeError) as error:
                why = (error.strerror if isinstance(error, OSError) else None) or "it is no UTF-8 text"
                raise CommandError(f"{name} cannot be read: {why}. Name a CSV file.", returncode=FAILED) from None
        return rows

    def _report(self, rows: list[Row], path: str | None) -> None:
        # numpy is needed to judge, never to predict.
        from grading.bench.cost.refitting import refits_of
        from grading.bench.cost.report_card import failed, report_card
        from grading.bench.cost.table import lines, sweep_lines

        report = report_card([row for row in rows if row.architecture != SWEPT])
        swept = [(one.coefficients.group, one.judgement.to_json()) for one in refits_of(rows)]
        if path:
            try:
                Path(path).write_text(json.dumps(report, indent=2, allow_nan=False) + "\n", encoding="utf-8")
            except OSError as error:
                raise CommandError(f"{path} cannot be written: {error.strerror}.", returncode=FAILED) from None
        self.stdout.write("\n".join([*lines(report), *sweep_lines(swept)]))
        if failed(report):
            raise SystemExit(FAILED)

    def _write(self, rows: list[Row], path: Path) -> None:
        from grading.bench.cost.calibrating import calibrate
        from grading.bench.cost.refitting import refits_of

        date = datetime.now(UTC).date().isoformat()
        others = calibrate([row for row in rows if row.architecture != SWEPT], date)
        swept = {one.coefficients.group: one.coefficients for one in refits_of(rows)}
        found = Calibrations(date, others.groups | swept)
        kept = with_kept_date(found, path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_text(kept), encoding="utf-8")
        unused = sum(1 for row in rows if row.unused)
        self.stdout.write(
            f"{len(kept.groups)} groups of {len(rows) - unused} rows written to {path.name}; {unused} rows not used."
        )


def with_kept_date(found: Calibrations, path: Path) -> Calibrations:
    """The same coefficients keep the day they were fitted on: running it again changes no byte."""
    try:
        before = load_calibrations(path)
    except (OSError, ValueError, KeyError, TypeError):
        return found
    return before if before.groups == found.groups else found


def as_text(calibrations: Calibrations) -> str:
    """One group a line, so that a difference shows which groups changed."""
    raw = calibrations.to_json()
    groups = ",\n".join(json.dumps(group, ensure_ascii=False, allow_nan=False) for group in raw.pop("groups"))
    return json.dumps(raw)[:-1] + ', "groups": [\n' + groups + "\n]}\n"
