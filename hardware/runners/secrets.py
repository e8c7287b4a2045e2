"""The two secrets of the protocol: codes that staff type once, and tokens that agents keep. The site keeps only their SHA-256."""

import hashlib
import secrets

TOKEN_START, TOKEN_SHOWN, TOKEN_BYTES = "milliamp_run_", 17, 32
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that are taken for another when they are read out
GROUPS, GROUP = 3, 4


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def new_token() -> str:
    return TOKEN_START + secrets.token_urlsafe(TOKEN_BYTES)


def new_code() -> str:
    """ABCD-EFGH-JKLM: 59 bits, for half an hour."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))


def code_typed(text: str) -> str:
    """A code as it was typed, as it was made: case, spaces and missing hyphens do not matter."""
    letters = "".join(letter for letter in text.upper() if letter.isalnum())[: GROUP * GROUPS + 1]
    return "-".join(letters[at : at + GROUP] for at in range(0, len(letters), GROUP))
