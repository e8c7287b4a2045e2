"""The table of a re-run as this visitor may read it: by the numbers of the reports while names are hidden."""

from decimal import Decimal
from typing import Any

from courseplatform.courses.access import Visit
from grading.anonymity import names_hidden, numbers_of
from grading.models.assignments import Assignment
from grading.models.desk import SAMPLES_FROM
from grading.models.submissions import Submission

Row = dict[str, Any]


def shown_rows(visit: Visit, assignment: Assignment, rows: list[Row]) -> list[Row]:
    """Two queries where names are hidden, none elsewhere. Equal changes stand by number then: by name they would tell of names.

    number: of the report; 0 where there is none, or names are shown. person: 0 where names are hidden.
    """
    if not rows or not names_hidden(visit, assignment):
        return [row | {"number": 0} for row in rows]
    numbers = numbers_of(visit, assignment)
    teams = dict(Submission.objects.filter(pk__in=[row["submission"] for row in rows]).values_list("pk", "team"))
    team_of = {str(pk): team for pk, team in teams.items()}
    found = []
    for row in rows:
        team = team_of.get(row["submission"])
        number = numbers.get(("team", team) if team else ("person", row["person"]), 0)
        name = f"Report {number}" if number else "A report"
        address = f"{name.lower().replace(' ', '-')}@names.invalid"
        found.append(row | {"person": 0, "name": name, "email": address, "team": "", "number": number})
    return sorted(found, key=_order)


def _order(row: Row) -> tuple[Decimal, Decimal, int]:
    return -abs(Decimal(row["change"])), -abs(Decimal(row["measured_change"])), row["number"] or SAMPLES_FROM
