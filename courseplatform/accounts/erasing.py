"""What each room does when a person is deleted: rows that go whole, and what else of theirs leaves. keeping/erasing.py does it, and shows it before."""

from collections.abc import Callable

from courseplatform.accounts.models import User

# Called with the person and the name that stands in the place of theirs. Says in sentences what it did.
Eraser = Callable[[User, str], list[str]]
_erasers: dict[str, Eraser] = {}
_rows: set[str] = {
    "account.EmailAddress.user", "accounts.AccessToken.person", "accounts.OutsideIdentity.person", "accounts.SecurityEvent.person",
    "accounts.SignedIn.person", "mfa.Authenticator.user", "socialaccount.SocialAccount.user",
}  # fmt: skip


def add_eraser(name: str, eraser: Eraser) -> None:
    _erasers[name] = eraser


def rows_go(*references: str) -> None:
    """Rows that say nothing to anybody else, named by the column that points to the person: `teams.LookingProfile.person`."""
    _rows.update(references)


def erasers() -> list[Eraser]:
    return [_erasers[name] for name in sorted(_erasers)]


def goes_whole(reference: str) -> bool:
    return reference in _rows
