"""What the apps above add here without being known: each registers when it is ready."""

from collections.abc import Callable
from datetime import date

from courseplatform.accounts.models import AccessToken, SecurityEvent, User

TokenMade = Callable[[AccessToken], None]
TermEnd = Callable[[User], date | None]
SecurityTold = Callable[[SecurityEvent], None]
StaffSource = Callable[[User], bool]
token_made: list[TokenMade] = []
term_ends: list[TermEnd] = []
security_told: list[SecurityTold] = []
staff_sources: list[StaffSource] = []


def on_token_made(listener: TokenMade) -> None:
    """Hears of each new access token, in the transaction that makes it. The secret is not told."""
    if listener not in token_made:
        token_made.append(listener)


def add_term_end(source: TermEnd) -> None:
    """Says when the last of a person's courses ends, or None: the expiry that the page of tokens offers."""
    if source not in term_ends:
        term_ends.append(source)


def on_security_event(listener: SecurityTold) -> None:
    """Hears of each thing that happened to the safety of an account, in the transaction that does it."""
    if listener not in security_told:
        security_told.append(listener)


def add_staff_source(source: StaffSource) -> None:
    """Says whether a person works for any course: asked once at each sign-in."""
    if source not in staff_sources:
        staff_sources.append(source)


def is_staff(person: User) -> bool:
    """Operators, and the staff of any course."""
    return person.is_operator or any(source(person) for source in staff_sources)
