"""Who hears of a due time, and what is written to them."""

from collections.abc import Sequence
from datetime import datetime

from courseplatform.accounts.models import User
from courseplatform.core.markdown import escaped
from courseplatform.teams.models import Membership
from courseplatform.teams.selectors.membership import members_at
from hardware.hooks import return_day
from hardware.inventory.lending.loan_words import at_words, thing
from hardware.models import Loan, LoanPiece

KIND = "hardware"


def to_remind(loan: Loan) -> list[User]:
    """Whoever has it, also after they left the course: the person, or the members of the team now and who carried it away.

    Of a team that nobody is in any more: who left it last.
    """
    if loan.team is None:
        return [loan.person] if loan.person else []
    people = members_at(loan.team) or _last_of(loan)
    return list(dict.fromkeys([*people, *([loan.taken_by] if loan.taken_by else [])]))


def _last_of(loan: Loan) -> list[User]:
    rows = list(Membership.objects.filter(team=loan.team).select_related("person").order_by("-until_at"))
    return [row.person for row in rows if row.until_at == rows[0].until_at]


def reminder_text(loans: Sequence[Loan], pieces: Sequence[LoanPiece], now: datetime) -> str:
    """Markdown: what it is, when it is or was due, where it goes, what late days mean."""
    loan, due_at = loans[0], loans[0].due_at or now
    lines = [f"- {escaped(thing(piece))}" for piece in pieces]
    verb = "It is due back" if due_at > now else "It was due back"
    said = f"{verb} {at_words(due_at, loan.course.tz)} at the desk of {escaped(loan.stockroom.name)}."
    day = return_day(loan.course, loan.person, loan.team) if loan.is_term else None
    late = f" {escaped(day.late_words)}" if day and day.late_words else ""
    lost = "" if due_at > now else " If something is broken or lost, say so; nothing gets better by waiting."
    return "\n".join([f"{said}{late}{lost}", "", *lines])
