"""What a new password must be beside Django's own rules."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

LEAST, MOST = 12, 128  # characters, as OWASP ASVS 2.1.1 and 2.1.2 have them


class MaximumLength:
    """Nobody types more, and every sign-in would have to read it."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > MOST:
            raise ValidationError(
                _("This password is longer than %(most)d characters. Choose a shorter one."),
                code="password_too_long",
                params={"most": MOST},
            )

    def get_help_text(self) -> str:
        return gettext("Your password has at most %(most)d characters.") % {"most": MOST}
