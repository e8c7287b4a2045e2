"""A mail in two forms: plain text, and HTML with the frame of `templates/emails/_layout.html`."""

from collections.abc import Mapping
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string


def letter(
    template: str,
    context: Mapping[str, Any],
    *,
    subject: str,
    to: str,
    headers: Mapping[str, str] | None = None,
    connection: Any = None,
) -> EmailMultiAlternatives:
    """`template` is a path without its ending: `.txt` and `.html` stand beside each other and say the same."""
    given = {**context, "subject": subject}
    text = render_to_string(f"{template}.txt", given)
    message = EmailMultiAlternatives(
        subject, text, to=[to], headers=dict(headers) if headers else None, connection=connection
    )
    message.attach_alternative(render_to_string(f"{template}.html", given), "text/html")
    return message
