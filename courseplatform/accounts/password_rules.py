"""What a new password must be beside Django's own rules."""

from typing import Any

from django.core.exceptions import ValidationError

LEAST, MOST = 12, 128  # characters, as OWASP ASVS 2.1.1 and 2.1.2 have them


class MaximumLength:
    """Nobody types more, and every sign-in would have to read it."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > MOST:
            raise ValidationError(
                f"This password is longer than {MOST} characters. Choose a shorter one.", code="password_too_long"
            )

    def get_help_text(self) -> str:
        return f"Your password has at most {MOST} characters."
