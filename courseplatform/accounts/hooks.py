"""What the apps above add here without being known: each registers when it is ready."""

from collections.abc import Callable
from datetime import date

from courseplatform.accounts.models import AccessToken, User

TokenMade = Callable[[AccessToken], None]
TermEnd = Callable[[User], date | None]
token_made: list[TokenMade] = []
term_ends: list[TermEnd] = []


def on_token_made(listener: TokenMade) -> None:
    """Hears of each new access token, in the transaction that makes it. The secret is not told."""
    if listener not in token_made:
        token_made.append(listener)


def add_term_end(source: TermEnd) -> None:
    """Says when the last of a person's courses ends, or None: the expiry that the page of tokens offers."""
    if source not in term_ends:
        term_ends.append(source)
