"""What an LMS is told about this site: addresses, scopes, and the JSON of a Canvas developer key."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from courseplatform.lti.scopes import WANTED

TITLE = "Milliamp"
SAYS = "Labs on machine learning for small devices: hand in, measure, grade."


def address(name: str) -> str:
    return settings.SITE_URL + reverse(f"lti:{name}")


def tool_addresses() -> list[dict[str, str]]:
    """Rows for the page: what each is called in an LMS, and the address."""
    return [
        {"label": "Target link, redirect and deep linking", "url": address("launch"), "key": "launch"},
        {"label": "OpenID Connect login initiation", "url": address("login"), "key": "login"},
        {"label": "Public keys (JWKS)", "url": address("keys"), "key": "keys"},
        {"label": "Canvas developer key, as JSON", "url": address("canvas"), "key": "canvas"},
    ]


def canvas_json() -> dict[str, Any]:
    """The configuration that Canvas reads under Developer keys, Enter URL."""
    launch = address("launch")
    placements: list[dict[str, Any]] = [
        {
            "placement": "course_navigation",
            "message_type": "LtiResourceLinkRequest",
            "text": TITLE,
            "windowTarget": "_blank",
        },
        {"placement": "assignment_selection", "message_type": "LtiDeepLinkingRequest", "text": TITLE},
        {"placement": "link_selection", "message_type": "LtiDeepLinkingRequest", "text": TITLE},
    ]
    return {
        "title": TITLE, "description": SAYS, "target_link_uri": launch, "oidc_initiation_url": address("login"),
        "public_jwk_url": address("keys"), "scopes": WANTED,
        "custom_fields": {},
        "extensions": [
            {
                "platform": "canvas.instructure.com", "domain": urlsplit(settings.SITE_URL).netloc, "privacy_level": "public",
                "settings": {"platform": "canvas.instructure.com", "placements": [{**one, "enabled": True, "target_link_uri": launch} for one in placements]},
            }
        ],
    }  # fmt: skip
