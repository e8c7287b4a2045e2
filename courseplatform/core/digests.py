"""What a file is known by. Also used where no settings are, so it imports nothing of Django."""

import hashlib
from pathlib import Path


def sha256_of(path: Path) -> str:
    """Of its bytes, in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
