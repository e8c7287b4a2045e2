"""The ready accounts that the sign-in page offers, in demo mode only."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from courseplatform.accounts.models import User

OFFERED_ON = ("/", "/accounts/login/")


def demo_accounts(request: HttpRequest) -> dict[str, Any]:
    if not settings.DEMO or request.path not in OFFERED_ON:
        return {}
    person = getattr(request, "user", None)
    if person is None or person.is_authenticated:
        return {}
    accounts = User.objects.filter(is_demo=True, is_active=True).exclude(demo_note="").order_by("joined_at", "pk")
    return {
        "demo_accounts": [
            {"email": a.email, "name": a.name, "role": a.demo_role, "note": a.demo_note} for a in accounts
        ]
    }
